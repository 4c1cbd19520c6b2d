import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Declaration } from '../../core/declaration';
import type { ReadDeclaration } from '../reading';
import { ElementTable } from './element-table';
import { readEpc, readEpcStrictly } from './read-epc';
import { scanEpc } from './scan-epc';

/** Real messages, which may not be copied here: they are read where they lie beside the repository. */
const samples = join(__dirname, '../../../../shared/samples');
const isThere = existsSync(join(samples, 'epc-sergouniotis-utils'));
if (!isThere) console.warn(`SKIPPED: the real EPC samples are not in ${samples}`);
const describeSamples = isThere ? describe : describe.skip;

function sample(name: string): Buffer {
  return readFileSync(join(samples, name));
}

function unreadableCodes(name: string): string[] {
  const reading = readEpc(sample(name));
  return 'unreadable' in reading ? reading.unreadable.map(({ code }) => code) : [];
}

describeSamples('the arrival of the Greek single window (2011)', () => {
  const reading = isThere ? (readEpc(sample('epc-sergouniotis-utils/EPCMessage.arrival-FAL.xml')) as ReadDeclaration) : undefined;
  const declaration = (reading?.candidate ?? {}) as unknown as Declaration;
  const formalities = declaration.formalities ?? {};

  it('is read without a fault', () => {
    expect(reading?.dialect).toBe('epc-2011');
    expect(reading?.problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  it('carries these formalities, and no crew effects, whose element is empty', () => {
    expect(Object.keys(formalities).sort()).toEqual([
      'cargo',
      'crewList',
      'dangerousGoods',
      'generalDeclaration',
      'health',
      'passengerList',
      'security',
      'shipStores',
      'waste',
    ]);
  });

  it('has header and call, times as written', () => {
    expect(declaration.header).toEqual({
      messageId: 'b59e318d-0656-4398-ae76-d993f68661cf',
      purpose: 'original',
      declarationType: 'arrival',
      senderId: 'ts',
      sentAt: '2015-04-16T10:22:26',
    });
    expect(declaration.portCall).toEqual({
      visitId: 'GR2641',
      portOfCall: { unLocode: 'GRPIR', name: 'Piraeus', facilityCode: '1111', locationInPort: 'position' },
      eta: '2014-10-22T06:16:00',
      ata: '2014-10-24T14:53:00',
      etd: '2014-10-23T07:23:00',
      purposeOfCall: ['1', '2', '3'],
      anchorage: true,
    });
  });

  it('has the ship', () => {
    expect(declaration.ship).toMatchObject({
      imoNumber: '6502907',
      mmsi: '533598000',
      callSign: '9MVU',
      name: 'ANTARA',
      flagState: 'MY',
      registryPort: { unLocode: 'GRPIR' },
      registryCertificate: { identifier: '15', issueDate: '2014-04-12' },
      grossTonnage: 12,
      netTonnage: 12.22,
      company: { imoCompanyNumber: '1234567' },
    });
    expect(declaration.ship?.satelliteNumbers).toHaveLength(5);
  });

  it('has persons, with nationalities of travel documents', () => {
    expect(
      formalities.crewList?.members.map(({ sequenceNumber, nationality, travelDocument }) => [
        sequenceNumber,
        nationality,
        travelDocument?.typeCode,
      ]),
    ).toEqual([
      [2, 'ABW', '36'],
      [1, 'TUN', '39'],
    ]);
    expect(
      formalities.passengerList?.passengers.map(({ nationality, transit, travelDocument }) => [
        nationality,
        transit,
        travelDocument?.typeCode,
      ]),
    ).toEqual([
      ['GRC', true, '39'],
      ['FRA', true, '718'],
    ]);
    expect(formalities.generalDeclaration).toMatchObject({ crewCount: 2, passengerCount: 2, personsOnboard: 4 });
  });

  it('has the dangerous goods of its cargo items', () => {
    expect(formalities.dangerousGoods).toMatchObject({ carried: true, manifestOnboard: true, infClass: 'INF1' });
    expect(formalities.dangerousGoods?.items).toMatchObject([
      {
        sequenceNumber: 1,
        regulationCode: 'IMDG',
        unNumber: '1234',
        hazardClass: '1.2',
        packingGroup: 'I',
        marinePollutantType: 'X',
        subsidiaryRisks: ['risk1', 'risk2'],
        flashpoint: { value: 1.32, unit: 'CEL' },
        stowagePosition: 'stposition1',
        numberOfPackages: 22,
        packageTypeCode: 'AE',
        transportContractNumber: '11',
        portOfDischarge: { unLocode: 'GRATK' },
      },
      { sequenceNumber: 2, regulationCode: 'IBC', unNumber: '6666', hazardClass: '4.3' },
    ]);
    expect(formalities.cargo?.consignments?.[0]?.items.map(({ grossWeight }) => grossWeight)).toEqual([
      { value: 178.555, unit: 'TNE' },
      { value: 23.713, unit: 'TNE' },
    ]);
  });

  it('has security, waste and health', () => {
    expect(formalities.security).toMatchObject({
      isscValid: false,
      currentSecurityLevel: '3',
      securityPlanOnboard: true,
      issc: { typeCode: 'FULL', issuerName: 'RSO name', expiryDate: '2030-12-12' },
      shipToShipActivities: [{ activityCode: '2', location: { unLocode: 'GRNIS' }, latitude: 35, longitude: 56 }, { activityCode: '1' }],
    });
    expect(formalities.security?.lastTenCalls).toHaveLength(2);
    expect(formalities.waste).toMatchObject({ deliveryStatus: 'all', lastDeliveryDate: '2014-04-14' });
    expect(formalities.waste?.items[0]).toMatchObject({ wasteTypeCode: '1301', estimatedGenerated: { value: 25, unit: 'MTQ' } });
    expect(formalities.health).toMatchObject({
      visitedAffectedArea: true,
      affectedAreaPort: { unLocode: 'GRPIR' },
      stowawayFound: true,
      numberOfDeaths: 3,
      sanitationCertificate: { valid: true, issueDate: '2014-09-25' },
      cases: [{ personSequenceNumber: 1, personTypeCode: 'FM', healthStatus: 'stillIll' }],
    });
  });

  it('tells once of each kind that has no canonical place, and keeps it', () => {
    const unmapped = (reading?.problems ?? [])
      .filter(({ code }) => code === 'element-unmapped')
      .map(({ xpath }) => xpath?.replace(/\[\d+\]/g, ''));
    expect(new Set(unmapped).size).toBe(unmapped.length);
    expect(unmapped).toEqual(
      expect.arrayContaining([
        '/EPCMessage/EPCRequestBody/ROBBunkers',
        '/EPCMessage/EPCRequestBody/CargoData/Consignment/UCR',
        '/EPCMessage/EPCRequestBody/CrewList/CrewMemberData/Duty/Code',
      ]),
    );
    const kept = declaration.extensions?.['epc'] as Record<string, string>;
    expect(kept).toMatchObject({
      'EPCRequestBody/ROBBunkers/HFO': '2',
      'EPCRequestBody/CargoData/Consignment/CargoItem[2]/CustomStatus': '90',
    });
    expect(reading?.problems.filter(({ code }) => code === 'code-unknown').map(({ pointer }) => pointer)).toEqual([
      '/formalities/cargo/consignments/0/items/0/hsCode',
      '/formalities/dangerousGoods/items/0/emsNumber/0',
      '/formalities/dangerousGoods/items/0/emsNumber/0',
      '/formalities/cargo/consignments/0/items/1/hsCode',
      '/formalities/dangerousGoods/items/1/emsNumber/0',
      '/formalities/health/cases/0/disposition',
    ]);
  });
});

describeSamples('the Finnish messages (2021)', () => {
  it.each(['EPCMessage.ACK-with-EPCReceiptBody.xml', 'EPCMessage.ACK-header-only.xml'])('%s is no submission', (name) => {
    expect(unreadableCodes(`epc-digitraffic-gofrep/${name}`)).toEqual(['required']);
  });

  it('the report template is read, and its template values are faults', () => {
    const reading = readEpc(sample('epc-digitraffic-gofrep/EPCMessage.mrs-report.template.xml')) as ReadDeclaration;
    expect(reading.dialect).toBe('epc-2021');
    expect(reading.problems.filter(({ severity }) => severity === 'error').map(({ code, pointer }) => [code, pointer])).toEqual([
      ['time-implausible', '/header/sentAt'],
      ['required', '/header/messageId'],
    ]);
    expect(reading.candidate).toMatchObject({
      ship: { flagState: 'AD', beam: 1, shipTypeCode: '50' },
      portCall: { eta: '2021-06-08T12:48:20.772+02:00' },
      formalities: { generalDeclaration: { personsOnboard: 1 } },
    });
    expect(Object.keys(reading.candidate['formalities'] as object)).toEqual(['generalDeclaration']);
  });
});

describeSamples('the scanner', () => {
  it.each(['epc-sergouniotis-utils/EPCMessage.arrival-FAL.xml', 'epc-digitraffic-gofrep/EPCMessage.mrs-report.template.xml'])(
    'knows %s, and gives what the strict reader gives',
    (name) => {
      expect(scanEpc(sample(name), new ElementTable())).toBe(true);
      const { locate: _, ...reading } = readEpc(sample(name)) as ReadDeclaration;
      expect(readEpcStrictly(sample(name))).toMatchObject(reading);
    },
  );
});
