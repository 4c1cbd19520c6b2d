import fc from 'fast-check';
import { formatUtc, instantOf, isDate, isUtcDateTime, parseDateTime } from './date-time';

const utc = (text: string) => {
  const ms = instantOf(text);
  return ms === undefined ? undefined : formatUtc(ms);
};

describe('reading a time', () => {
  it.each([
    ['2026-11-24T03:00:00Z', '2026-11-24T03:00:00Z'],
    ['2026-11-24T10:00:00+07:00', '2026-11-24T03:00:00Z'],
    ['2026-11-24T10:00+0700', '2026-11-24T03:00:00Z'],
    ['2026-11-24T10:00:00+07', '2026-11-24T03:00:00Z'],
    ['2026-11-23T21:30:00.5-05:30', '2026-11-24T03:00:00.500Z'],
    ['2026-11-24T03:00:00.1239999Z', '2026-11-24T03:00:00.123Z'],
    ['2026-11-24T03:00:00.0004Z', '2026-11-24T03:00:00Z'],
    ['2026-12-31T24:00:00Z', '2027-01-01T00:00:00Z'],
    ['2024-02-29T00:00:00z', '2024-02-29T00:00:00Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
  ])('%s is %s', (text, expected) => {
    expect(utc(text)).toBe(expected);
    expect(isUtcDateTime(expected)).toBe(true);
  });

  it.each([
    '2026-02-29T00:00:00Z',
    '2100-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-11-31T00:00:00Z',
    '0000-01-01T00:00:00Z',
    '2026-11-24T24:00:01Z',
    '2026-11-24T25:00:00Z',
    '2026-11-24T12:60:00Z',
    '2026-11-24T12:00:60Z',
    '2026-11-24 12:00:00Z',
    '2026-11-24T12:00:00.Z',
    '2026-11-24T12:00:00+15:00',
    '2026-11-24T12:00:00+07:60',
    '2026-11-24T12:00:00+7',
    '2026-11-24T12:00:00 Z',
    '2026-11-24T12:00:00Zx',
    '2026-11-24T1:00:00Z',
    '2026-11-24',
    '24/11/2026 12:00',
    '２026-11-24T12:00:00Z',
    '',
  ])('%j is none', (text) => {
    expect(parseDateTime(text)).toBeUndefined();
    expect(isUtcDateTime(text)).toBe(false);
  });

  it('a time without a zone has no instant', () => {
    expect(parseDateTime('2026-11-24T12:00:00')).toEqual({ clockMs: Date.UTC(2026, 10, 24, 12) });
    expect(instantOf('2026-11-24T12:00:00')).toBeUndefined();
  });

  it('agrees with Date on every instant', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }),
        (date) => {
          expect(instantOf(date.toISOString())).toBe(date.getTime());
          expect(instantOf(formatUtc(date.getTime()))).toBe(date.getTime());
        },
      ),
    );
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseDateTime(text)));
  });
});

describe('dates', () => {
  it.each(['2024-02-29', '2000-02-29', '1900-12-31'])('%s is a date', (text) => {
    expect(isDate(text)).toBe(true);
  });

  it.each(['2023-02-29', '1900-02-29', '2026-1-01', '2026-01-01Z', '20260101', ''])('%j is none', (text) => {
    expect(isDate(text)).toBe(false);
  });
});
