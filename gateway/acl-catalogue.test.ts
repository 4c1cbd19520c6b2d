import { aclCatalogue } from './acl-catalogue';

const acls = aclCatalogue(
  [
    { code: 'customs', mode: 'backend' },
    { code: 'tax', mode: 'rules' },
  ],
  'port.',
);
const topicsThat = (user: string, operation: string): string[] =>
  acls.filter((acl) => acl.user === user && acl.operation === operation && acl.resource === 'topic').map(({ name }) => name);

test('everything is of the prefix, and only names of own groups are open at their end', () => {
  expect(acls.filter(({ name }) => !name.startsWith('port.'))).toEqual([]);
  expect(acls.filter(({ pattern }) => pattern === 'prefixed').map(({ resource, name }) => [resource, name])).toEqual([
    ['group', 'port.customs.'],
    ['group', 'port.seaport-operator.'],
    ['group', 'port.seaport-auditor.'],
  ]);
});

test('none is there twice', () => {
  expect(new Set(acls.map((acl) => JSON.stringify(acl))).size).toBe(acls.length);
});

test('who decides for an agency is its adapter or its own system, never both', () => {
  expect(topicsThat('customs', 'Write')).toEqual(['port.decisions.customs']);
  expect(topicsThat('seaport-adapter-customs', 'Write')).toEqual(['port.dead-letters', 'port.test.decisions.customs']);
  expect(topicsThat('seaport-adapter-tax', 'Write')).toEqual(['port.dead-letters', 'port.decisions.tax', 'port.test.decisions.tax']);
  expect(topicsThat('tax', 'Write')).toEqual([]);
});

test('whole dossiers are read by the exchange, and by intake for the heads that the audit chain signs and for auditors', () => {
  const readers = (topic: string): string[] =>
    acls.filter(({ operation, name }) => operation === 'Read' && name === topic).map(({ user }) => user);
  expect(readers('port.dossiers')).toEqual(['seaport-intake', 'seaport-exchange']);
  expect(readers('port.clearances')).toEqual(['seaport-intake', 'seaport-exchange']);
});
