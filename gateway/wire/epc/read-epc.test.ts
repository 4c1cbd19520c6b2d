import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Declaration } from '../../core/declaration';
import type { Problem } from '../../core/problem';
import { arrivalJson } from '../../../test/support/fixtures';
import { epcMessage } from '../../../test/support/xml-tree';
import type { ReadDeclaration } from '../reading';
import { readEpc } from './read-epc';

const fixtures = join(__dirname, '../../../test/fixtures');

function read(xml: string | Buffer): ReadDeclaration {
  const reading = readEpc(Buffer.from(xml as string));
  if ('unreadable' in reading) throw new Error(JSON.stringify(reading.unreadable));
  return reading;
}

function unreadable(xml: string): string[] {
  const reading = readEpc(Buffer.from(xml));
  return 'unreadable' in reading ? reading.unreadable.map(({ code }) => code) : [];
}

function candidate(reading: ReadDeclaration): Partial<Declaration> {
  return reading.candidate;
}

/** What a body gives, beside the header of `epcMessage`. */
function body(xml: string): Partial<Declaration> {
  return candidate(read(epcMessage(xml)));
}

function brief(problems: readonly Problem[]): string[] {
  return problems.map(({ code, severity, pointer }) => `${severity} ${code} ${pointer}`);
}

describe('readEpc', () => {
  describe('the fixtures', () => {
    const json = JSON.parse(readFileSync(join(fixtures, 'json/arrival.json'), 'utf8')) as Declaration;

    it.each(['epc-2011', 'epc-2021'])('%s says the same as the canonical JSON', (dialect) => {
      const reading = read(readFileSync(join(fixtures, `epc/arrival-${dialect.slice(4)}.xml`)));
      expect(reading.problems).toEqual([]);
      expect(reading.candidate).toEqual(json);
      expect(reading).toMatchObject({ dialect, resendIsUpdate: true });
    });

    it('the JSON is that of the builder', () => {
      expect(json).toEqual(arrivalJson());
    });

    it('the departure is read', () => {
      const reading = read(readFileSync(join(fixtures, 'epc/departure-2021.xml')));
      expect(reading.problems).toEqual([]);
      expect(candidate(reading).header?.declarationType).toBe('departure');
      expect(candidate(reading).portCall).toMatchObject({ portOfCall: { unLocode: 'VNHPH' }, etd: '2030-06-04T07:30:00Z' });
    });

    it('the cancel names the message that it cancels', () => {
      const reading = read(readFileSync(join(fixtures, 'epc/cancel-2021.xml')));
      expect(reading.problems).toEqual([]);
      expect(reading.candidate).toEqual({
        header: {
          messageId: 'arrival-0001',
          referenceMessageId: 'arrival-0001',
          purpose: 'cancel',
          declarationType: 'arrival',
          sentAt: '2026-11-20T08:15:00Z',
        },
        cancellation: {},
      });
    });
  });

  describe('what is no submission', () => {
    it.each([
      ['another root', '<Message xmlns="http://www.iso.org/28005-2"/>', 'dialect-unknown'],
      ['no namespace', '<EPCMessage/>', 'dialect-unknown'],
      ['another namespace', '<EPCMessage xmlns="urn:mrn:imo:28005"/>', 'dialect-unknown'],
      ['no body', '<EPCMessage xmlns="http://www.iso.org/28005-2"><EPCMessageHeader/></EPCMessage>', 'required'],
      ['a receipt', '<EPCMessage xmlns="http://www.iso.org/28005-2"><EPCReceiptBody/></EPCMessage>', 'required'],
      ['an acknowledge', '<EPCMessage xmlns="http://www.iso.org/28005-2"><EPCAcknowledgeBody xmlns=""/></EPCMessage>', 'required'],
      ['malformed XML of an unknown root', '<x/><y/>', 'xml-malformed'],
    ])('%s', (_, xml, code) => {
      expect(unreadable(xml)).toEqual([code]);
    });
  });

  describe('elements', () => {
    it('all faults are told at once, each at its place', () => {
      const reading = read(
        `<EPCMessage xmlns="http://www.iso.org/28005-2"><EPCMessageHeader><ShipMessageId>M</ShipMessageId><ArrivalDeparture>Arrival</ArrivalDeparture><SentTime>0001-01-01T00:00:00</SentTime></EPCMessageHeader>
<EPCRequestBody>
 <ShipID><ShipNam>X</ShipNam></ShipID>
 <f:Foreign xmlns:f="urn:f"/>
 <Beam>wide</Beam>
 <Beam>27</Beam>
 <HasSecurityPlan>perhaps</HasSecurityPlan>
 <CrewList><CrewMemberData><Nationality>ZZ</Nationality><DateOfBirth>1988-02-30</DateOfBirth></CrewMemberData></CrewList>
</EPCRequestBody></EPCMessage>`,
      );
      expect(reading.problems.map(({ code, pointer, xpath, line, column }) => [code, pointer, xpath, line, column])).toEqual([
        ['time-implausible', '/header/sentAt', '/EPCMessage/EPCMessageHeader/SentTime', 1, 142],
        ['unknown-element', '', '/EPCMessage/EPCRequestBody/ShipID/ShipNam', 3, 10],
        ['unknown-element', '', '/EPCMessage/EPCRequestBody/Foreign', 4, 2],
        ['format', '/ship/beam', '/EPCMessage/EPCRequestBody/Beam[1]', 5, 2],
        ['element-repeated', '/ship/beam', '/EPCMessage/EPCRequestBody/Beam[2]', 6, 2],
        ['value-not-allowed', '/formalities/security/securityPlanOnboard', '/EPCMessage/EPCRequestBody/HasSecurityPlan', 7, 2],
        [
          'country-unknown',
          '/formalities/crewList/members/0/nationality',
          '/EPCMessage/EPCRequestBody/CrewList/CrewMemberData/Nationality',
          8,
          28,
        ],
        ['format', '/formalities/crewList/members/0/dateOfBirth', '/EPCMessage/EPCRequestBody/CrewList/CrewMemberData/DateOfBirth', 8, 57],
      ]);
    });

    it('a known element in the wrong place is not known there', () => {
      expect(brief(read(epcMessage('<ShipID><CrewList/></ShipID>')).problems)).toEqual(['error unknown-element ']);
    });

    it.each([
      ['a value', '<Beam>1</Beam><Beam>2</Beam>'],
      ['a value in both spellings', '<ShipType>50</ShipType><ShipTypeContent>51</ShipTypeContent>'],
      ['a container', '<ShipID><ShipName>A</ShipName></ShipID><ShipID><CallSign>B</CallSign></ShipID>'],
      ['inside a list item', '<CrewList><CrewMemberData><Gender>Male</Gender><Gender>Male</Gender></CrewMemberData></CrewList>'],
      ['something unmapped', '<YearOfBuilt>2015</YearOfBuilt><YearOfBuilt>2016</YearOfBuilt>'],
      ['inside something unmapped', '<ShipDefects><Mooring>a</Mooring><Mooring>b</Mooring></ShipDefects>'],
      [
        'in both spellings of a time',
        '<ETA>2030-01-01T00:00:00Z</ETA><PortOfArrival><ArrivalTime><DateTime>2030-01-01T00:00:00Z</DateTime><TimeType>Estimated</TimeType></ArrivalTime></PortOfArrival>',
      ],
      [
        'inside a time',
        '<PortOfArrival><ArrivalTime><DateTime>2030-01-01T00:00:00Z</DateTime><DateTime>2030-01-01T00:00:00Z</DateTime><TimeType>Estimated</TimeType></ArrivalTime></PortOfArrival>',
      ],
    ])('a single element twice is element-repeated: %s', (_, xml) => {
      expect(
        read(epcMessage(xml))
          .problems.filter(({ severity }) => severity === 'error')
          .map(({ code }) => code),
      ).toEqual(['element-repeated']);
    });

    it('a second reading of other bytes does not remember the first', () => {
      const xml = epcMessage('<Beam>1</Beam>');
      expect([read(xml), read(xml), read(xml)].flatMap(({ problems }) => problems)).toEqual([]);
    });

    it('a second header and a second body are repeated, another element is unknown', () => {
      const xml = epcMessage('<Beam>1</Beam>').replace('</EPCMessage>', '<EPCMessageHeader/><EPCCancelBody/><Other/></EPCMessage>');
      expect(brief(read(xml).problems)).toEqual(['error element-repeated ', 'error element-repeated ', 'error unknown-element ']);
    });

    it('known elements without a canonical place are kept, with one warning a kind', () => {
      const reading = read(
        epcMessage(
          '<YearOfBuilt>2015</YearOfBuilt><CargoData><Consignment><CargoItem><CustomStatus>100</CustomStatus><GoodsType><Description>a</Description></GoodsType></CargoItem><CargoItem><CustomStatus>90</CustomStatus><GoodsType><Description>b</Description></GoodsType></CargoItem></Consignment></CargoData><ROBBunkers><HFO>2</HFO><MDO/></ROBBunkers>',
        ),
      );
      expect(candidate(reading).extensions).toEqual({
        epc: {
          'EPCRequestBody/YearOfBuilt': '2015',
          'EPCRequestBody/CargoData/Consignment/CargoItem[1]/CustomStatus': '100',
          'EPCRequestBody/CargoData/Consignment/CargoItem[2]/CustomStatus': '90',
          'EPCRequestBody/ROBBunkers/HFO': '2',
        },
      });
      expect(reading.problems.map(({ code, severity, xpath }) => [code, severity, xpath])).toEqual([
        ['element-unmapped', 'warning', '/EPCMessage/EPCRequestBody/YearOfBuilt'],
        ['element-unmapped', 'warning', '/EPCMessage/EPCRequestBody/CargoData/Consignment/CargoItem[1]/CustomStatus'],
        ['element-unmapped', 'warning', '/EPCMessage/EPCRequestBody/ROBBunkers'],
      ]);
    });

    it('empty elements and containers are absent, and no formality comes of them', () => {
      const reading = read(
        epcMessage(
          '<Agent><Company/><Address/><ContactNumbers><BusinessTelephone> </BusinessTelephone></ContactNumbers></Agent><DutiableCrewEffect/><CrewList/><PassengerList><PassengerData/></PassengerList><ShipStore><StoreItem/></ShipStore><WasteInformation><WasteDisposalInformation/></WasteInformation><CargoData><Consignment><CargoItem/></Consignment></CargoData><HealthData/><ISSCertificate/><GeneralRemark/><YearOfBuilt/>',
        ),
      );
      expect(reading.problems).toEqual([]);
      expect(Object.keys(reading.candidate)).toEqual(['header']);
    });

    it('text where elements belong, and elements where text belongs, are faults', () => {
      expect(brief(read(epcMessage('<ShipID>TITANIC</ShipID>')).problems)).toEqual(['error format ']);
      expect(brief(read(epcMessage('x<Beam>1</Beam>')).problems)).toEqual(['error format ']);
      expect(brief(read(epcMessage('<Beam><Content>1</Content></Beam>')).problems)).toEqual(['error unknown-element /ship/beam']);
    });

    it('a thousand errors and a thousand warnings are listed, and that there are more', () => {
      const person = '<CrewMemberData><Name><FamilyName>F</FamilyName></Name><Gender>none</Gender></CrewMemberData>';
      const reading = read(epcMessage(`<CrewList>${person.repeat(3_000)}</CrewList>${'<Nonsense/>'.repeat(5_000)}`));
      const count = (code: string) => reading.problems.filter((problem) => problem.code === code).length;
      expect([count('code-unknown'), count('unknown-element'), count('problems-truncated')]).toEqual([1_000, 1_000, 1]);
    });

    it('names like __proto__ are unknown elements', () => {
      expect(brief(read(epcMessage('<__proto__>1</__proto__><constructor/>')).problems)).toEqual([
        'error unknown-element ',
        'error unknown-element ',
      ]);
    });
  });

  describe('the header', () => {
    const header = (xml: string, inner = '<PortOfArrival><Name>A</Name></PortOfArrival>') => read(epcMessage(inner, xml));

    it('is mapped', () => {
      const reading = header(
        '<ShipMessageId>M1</ShipMessageId><JournalNumber>J1</JournalNumber><SenderId>s</SenderId><SentTime>2026-11-24T08:30:00</SentTime><ReplyURI>https://example.com</ReplyURI><MessageType>FAL</MessageType><Version>1.0.0</Version><ArrivalDeparture>Departure</ArrivalDeparture><Authenticator><Person><FamilyName>F</FamilyName></Person><AuthenticationDate>2026-11-24T08:00:00Z</AuthenticationDate><AuthenticatorRoleCode><Code>Master</Code></AuthenticatorRoleCode></Authenticator>',
      );
      expect(reading.problems).toEqual([]);
      expect(reading.candidate).toMatchObject({
        header: {
          messageId: 'M1',
          purpose: 'original',
          declarationType: 'departure',
          sentAt: '2026-11-24T08:30:00',
          senderId: 's',
          replyTo: 'https://example.com',
        },
        portCall: { visitId: 'J1' },
        authentication: { authenticator: { familyName: 'F' }, at: '2026-11-24T08:00:00Z', role: 'Master' },
      });
      expect(candidate(reading).header).not.toHaveProperty('localReferenceNumber');
    });

    it('without ShipMessageId is a fault', () => {
      expect(brief(header('<ArrivalDeparture>Arrival</ArrivalDeparture>').problems)).toEqual(['error required /header/messageId']);
    });

    it.each([
      ['<PortOfArrival><Name>A</Name></PortOfArrival>', 'arrival'],
      ['<PortOfDeparture><Name>A</Name></PortOfDeparture>', 'departure'],
      ['<Beam>1</Beam>', 'arrival'],
    ])('without ArrivalDeparture %s is taken for the %s, with a warning', (inner, type) => {
      const reading = header('<ShipMessageId>M1</ShipMessageId>', inner);
      expect(candidate(reading).header?.declarationType).toBe(type);
      expect(brief(reading.problems)).toEqual(['warning required /header/declarationType']);
    });

    it('may be missing altogether: one fault', () => {
      const reading = read('<EPCMessage xmlns="http://www.iso.org/28005-2"><EPCRequestBody><Beam>1</Beam></EPCRequestBody></EPCMessage>');
      expect(brief(reading.problems)).toEqual(['error required /header']);
    });
  });

  describe('a cancel', () => {
    const cancel = (inner: string, header = '<ShipMessageId>M1</ShipMessageId><ArrivalDeparture>Arrival</ArrivalDeparture>') =>
      read(
        `<EPCMessage xmlns="http://www.iso.org/28005-2"><EPCMessageHeader>${header}</EPCMessageHeader><EPCCancelBody>${inner}</EPCCancelBody></EPCMessage>`,
      );

    it.each(['true', '1', 'Y'])('Cancel = %s', (value) => {
      const reading = cancel(`<Cancel>${value}</Cancel>`);
      expect(reading.problems).toEqual([]);
      expect(reading.candidate).toMatchObject({ header: { purpose: 'cancel', referenceMessageId: 'M1' }, cancellation: {} });
    });

    it.each([
      ['<Cancel>false</Cancel>', 'value-not-allowed'],
      ['<Cancel>perhaps</Cancel>', 'value-not-allowed'],
      ['', 'required'],
      ['<Cancel>true</Cancel><Cancel>true</Cancel>', 'element-repeated'],
      ['<Cancel>true</Cancel><Reason>x</Reason>', 'unknown-element'],
    ])('%s is %s', (inner, code) => {
      expect(brief(cancel(inner).problems)).toEqual([`error ${code} /cancellation`]);
    });

    it('keeps the journal number beside the code of an unknown port', () => {
      expect(
        cancel('<Cancel>true</Cancel>', '<ShipMessageId>M1</ShipMessageId><JournalNumber>J1</JournalNumber>').candidate['portCall'],
      ).toEqual({
        visitId: 'J1',
        portOfCall: { unLocode: 'ZZUKN' },
      });
    });
  });

  describe('ports', () => {
    it.each([
      ['split', '<CountryCode>VN</CountryCode><UNLoCode>HPH</UNLoCode>', { unLocode: 'VNHPH' }],
      ['joined', '<UNLoCode>VNHPH</UNLoCode>', { unLocode: 'VNHPH' }],
      ['joined beside its country', '<CountryCode>VN</CountryCode><UNLoCode>VNHPH</UNLoCode>', { unLocode: 'VNHPH' }],
      ['with blanks and in lower case', '<UNLoCode>vn hph</UNLoCode>', { unLocode: 'VNHPH' }],
      ['a country only', '<CountryCode>VN</CountryCode><Name>Somewhere</Name>', { countryCode: 'VN', name: 'Somewhere' }],
      [
        'in a Location',
        '<Location><UNLoCode>VNHPH</UNLoCode><FacilityCode>VNHPH-0010</FacilityCode></Location>',
        { unLocode: 'VNHPH', facilityCode: 'VNHPH-0010' },
      ],
      [
        '2011 facility',
        '<GISISCode>1111</GISISCode><CountryCode>GR</CountryCode><UNLoCode>PIR</UNLoCode>',
        { unLocode: 'GRPIR', facilityCode: '1111' },
      ],
      ['bare code', 'VNHPH', { unLocode: 'VNHPH' }],
      ['bare name', 'Hai Phong', { name: 'Hai Phong' }],
    ])('%s', (_, xml, port) => {
      expect(body(`<NextPortOfCall>${xml}</NextPortOfCall>`).portCall?.nextPortOfCall).toEqual(port);
    });

    it.each([
      ['three characters without a country', '<UNLoCode>HPH</UNLoCode>'],
      ['a contradicting country', '<CountryCode>GR</CountryCode><UNLoCode>VNHPH</UNLoCode>'],
    ])('%s is locode-unknown', (_, xml) => {
      expect(brief(read(epcMessage(`<NextPortOfCall>${xml}</NextPortOfCall>`)).problems)).toEqual([
        'error locode-unknown /portCall/nextPortOfCall/unLocode',
      ]);
    });

    it('the flag is the country of registry in 2021, its own element in 2011', () => {
      expect(body('<ShipID><RegistrationPort><CountryCode>PA</CountryCode></RegistrationPort></ShipID>').ship).toEqual({ flagState: 'PA' });
      expect(
        body('<ShipID><RegistrationPort><CountryCode>PA</CountryCode><UNLoCode>PAPTY</UNLoCode></RegistrationPort></ShipID>').ship,
      ).toEqual({
        flagState: 'PA',
        registryPort: { unLocode: 'PAPTY' },
      });
      expect(
        body(
          '<FlagState>MY</FlagState><RegistryCertificate><IssueLocation><CountryCode>GR</CountryCode><UNLoCode>PIR</UNLoCode></IssueLocation><Number>15</Number></RegistryCertificate>',
        ).ship,
      ).toEqual({ flagState: 'MY', registryPort: { unLocode: 'GRPIR' }, registryCertificate: { identifier: '15' } });
    });

    const arrived =
      '<PortOfArrival><ArrivalTime><DateTime>2030-01-01T00:00:00Z</DateTime><TimeType>Estimated</TimeType></ArrivalTime><Location><UNLoCode>VNHPH</UNLoCode></Location></PortOfArrival>';
    const left = (code: string) =>
      `<PortOfDeparture><DepartureTime><DateTime>2030-01-02T00:00:00Z</DateTime><TimeType>Actual</TimeType></DepartureTime><Location><UNLoCode>${code}</UNLoCode></Location></PortOfDeparture>`;

    it('a second port that is the same adds its times', () => {
      for (const xml of [arrived + left('VNHPH'), left('VNHPH') + arrived]) {
        const reading = read(epcMessage(xml));
        expect(reading.problems).toEqual([]);
        expect(candidate(reading).portCall).toEqual({
          portOfCall: { unLocode: 'VNHPH' },
          eta: '2030-01-01T00:00:00Z',
          atd: '2030-01-02T00:00:00Z',
        });
      }
    });

    it('a second port that is another is kept unmapped', () => {
      const reading = read(epcMessage(arrived + left('SGSIN')));
      expect(brief(reading.problems)).toEqual(['warning element-unmapped /extensions/epc']);
      expect(candidate(reading).portCall).toEqual({ portOfCall: { unLocode: 'VNHPH' }, eta: '2030-01-01T00:00:00Z' });
    });

    it('times of other types are kept unmapped, a time without type is estimated', () => {
      const time = (type: string) =>
        `<PortOfArrival><ArrivalTime><DateTime>2030-01-01T00:00:00Z</DateTime>${type}</ArrivalTime></PortOfArrival>`;
      expect(brief(read(epcMessage(time('<TimeType>Requested</TimeType>'))).problems)).toEqual([
        'warning element-unmapped /extensions/epc',
      ]);
      const reading = read(epcMessage(time('')));
      expect(brief(reading.problems)).toEqual(['warning code-unknown /portCall/eta']);
      expect(candidate(reading).portCall?.eta).toBe('2030-01-01T00:00:00Z');
    });

    it('the last ports are the itinerary where there is no security declaration', () => {
      const calls =
        '<PortCalls><PortCall><Port><UNLoCode>SGSIN</UNLoCode></Port><FromDateTime>2029-01-01T00:00:00</FromDateTime></PortCall></PortCalls>';
      expect(body(calls).portCall).toEqual({ previousPorts: [{ port: { unLocode: 'SGSIN' }, from: '2029-01-01' }] });
      expect(body(`${calls}<CurrentShipSecurityLevel>SL1</CurrentShipSecurityLevel>`).formalities?.security?.lastTenCalls).toHaveLength(1);
    });
  });

  describe('persons', () => {
    const CREW = '<Name><FamilyName>F</FamilyName></Name>';

    it('one CrewList each (2021) or wrapped (2011) is the same', () => {
      const person = '<PersonReference>7</PersonReference><Name><FamilyName>F</FamilyName></Name>';
      const repeated = body(`<CrewList>${person}</CrewList><CrewList>${CREW}</CrewList>`);
      const wrapped = body(`<CrewList><CrewMemberData>${person}</CrewMemberData><CrewMemberData>${CREW}</CrewMemberData></CrewList>`);
      expect(repeated).toEqual(wrapped);
      expect(repeated.formalities?.crewList?.members.map(({ sequenceNumber }) => sequenceNumber)).toEqual([7, 2]);
    });

    it('the first identity document counts, others are kept', () => {
      const reading = read(
        epcMessage(
          `<CrewList>${CREW}<PersonIdDocument><IdDocument>MusterBook</IdDocument><IdNumber>1</IdNumber></PersonIdDocument><PersonIdDocument><IdDocument>Passport</IdDocument><IdNumber>2</IdNumber></PersonIdDocument></CrewList>`,
        ),
      );
      expect(candidate(reading).formalities?.crewList?.members[0]?.travelDocument).toEqual({ typeCode: '718', number: '1' });
      expect(brief(reading.problems)).toEqual(['warning element-unmapped /extensions/epc']);
    });

    it('an unknown or missing document type is "other" with a warning', () => {
      const reading = read(
        epcMessage(
          `<CrewList>${CREW}<PersonIdDocument><IdDocument>Laissez</IdDocument><IdNumber>1</IdNumber></PersonIdDocument></CrewList><CrewList>${CREW}<PersonIdDocument><IdNumber>2</IdNumber></PersonIdDocument></CrewList>`,
        ),
      );
      expect(candidate(reading).formalities?.crewList?.members.map(({ travelDocument }) => travelDocument?.typeCode)).toEqual([
        'other',
        'other',
      ]);
      expect(brief(reading.problems)).toEqual([
        'warning code-unknown /formalities/crewList/members/0/travelDocument/typeCode',
        'warning code-unknown /formalities/crewList/members/1/travelDocument/typeCode',
      ]);
      expect(candidate(reading).extensions).toEqual({ epc: { 'EPCRequestBody/CrewList[1]/PersonIdDocument/IdDocument': 'Laissez' } });
    });

    it('a rank code of five digits is one, another code stands for a missing text', () => {
      const duty = (xml: string) => body(`<CrewList>${CREW}<Duty>${xml}</Duty></CrewList>`).formalities?.crewList?.members[0];
      expect(duty('<Code>10100</Code><Text>Master</Text>')).toMatchObject({ rankOrRatingCode: '10100', rankOrRating: 'Master' });
      expect(duty('<Code>Master</Code>')).toMatchObject({ rankOrRating: 'Master' });
    });

    it('crew effects are grouped by person, whatever the form of the reference', () => {
      const effect = (reference: string, text: string) =>
        `<DutiableCrewEffects><CrewReference>${reference}</CrewReference><EffectDescription>${text}</EffectDescription></DutiableCrewEffects>`;
      const xml = `${effect('B', 'one')}${effect('A', 'two')}${effect('B', 'three')}<CrewList><PersonReference>A</PersonReference>${CREW}</CrewList><CrewList><PersonReference>B</PersonReference>${CREW}</CrewList>`;
      expect(body(xml).formalities?.crewEffects).toEqual({
        members: [
          {
            personSequenceNumber: 2,
            effects: [
              { sequenceNumber: 1, description: 'one' },
              { sequenceNumber: 2, description: 'three' },
            ],
          },
          { personSequenceNumber: 1, effects: [{ sequenceNumber: 1, description: 'two' }] },
        ],
      });
    });

    it('a health case inside a person names the person', () => {
      const xml = `<HealthData><PersonDied>false</PersonDied></HealthData><PassengerList><PersonReference>9</PersonReference><PersonHealthParticulars><IllnessCode>fever</IllnessCode><CaseDisposal><HealthStateCode>Recovered</HealthStateCode></CaseDisposal></PersonHealthParticulars>${CREW}</PassengerList>`;
      expect(body(xml).formalities?.health?.cases).toEqual([
        { illness: 'fever', healthStatus: 'recovered', personSequenceNumber: 9, personTypeCode: 'FL' },
      ]);
    });
  });

  describe('dangerous goods', () => {
    const SHEET =
      '<DGSafetyDataSheet><ProperShippingName>PAINT</ProperShippingName><DGClassification>IMDG</DGClassification><UNNumber>UN 1263</UNNumber><FlashPoint>-4.5</FlashPoint><EmergencyInstruction>F-E, S-E</EmergencyInstruction></DGSafetyDataSheet>';

    it('a sheet inside a cargo item becomes an item with its context', () => {
      const read2 = body(
        `<CargoData><Consignment><CargoItem><SpecialCargoDetails>${SHEET}<Comment>keep cool</Comment></SpecialCargoDetails><NoOfPackages>5</NoOfPackages><PackageType>DR</PackageType><GrossWeight><Content>1</Content><UnitCode>TNE</UnitCode></GrossWeight><TransportEquipment><MarksAndNumbers>MSKU1234565</MarksAndNumbers><OnboardLocation>010203</OnboardLocation></TransportEquipment></CargoItem><TransportDocumentId>BL1</TransportDocumentId><DangerousGoodsShippersReferenceNumber>S1</DangerousGoodsShippersReferenceNumber><PortOfLoading><UNLoCode>SGSIN</UNLoCode></PortOfLoading></Consignment></CargoData>`,
      );
      expect(read2.formalities?.dangerousGoods).toEqual({
        carried: true,
        items: [
          {
            sequenceNumber: 1,
            regulationCode: 'IMDG',
            properShippingName: 'PAINT',
            unNumber: '1263',
            flashpoint: { value: -4.5, unit: 'CEL' },
            emsNumber: ['F-E', 'S-E'],
            additionalInformation: 'keep cool',
            numberOfPackages: 5,
            packageTypeCode: 'DR',
            equipmentId: 'MSKU1234565',
            stowagePosition: '010203',
            shippersReference: 'S1',
            transportContractNumber: 'BL1',
            portOfLoading: { unLocode: 'SGSIN' },
          },
        ],
      });
      // Cargo without a description is described by its proper shipping name.
      expect(read2.formalities?.cargo?.consignments?.[0]?.items).toMatchObject([
        { itemNumber: 1, description: 'PAINT', numberOfPackages: 5 },
      ]);
    });

    it('sheets alone are no cargo declaration', () => {
      const formalities = body(
        `<CargoData><Consignment><TransportDocumentId>BL1</TransportDocumentId><CargoItem><SpecialCargoDetails>${SHEET}</SpecialCargoDetails></CargoItem></Consignment></CargoData>`,
      ).formalities;
      expect(Object.keys(formalities ?? {})).toEqual(['dangerousGoods']);
    });

    it('the general list counts where there are no sheets', () => {
      const general =
        '<GeneralDescriptionOfDG><Description>PETROL</Description><UNNumber>1203</UNNumber><UNHazardClass>3</UNHazardClass></GeneralDescriptionOfDG>';
      expect(body(general).formalities?.dangerousGoods?.items).toEqual([
        { sequenceNumber: 1, regulationCode: 'IMDG', properShippingName: 'PETROL', unNumber: '1203', hazardClass: '3' },
      ]);
      const both = read(
        epcMessage(
          `${general}<CargoData><Consignment><CargoItem><SpecialCargoDetails>${SHEET}</SpecialCargoDetails></CargoItem></Consignment></CargoData>`,
        ),
      );
      expect(candidate(both).formalities?.dangerousGoods?.items?.map(({ unNumber }) => unNumber)).toEqual(['1263']);
      expect(brief(both.problems)).toEqual(['warning element-unmapped /extensions/epc']);
    });
  });

  describe('security', () => {
    it.each([
      ['<ValidISSC>N</ValidISSC><ReasonForNoValidISSC>lost</ReasonForNoValidISSC>', { isscValid: false, reasonNoIssc: 'lost' }],
      [
        '<ISSCertificateStatus><ISSCStatus>true</ISSCStatus></ISSCertificateStatus><ISSCertificate><CertificateStatus>Interim</CertificateStatus><CertificateNumber>C</CertificateNumber></ISSCertificate>',
        { isscValid: true, issc: { typeCode: 'INTERIM', identifier: 'C' } },
      ],
      [
        '<ISSCertificateStatus><ISSCStatus>false</ISSCStatus><ReasonNotValid>lost</ReasonNotValid></ISSCertificateStatus>',
        { isscValid: false, reasonNoIssc: 'lost' },
      ],
      [
        '<ISSCertificate><CertificateStatus>Full</CertificateStatus><Issuer><Name>RSO</Name></Issuer><ExpiryDate>2030-12-12</ExpiryDate></ISSCertificate>',
        { isscValid: true, issc: { typeCode: 'FULL', issuerName: 'RSO', expiryDate: '2030-12-12' } },
      ],
    ])('%s', (xml, security) => {
      expect(body(xml).formalities?.security).toEqual(security);
    });
  });

  it('bare numbers of waste are cubic metres', () => {
    expect(
      body(
        '<WasteInformation><WasteDeliveryStatus>All</WasteDeliveryStatus><WasteDisposalInformation><WasteType><Code>101</Code></WasteType><ToBeDelivered>2.5</ToBeDelivered><MaxStorage><Content>9</Content><UnitCode>LTR</UnitCode></MaxStorage></WasteDisposalInformation></WasteInformation>',
      ).formalities?.waste,
    ).toEqual({
      deliveryStatus: 'all',
      items: [{ wasteTypeCode: '101', toBeDelivered: { value: 2.5, unit: 'MTQ' }, maxStorage: { value: 9, unit: 'LTR' } }],
    });
  });

  it('an MMSI of zeros is none', () => {
    expect(body('<ShipID><ShipName>A</ShipName><MMSINumber>000000000</MMSINumber></ShipID>').ship).toEqual({ name: 'A' });
  });

  describe('dialect', () => {
    const wrap = (header: string, inner: string) =>
      `<EPCMessage xmlns="http://www.iso.org/28005-2"><EPCMessageHeader${header}/><EPCRequestBody${inner}</EPCMessage>`;
    it.each([
      ['everything in the namespace', wrap('', '><Beam>1</Beam></EPCRequestBody>'), 'epc-2011'],
      ['header and body in none', wrap(' xmlns=""', ' xmlns=""><Beam>1</Beam></EPCRequestBody>'), 'epc-2021'],
      ['the children of the body decide', wrap(' xmlns=""', '><Beam xmlns="">1</Beam></EPCRequestBody>'), 'epc-2021'],
      ['an empty body decides itself', wrap('', ' xmlns=""/>'), 'epc-2021'],
      [
        'a prefix is a namespace',
        '<e:EPCMessage xmlns:e="http://www.iso.org/28005-2"><e:EPCRequestBody><e:Beam>1</e:Beam></e:EPCRequestBody></e:EPCMessage>',
        'epc-2011',
      ],
    ])('%s', (_, xml, dialect) => {
      expect(read(xml).dialect).toBe(dialect);
    });
  });

  describe('locate', () => {
    const reading = read(readFileSync(join(fixtures, 'epc/arrival-2021.xml')));

    it.each([
      ['/ship/imoNumber', '/EPCMessage/EPCRequestBody/ShipID/IMONumber'],
      ['/ship/otherIdentifier', '/EPCMessage/EPCRequestBody/ShipID'],
      ['/portCall/eta', '/EPCMessage/EPCRequestBody/PortOfArrival/ArrivalTime/DateTime'],
      ['/portCall/purposeOfCall/1', '/EPCMessage/EPCRequestBody/CallPurpose[2]/CallPurposeCode'],
      ['/formalities/crewList/members/2/travelDocument/number', '/EPCMessage/EPCRequestBody/CrewList[3]/PersonIdDocument/IdNumber'],
      ['/formalities/crewList/members/2/visaNumber', '/EPCMessage/EPCRequestBody/CrewList[3]'],
      [
        '/formalities/dangerousGoods/items/0/unNumber',
        '/EPCMessage/EPCRequestBody/CargoData/Consignment[5]/CargoItem/SpecialCargoDetails/DGSafetyDataSheet/UNNumber',
      ],
      [
        '/formalities/crewEffects/members/1/effects/0/quantity/value',
        '/EPCMessage/EPCRequestBody/DutiableCrewEffects[2]/Measurement/Content',
      ],
      ['/formalities/passengerList', '/EPCMessage/EPCRequestBody'],
      ['/header/receiverId', '/EPCMessage/EPCMessageHeader'],
      ['', '/EPCMessage'],
    ])('%s', (pointer, xpath) => {
      expect(reading.locate(pointer)).toMatchObject({ xpath, line: expect.any(Number) as number, column: expect.any(Number) as number });
    });
  });
});
