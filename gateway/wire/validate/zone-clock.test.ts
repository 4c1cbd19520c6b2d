import { formatUtc, parseDateTime } from '../../core/date-time';
import { zoneClockOf } from './zone-clock';

const read = (zone: string, clock: string) => formatUtc(zoneClockOf(zone).instantOf(parseDateTime(clock)?.clockMs ?? NaN));

describe('the clock of a zone', () => {
  it.each([
    ['Asia/Ho_Chi_Minh', '2026-11-24T10:00:00', '2026-11-24T03:00:00Z'],
    ['Europe/Athens', '2014-10-22T06:16:00', '2014-10-22T03:16:00Z'],
    ['Europe/Athens', '2014-10-26T06:16:00', '2014-10-26T04:16:00Z'],
    ['America/St_Johns', '2026-07-01T00:00:00', '2026-07-01T02:30:00Z'],
    ['Pacific/Kiritimati', '2026-01-01T00:00:00', '2025-12-31T10:00:00Z'],
    ['Australia/Lord_Howe', '2026-01-01T00:00:00', '2025-12-31T13:00:00Z'],
    ['UTC', '2026-01-01T00:00:00', '2026-01-01T00:00:00Z'],
  ])('%s %s is %s', (zone, clock, instant) => {
    expect(read(zone, clock)).toBe(instant);
  });

  it('an hour that comes twice is the first of the two', () => {
    expect(read('Europe/Berlin', '2026-10-25T02:30:00')).toBe('2026-10-25T00:30:00Z');
    expect(read('Europe/Berlin', '2026-10-25T03:00:00')).toBe('2026-10-25T02:00:00Z');
  });

  it('an hour that is skipped is read with the offset before', () => {
    expect(read('Europe/Berlin', '2026-03-29T02:30:00')).toBe('2026-03-29T01:30:00Z');
    expect(read('Europe/Berlin', '2026-03-29T03:00:00')).toBe('2026-03-29T01:00:00Z');
    expect(read('Europe/Berlin', '2026-03-29T01:59:59')).toBe('2026-03-29T00:59:59Z');
  });

  it('is made once a zone', () => {
    expect(zoneClockOf('Asia/Tokyo')).toBe(zoneClockOf('Asia/Tokyo'));
  });

  it('refuses a zone that does not exist', () => {
    expect(() => zoneClockOf('Asia/Atlantis')).toThrow(RangeError);
  });
});
