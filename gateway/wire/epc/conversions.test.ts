import * as conversions from './conversions';
import { Refusal, type Conversion } from './conversions';

const refused = (code: string, severity = 'error') => ({ code, severity });

/** What a conversion gives: its value, or code and severity of its refusal. */
function run(convert: Conversion, text: string): unknown {
  const result = convert(text);
  return result instanceof Refusal ? refused(result.code, result.severity) : result;
}

const tables: [string, Conversion, [string, unknown][]][] = [
  [
    'decimal',
    conversions.decimal,
    [
      ['12', 12],
      ['12.0', 12],
      ['-0.5', -0.5],
      ['+3', 3],
      ['.5', 0.5],
      ['5.', 5],
      ['007', 7],
      ['1e3', refused('format')],
      ['12,5', refused('format')],
      ['NaN', refused('format')],
      ['INF', refused('format')],
      ['0x10', refused('format')],
      ['9'.repeat(400), refused('number-out-of-range')],
    ],
  ],
  [
    'integer',
    conversions.integer,
    [
      ['20', 20],
      ['+5', 5],
      ['-1', -1],
      ['-0', 0],
      ['2.0', refused('format')],
      ['', refused('format')],
      ['9007199254740993', refused('number-out-of-range')],
    ],
  ],
  [
    'boolean',
    conversions.boolean,
    [
      ['Y', true],
      ['y', true],
      ['true', true],
      ['1', true],
      ['N', false],
      ['false', false],
      ['FALSE', false],
      ['0', false],
      ['X', refused('value-not-allowed')],
      ['2', refused('value-not-allowed')],
    ],
  ],
  [
    'dateTime',
    conversions.dateTime,
    [
      ['2026-11-24T08:30:00Z', '2026-11-24T08:30:00Z'],
      ['2026-11-24T08:30:00+07:00', '2026-11-24T08:30:00+07:00'],
      ['2014-10-22T06:16:00', '2014-10-22T06:16:00'],
      ['2021-06-08T12:48:20.7729775+02:00', '2021-06-08T12:48:20.772+02:00'],
      ['2021-06-08T12:48:20.77', '2021-06-08T12:48:20.77'],
      ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z'],
      ['2023-02-29T00:00:00Z', refused('format')],
      ['1900-02-29T00:00:00Z', refused('format')],
      ['2026-13-01T00:00:00Z', refused('format')],
      ['2026-04-31T00:00:00Z', refused('format')],
      ['2026-11-24T24:00:00Z', refused('format')],
      ['2026-11-24T08:60:00Z', refused('format')],
      ['2026-11-24T08:30:00+25:00', refused('format')],
      ['2026-11-24T08:30', refused('format')],
      ['2026-11-24', refused('format')],
      ['24/11/2026', refused('format')],
      ['0001-01-01T00:00:00', refused('time-implausible')],
      ['0000-01-01T00:00:00Z', refused('time-implausible')],
    ],
  ],
  [
    'date',
    conversions.date,
    [
      ['1988-06-15', '1988-06-15'],
      ['1988-06-15T00:00:00', '1988-06-15'],
      ['1988-06-15T23:59:59.9999999+07:00', '1988-06-15'],
      ['1988-06-15Z', '1988-06-15'],
      ['1988-06-15+07:00', '1988-06-15'],
      ['1988-06-31', refused('format')],
      ['15.06.1988', refused('format')],
      ['0001-01-01T00:00:00', refused('time-implausible')],
    ],
  ],
  [
    'dateOrTime',
    conversions.dateOrTime,
    [
      ['2014-10-02', '2014-10-02T00:00:00Z'],
      ['2014-10-02T08:00:00+07:00', '2014-10-02T08:00:00+07:00'],
      ['yesterday', refused('format')],
    ],
  ],
  [
    'days',
    conversions.days,
    [
      ['P3D', 3],
      ['P1.5D', 1.5],
      ['3', 3],
      ['P3DT4H', refused('code-unknown', 'warning')],
      ['about a week', refused('code-unknown', 'warning')],
    ],
  ],
  [
    'imoNumber',
    conversions.imoNumber,
    [
      ['9074729', '9074729'],
      ['IMO 9074729', '9074729'],
      ['imo9074729', '9074729'],
    ],
  ],
  [
    'mmsi',
    conversions.mmsi,
    [
      ['533598000', '533598000'],
      ['000000000', undefined],
    ],
  ],
  [
    'country2',
    conversions.country2,
    [
      ['VN', 'VN'],
      ['vn', 'VN'],
      ['VNM', 'VN'],
      ['ZZ', 'ZZ'],
    ],
  ],
  [
    'country3',
    conversions.country3,
    [
      ['TN', 'TUN'],
      ['aw', 'ABW'],
      ['VNM', 'VNM'],
      ['XXA', 'XXA'],
      ['ZZ', refused('country-unknown')],
      ['Vietnam', refused('country-unknown')],
    ],
  ],
  [
    'locode',
    conversions.locode,
    [
      ['PIR', 'PIR'],
      ['vn hph', 'VNHPH'],
    ],
  ],
  [
    'unNumber',
    conversions.unNumber,
    [
      ['1203', '1203'],
      ['UN 1203', '1203'],
      ['un1203', '1203'],
    ],
  ],
  [
    'emsPieces',
    conversions.emsPieces,
    [
      ['F-E,S-E', ['F-E', 'S-E']],
      ['F-E, S-D', ['F-E', 'S-D']],
      ['F-A S-B', ['F-A', 'S-B']],
      ['fe', ['F-E']],
      ['S_Q', ['S-Q']],
      ['ems1', refused('code-unknown', 'warning')],
    ],
  ],
  [
    'hsCode',
    conversions.hsCode,
    [
      ['870323', '870323'],
      ['8703.23', '870323'],
      ['8703', '8703'],
      ['20', refused('code-unknown', 'warning')],
      ['cars', refused('code-unknown', 'warning')],
    ],
  ],
  [
    'purposeCode',
    conversions.purposeCode,
    [
      ['1', '1'],
      ['24', '24'],
      ['Cargo', refused('code-unknown', 'warning')],
    ],
  ],
  [
    'securityLevel',
    conversions.securityLevel,
    [
      ['SL1', '1'],
      ['sl2', '2'],
      ['3', '3'],
      ['SL4', refused('value-not-allowed')],
    ],
  ],
  [
    'arrivalDeparture',
    conversions.arrivalDeparture,
    [
      ['Arrival', 'arrival'],
      ['DEPARTURE', 'departure'],
      ['Visit', refused('value-not-allowed')],
    ],
  ],
  [
    'gender',
    conversions.gender,
    [
      ['Male', '1'],
      ['Female', '2'],
      ['Unknown', '0'],
      ['NotApplicable', '9'],
      ['F', '2'],
      ['x', refused('code-unknown', 'warning')],
    ],
  ],
  [
    'idDocument',
    conversions.idDocument,
    [
      ['Passport', '39'],
      ['MusterBook', '718'],
      ['PictureId', '36'],
      ['718', '718'],
      ['Other', 'other'],
      ['LaissezPasser', refused('code-unknown', 'warning')],
    ],
  ],
  [
    'wasteDeliveryStatus',
    conversions.wasteDeliveryStatus,
    [
      ['All', 'all'],
      ['Some', 'some'],
      ['None', 'none'],
      ['Maybe', refused('code-unknown', 'warning')],
    ],
  ],
  [
    'dgClassification',
    conversions.dgClassification,
    [
      ['IMDG', 'IMDG'],
      ['IBC', 'IBC'],
      ['IGC', 'IGC'],
      ['BC', 'IMSBC'],
      ['MARPOL', 'MARPOL_ANNEX1'],
      ['MARPOL_ANNEX1', 'MARPOL_ANNEX1'],
      ['IMD', 'IMDG'],
      ['ADR', refused('value-not-allowed')],
    ],
  ],
  [
    'packingGroup',
    conversions.packingGroup,
    [
      ['II', 'II'],
      ['None', undefined],
      ['IV', refused('code-unknown', 'warning')],
    ],
  ],
  [
    'marinePollutant',
    conversions.marinePollutant,
    [
      ['X', 'X'],
      ['OS', 'O'],
      ['None', undefined],
      ['Q', refused('code-unknown', 'warning')],
    ],
  ],
  [
    'infClass',
    conversions.infClass,
    [
      ['INF1', 'INF1'],
      ['INF 2', 'INF2'],
      ['None', undefined],
    ],
  ],
  [
    'isscType',
    conversions.isscType,
    [
      ['Full', 'FULL'],
      ['Interim', 'INTERIM'],
      ['Expired', refused('code-unknown', 'warning')],
    ],
  ],
  [
    'healthState',
    conversions.healthState,
    [
      ['ill', 'stillIll'],
      ['Recovered', 'recovered'],
      ['Dead', 'died'],
    ],
  ],
];

describe.each(tables)('%s', (_, convert, rows) => {
  it.each(rows)('%s', (text, expected) => {
    expect(run(convert, text)).toEqual(expected);
  });
});

it('an unknown document type goes on as "other" and its text is kept', () => {
  expect(conversions.idDocument('LaissezPasser')).toMatchObject({ value: 'other', keepsText: true });
});
