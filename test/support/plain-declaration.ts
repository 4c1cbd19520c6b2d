import type { Declaration } from '../../gateway/core/declaration';

/** A small declaration without any fault or warning, made anew for each call: tests spoil it at one place. */
export function plainDeclaration(): Declaration {
  return {
    header: {
      messageId: 'plain-1',
      purpose: 'original',
      declarationType: 'arrival',
      sentAt: '2026-11-23T02:00:00Z',
      senderId: 'AGENT-1',
    },
    portCall: {
      portOfCall: { unLocode: 'VNHPH', name: 'Hải Phòng' },
      eta: '2026-11-24T03:00:00Z',
      etd: '2026-11-25T03:00:00Z',
      purposeOfCall: ['1', '3'],
      lastPortOfCall: { unLocode: 'SGSIN' },
      nextPortOfCall: { unLocode: 'HKHKG' },
      previousPorts: [{ sequenceNumber: 1, port: { unLocode: 'SGSIN' }, from: '2026-11-18', to: '2026-11-19', securityLevel: '1' }],
    },
    ship: {
      imoNumber: '9074729',
      mmsi: '574123456',
      callSign: 'XVAB7',
      name: 'SONG CAM STAR',
      flagState: 'VN',
      grossTonnage: 8500.5,
      company: { imoCompanyNumber: '2041999', name: 'Song Cam Shipping' },
    },
    voyage: { voyageNumber: '026N', voyageType: 'international' },
    agents: [{ name: 'Bach Dang Agency', roleCode: 'AG', taxCode: '0200000001', address: { city: 'Hải Phòng', countryCode: 'VN' } }],
    reportedFormalities: ['generalDeclaration', 'cargo', 'crewList', 'passengerList', 'dangerousGoods', 'security', 'waste', 'health'],
    formalities: {
      generalDeclaration: { crewCount: 2, passengerCount: 1, personsOnboard: 3, dangerousGoodsCarried: true },
      cargo: {
        consignments: [
          {
            transportContractNumber: 'BL-0001',
            portOfLoading: { unLocode: 'SGSIN' },
            portOfDischarge: { unLocode: 'VNHPH' },
            operation: 'discharge',
            items: [
              {
                itemNumber: 1,
                description: 'Steel coils',
                hsCode: '720839',
                numberOfPackages: 12,
                packageTypeCode: 'CL',
                grossWeight: { value: 120.5, unit: 'TNE' },
                equipmentIds: ['CSQU3054383'],
              },
            ],
          },
        ],
        equipment: [{ equipmentId: 'MSKU1234565', fullOrEmpty: 'full', sealNumbers: ['S1'] }],
      },
      crewList: {
        members: [
          {
            sequenceNumber: 1,
            personTypeCode: 'FM',
            name: { familyName: 'MASTER', givenName: 'ONE' },
            dateOfBirth: '1980-01-01',
            nationality: 'VNM',
            travelDocument: { typeCode: '718', number: 'S0000001', issuingNation: 'VN', expiryDate: '2030-01-01' },
          },
          {
            sequenceNumber: 2,
            personTypeCode: 'FM',
            name: { familyName: 'SAILOR', givenName: 'TWO' },
            dateOfBirth: '1990-02-02',
            nationality: 'PHL',
            countryOfBirth: 'PHL',
            travelDocument: { typeCode: '39', number: 'P0000002', issuingNation: 'PH', expiryDate: '2031-01-01' },
          },
        ],
      },
      passengerList: {
        passengers: [
          {
            sequenceNumber: 1,
            personTypeCode: 'FL',
            name: { familyName: 'GUEST', givenName: 'THREE' },
            dateOfBirth: '1975-03-03',
            nationality: 'XXB',
            travelDocument: { typeCode: '39', number: 'P0000003', issuingNation: 'GR' },
          },
        ],
      },
      dangerousGoods: {
        carried: true,
        items: [
          {
            sequenceNumber: 1,
            regulationCode: 'IMDG',
            unNumber: '1203',
            properShippingName: 'GASOLINE',
            hazardClass: '3',
            packingGroup: 'II',
            emsNumber: ['F-E', 'S-E'],
            flashpoint: { value: -40, unit: 'CEL' },
            mass: { value: 1000, unit: 'KGM' },
            equipmentId: 'PONU4863849',
          },
          {
            sequenceNumber: 2,
            regulationCode: 'IMDG',
            unNumber: '0012',
            properShippingName: 'CARTRIDGES, SMALL ARMS',
            hazardClass: '1.4S',
          },
        ],
      },
      security: {
        isscValid: true,
        issc: { identifier: 'ISSC-1', issuerCountry: 'VN', expiryDate: '2029-01-01' },
        currentSecurityLevel: '1',
        lastTenCalls: [{ port: { unLocode: 'SGSIN' }, from: '2026-11-18', to: '2026-11-19' }],
      },
      waste: {
        deliveryStatus: 'some',
        lastDeliveryPort: { unLocode: 'SGSIN' },
        items: [{ wasteTypeCode: '101', toBeDelivered: { value: 2, unit: 'MTQ' } }],
      },
      health: {
        visitedAffectedArea: false,
        personDied: false,
        diseaseOnboard: false,
        illPersonsGreaterThanExpected: false,
        illPersonsNow: false,
        medicalPractitionerConsulted: false,
        infectionConditionOnboard: false,
        sanitaryMeasureApplied: false,
        stowawayFound: false,
        sickAnimal: false,
      },
    },
  };
}

/** Sets what stands at a JSON Pointer of a plain value, in place; `undefined` takes it out. */
export function setAt<T extends object>(value: T, pointer: string, replacement: unknown): T {
  const tokens = pointer.slice(1).split('/');
  const last = tokens.pop() ?? '';
  let at: Record<string, unknown> = value as Record<string, unknown>;
  for (const token of tokens) at = at[token] as Record<string, unknown>;
  if (replacement === undefined) Reflect.deleteProperty(at, last);
  else at[last] = replacement;
  return value;
}
