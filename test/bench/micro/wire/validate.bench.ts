import { normalise } from '../../../../gateway/wire/validate/normalise';
import { createSchemaValidator } from '../../../../gateway/wire/validate/schema-validator';
import type { Benches } from '../harness';
import { bytesOf, readingOf, receivedAt, validate } from '../materials';

export const benches: Benches = () => {
  const reading = readingOf(bytesOf('typical', 'xml'));
  const zones = { zoneOfPort: () => 'Asia/Ho_Chi_Minh', defaultZone: 'Asia/Ho_Chi_Minh' };
  const { candidate } = normalise(reading, zones);
  const validateSchema = createSchemaValidator();
  return [
    { name: 'wire/validate: the whole, typical', run: () => validate(reading, receivedAt) },
    { name: 'wire/validate: of that normalise', run: () => normalise(reading, zones) },
    { name: 'wire/validate: of that the schema', run: () => validateSchema(candidate) },
  ];
};
