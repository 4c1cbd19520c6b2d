import { normalise } from '../../../../gateway/wire/validate/normalise';
import { createSchemaValidator } from '../../../../gateway/wire/validate/schema-validator';
import { writeIfNormal } from '../../../../gateway/wire/validate/write-normal';
import type { Benches } from '../harness';
import { bytesOf, readingOf, receivedAt, validate } from '../materials';

export const benches: Benches = () => {
  const reading = readingOf(bytesOf('typical', 'xml'));
  const zones = { zoneOfPort: () => 'Asia/Ho_Chi_Minh', defaultZone: 'Asia/Ho_Chi_Minh' };
  const { candidate } = normalise(reading, zones);
  const validateSchema = createSchemaValidator();
  return [
    { name: 'wire/validate: the whole, typical', run: () => validate(reading, receivedAt) },
    { name: 'wire/validate: of that the bytes of what is normal', run: () => writeIfNormal(reading.candidate) },
    { name: 'wire/validate: where it is not, normalise', run: () => normalise(reading, zones) },
    { name: 'wire/validate: … and its bytes', run: () => Buffer.from(JSON.stringify(candidate)) },
    { name: 'wire/validate: of that the schema', run: () => validateSchema(candidate) },
  ];
};
