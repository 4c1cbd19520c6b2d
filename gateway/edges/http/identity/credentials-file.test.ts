import { CredentialsFault, readCredentials } from './credentials-file';

const hashOf = (digit: string): string => digit.repeat(64);
const row = (digit: string, more: object = {}): object => ({ sha256: hashOf(digit), role: 'agent', tenant: 'vosa', name: 'erp', ...more });

function faultsOf(content: unknown): string[] {
  try {
    readCredentials(typeof content === 'string' ? content : JSON.stringify(content), ['customs', 'tax']);
  } catch (fault) {
    if (fault instanceof CredentialsFault) return fault.faults;
    throw fault;
  }
  return [];
}

test('each role with what it needs is read as it stands', () => {
  const keys = [
    row('0', { notBefore: '2026-01-01T00:00:00Z', expires: '2027-01-01T00:00:00+07:00' }),
    { sha256: hashOf('1'), role: 'agency', agency: 'customs', name: 'Nguyễn Văn A' },
    { sha256: hashOf('2'), role: 'operator', name: 'night-shift', $comment: 'until June' },
    { sha256: hashOf('3'), role: 'auditor', name: 'auditor' },
  ];
  expect(readCredentials(JSON.stringify({ $comment: 'ours', keys }), ['customs']).keys).toEqual(keys);
  expect(faultsOf({ keys: [] })).toEqual([]);
});

test.each<[string, unknown, string]>([
  ['no JSON', '{"keys":[', 'not JSON'],
  ['no object', [], 'must be object'],
  ['no keys', {}, 'keys'],
  ['another member', { keys: [], kyes: [] }, 'kyes'],
  ['a member that is misspelt', { keys: [row('0', { expire: '2026-01-01T00:00:00Z' })] }, 'expire'],
  ['a key in place of its hash', { keys: [row('0', { sha256: 'seaport_abc' })] }, '/keys/0/sha256'],
  ['a hash in capitals', { keys: [row('0', { sha256: hashOf('A') })] }, '/keys/0/sha256'],
  ['an unknown role', { keys: [row('0', { role: 'admin' })] }, '/keys/0/role'],
  ['an agent without a tenant', { keys: [{ sha256: hashOf('0'), role: 'agent', name: 'erp' }] }, 'tenant'],
  ['an agent with an agency', { keys: [row('0', { agency: 'customs' })] }, '/keys/0/agency'],
  ['an officer with a tenant', { keys: [row('0', { role: 'agency', agency: 'tax' })] }, '/keys/0/tenant'],
  ['an officer without an agency', { keys: [{ sha256: hashOf('0'), role: 'agency', name: 'a' }] }, 'agency'],
  ['an operator with a tenant', { keys: [row('0', { role: 'operator' })] }, '/keys/0/tenant'],
  ['an unknown agency', { keys: [{ sha256: hashOf('0'), role: 'agency', agency: 'police', name: 'a' }] }, 'unknown agency'],
  ['no name', { keys: [{ sha256: hashOf('0'), role: 'operator' }] }, 'name'],
  ['a name with a line break', { keys: [row('0', { name: 'a\nb' })] }, '/keys/0/name'],
  ['a date for a time', { keys: [row('0', { expires: '2026-01-01' })] }, '/keys/0/expires'],
  [
    'an end before the beginning',
    { keys: [row('0', { notBefore: '2027-01-01T00:00:00Z', expires: '2026-01-01T00:00:00Z' })] },
    'expires before',
  ],
  ['one key twice', { keys: [row('0'), row('0', { name: 'other' })] }, 'once more'],
  ['three keys of one name', { keys: [row('0'), row('1'), row('2')] }, '/keys/0, /keys/1, /keys/2: more than two'],
])('%s is a fault', (_what, content, told) => {
  expect(faultsOf(content).join('\n')).toContain(told);
});

test('client certificates are known by a name or by their subject, each once', () => {
  const officer = { role: 'agency', agency: 'customs', name: 'customs-gateway' };
  const san = { ...officer, san: 'DNS:gateway.customs.vn' };
  const subject = { ...officer, subject: 'C=VN, O=Customs, CN=gateway' };
  expect(faultsOf({ keys: [], certificates: [san, subject] })).toEqual([]);
  for (const bad of [
    officer,
    { ...san, ...subject },
    { ...san, agency: 'police' },
    { ...san, san: 'CN=x' },
    { ...san, san: 'DNS:a, DNS:b' },
  ])
    expect(faultsOf({ keys: [], certificates: [bad] }).join()).toContain('/certificates/0');
  expect(faultsOf({ keys: [], certificates: [san, san] })).toEqual(['/certificates/1 is that of /certificates/0 once more']);
});

test('two keys of one name are valid at a time, the third when the first is not any more', () => {
  const [first, second, third] = ['2026-03-01', '2026-06-01', '2026-09-01'].map((date) => `${date}T00:00:00Z`);
  const keys = [row('0', { expires: second }), row('1', { notBefore: first, expires: third }), row('2', { notBefore: second })];
  expect(faultsOf({ keys })).toEqual([]);
  expect(faultsOf({ keys: [...keys, row('3', { notBefore: second })] })).toHaveLength(1);
  expect(faultsOf({ keys: [...keys, row('3', { tenant: 'other', notBefore: second })] })).toEqual([]);
});

test('every fault is named, and none repeats what may be a key', () => {
  const faults = faultsOf({ keys: [row('0', { sha256: 'my-secret-key' }), row('1', { role: 'chief', expires: 'never' })] });
  expect(faults.length).toBeGreaterThanOrEqual(3);
  expect(faults.join()).not.toContain('my-secret-key');
  expect(faultsOf('my-secret-key').join()).not.toContain('my-secret-key');
});
