import schema from '../../../schemas/declaration.schema.json';
import { plainDeclaration, setAt } from '../../../test/support/plain-declaration';
import { createSchemaValidator, MAX_PROBLEMS, patternSentences } from './schema-validator';

const validate = createSchemaValidator();
const faults = (candidate: unknown) =>
  validate(candidate as Record<string, unknown>).problems.map(({ code, pointer }) => `${code} ${pointer}`);
const spoilt = (pointer: string, value: unknown) => faults(setAt(plainDeclaration(), pointer, value));

describe('the schema of a declaration', () => {
  it('passes a plain declaration', () => {
    expect(faults(plainDeclaration())).toEqual([]);
  });

  it.each([
    ['/header/sentAt', undefined, 'required /header/sentAt'],
    ['/ship/name', undefined, 'required /ship/name'],
    ['/ship', undefined, 'required /ship'],
    ['/formalities/crewList/members/1/nationality', undefined, 'required /formalities/crewList/members/1/nationality'],
    ['/header/messageId', 7, 'type /header/messageId'],
    ['/ship/imoNumber', 9074729, 'type /ship/imoNumber'],
    ['/ship/grossTonnage', '8500', 'type /ship/grossTonnage'],
    ['/ship/grossTonnage', Infinity, 'type /ship/grossTonnage'],
    ['/header/purpose', 1, 'type /header/purpose'],
    ['/header/testIndicator', 'true', 'type /header/testIndicator'],
    ['/formalities/crewList/members/0/sequenceNumber', 1.5, 'type /formalities/crewList/members/0/sequenceNumber'],
    ['/agents', {}, 'type /agents'],
    ['/ship/company', [], 'type /ship/company'],
    ['/ship/colour', 'red', 'unknown-property /ship/colour'],
    ['/ship/a~1b~0', 'red', 'unknown-property /ship/a~01b~00'],
    ['/sourceFormat', 'json', 'unknown-property /sourceFormat'],
    ['/header/sentAt', '24.11.2026', 'format /header/sentAt'],
    ['/portCall/eta', '2026-11-24T03:00:00', 'format /portCall/eta'],
    ['/formalities/crewList/members/0/dateOfBirth', '1981-02-29', 'format /formalities/crewList/members/0/dateOfBirth'],
    ['/ship/imoNumber', '907472', 'format /ship/imoNumber'],
    ['/portCall/portOfCall/unLocode', 'vnhph', 'format /portCall/portOfCall/unLocode'],
    ['/formalities/dangerousGoods/items/0/hazardClass', '10', 'format /formalities/dangerousGoods/items/0/hazardClass'],
    ['/header/messageId', '', 'length /header/messageId'],
    ['/header/messageId', 'x'.repeat(71), 'length /header/messageId'],
    ['/header/purpose', 'replace', 'value-not-allowed /header/purpose'],
    ['/formalities/security/currentSecurityLevel', '4', 'value-not-allowed /formalities/security/currentSecurityLevel'],
    ['/ship/grossTonnage', -1, 'number-out-of-range /ship/grossTonnage'],
    ['/formalities/dangerousGoods/items/0/mass/value', -0.5, 'number-out-of-range /formalities/dangerousGoods/items/0/mass/value'],
    ['/agents', [{ name: 'a' }, { name: 'b' }, { name: 'c' }], 'too-many /agents'],
    ['/portCall/purposeOfCall', [], 'too-few /portCall/purposeOfCall'],
    ['/formalities/cargo/consignments/0/items', [], 'too-few /formalities/cargo/consignments/0/items'],
    ['/portCall/portOfCall', {}, 'too-few /portCall/portOfCall'],
    ['/formalities/cargo', null, 'type /formalities/cargo'],
    ['/ship', null, 'type /ship'],
  ])('%s = %j is %s', (pointer, value, expected) => {
    const escaped = pointer.replace('a~1b~0', 'a~1b~0');
    expect(spoilt(escaped, value)).toEqual([expected]);
  });

  it('names all faults at once', () => {
    const declaration = plainDeclaration();
    setAt(declaration, '/header/sentAt', undefined);
    setAt(declaration, '/ship/name', '');
    setAt(declaration, '/formalities/waste/items/0/toBeDelivered/unit', undefined);
    setAt(declaration, '/formalities/crewList/members/1/genderCode', 'F');
    expect(faults(declaration).sort()).toEqual([
      'length /ship/name',
      'required /formalities/waste/items/0/toBeDelivered/unit',
      'required /header/sentAt',
      'value-not-allowed /formalities/crewList/members/1/genderCode',
    ]);
  });

  it('asks only for the header when nothing is there', () => {
    expect(faults({})).toEqual(['required /header']);
  });

  it('wants a port call and a ship of an original, a reference of an amend, a cancellation of a cancel', () => {
    const header = { messageId: 'm', declarationType: 'arrival', sentAt: '2026-11-24T03:00:00Z' };
    expect(faults({ header: { ...header, purpose: 'original' } })).toEqual(['required /portCall', 'required /ship']);
    expect(faults({ header: { ...header, purpose: 'amend' } })).toEqual(['required /header/referenceMessageId']);
    expect(faults({ header: { ...header, purpose: 'cancel', referenceMessageId: 'r' } })).toEqual(['required /cancellation']);
    expect(faults({ header: { ...header, purpose: 'cancel', referenceMessageId: 'r' }, cancellation: {} })).toEqual([]);
  });

  it('lets an amend withdraw a formality with null', () => {
    const header = {
      messageId: 'm',
      purpose: 'amend',
      declarationType: 'arrival',
      sentAt: '2026-11-24T03:00:00Z',
      referenceMessageId: 'r',
    };
    expect(faults({ header, formalities: { cargo: null, crewList: { members: [] } } })).toEqual([]);
    expect(faults({ header, formalities: { cargo: null, crewList: { members: null } } })).toEqual(['type /formalities/crewList/members']);
    expect(faults({ header, formalities: { bogus: null } })).toEqual(['unknown-property /formalities/bogus']);
  });

  it('speaks English and Vietnamese and repeats no value of the sender', () => {
    const { problems } = validate(setAt(plainDeclaration(), '/ship/imoNumber', 'SECRET') as unknown as Record<string, unknown>);
    expect(problems).toEqual([
      {
        code: 'format',
        severity: 'error',
        pointer: '/ship/imoNumber',
        message: 'imoNumber: must be 7 digits.',
        messageVi: 'imoNumber: phải là 7 chữ số.',
      },
    ]);
  });

  it('stops at a thousand faults of a hostile document, and says so', () => {
    const hostile = {
      header: [],
      formalities: { crewList: { members: Array(99_999).fill({}) }, shipStores: { items: Array(99_999).fill({ x: 1 }) } },
    };
    const findings = validate(hostile);
    expect(findings.truncated).toBe(true);
    expect(findings.problems).toHaveLength(MAX_PROBLEMS);
    expect(faults(plainDeclaration())).toEqual([]);
  });

  it('takes 5,000 bills of lading and 3,500 persons', () => {
    const declaration = plainDeclaration();
    const bill = declaration.formalities?.cargo?.consignments?.[0];
    const person = declaration.formalities?.crewList?.members[0];
    setAt(declaration, '/formalities/cargo/consignments', Array(5000).fill(bill));
    setAt(declaration, '/formalities/passengerList/passengers', Array(3500).fill(person));
    expect(faults(declaration)).toEqual([]);
  });
});

describe('the words for patterns', () => {
  it('are there for each pattern of the schema, and for no other', () => {
    const patterns = new Set<string>();
    JSON.stringify(schema, (key, value: unknown) => {
      if (key === 'pattern' && typeof value === 'string') patterns.add(value);
      return value;
    });
    expect([...patterns].sort()).toEqual(Object.keys(patternSentences).sort());
  });
});
