import { readSettings } from '../config/settings';
import { limitsOf, rolesOf } from './part';

const settings = readSettings({
  KAFKA_BROKERS: 'k:9092',
  REDIS_URL: 'redis://r',
  WORKERS: '4',
  MAX_IN_FLIGHT: '10',
  TENANT_REQUESTS_PER_SECOND: '6',
});

test('primary and workers have the roles of the whole between them', () => {
  expect([...rolesOf(settings, { part: 'whole' })]).toEqual(['intake', 'exchange', 'adapters']);
  expect([...rolesOf(settings, { part: 'primary' })]).toEqual(['exchange', 'adapters']);
  expect([...rolesOf(settings, { part: 'worker' })]).toEqual(['intake']);
  expect([...rolesOf({ roles: new Set(['intake']) }, { part: 'primary' })]).toEqual([]);
});

test('the workers take no more between them than one process would, and each at least one', () => {
  expect(limitsOf(settings, { part: 'whole' })).toEqual({ maxInFlight: 10, tenantRequestsPerSecond: 6 });
  expect(limitsOf(settings, { part: 'worker' })).toEqual({ maxInFlight: 2, tenantRequestsPerSecond: 1.5 });
  expect(limitsOf({ ...settings, maxInFlight: 2, tenantRequestsPerSecond: 0 }, { part: 'worker' })).toEqual({
    maxInFlight: 1,
    tenantRequestsPerSecond: 0,
  });
});
