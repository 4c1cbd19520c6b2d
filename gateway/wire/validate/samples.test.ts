import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import portZones from '../../../config/port-zones.json';
import { readEpc } from '../epc/read-epc';
import type { ReadDeclaration } from '../reading';
import { createZoneOfPort } from './port-zones';
import { createDeclarationValidator } from './validate-declaration';

/** A real arrival message, kept outside this repository (its licence): what its slips are, and that nothing else is found. */
const sample = join(__dirname, '../../../../shared/samples/epc-sergouniotis-utils/EPCMessage.arrival-FAL.xml');
const there = existsSync(sample);
if (!there) console.warn(`skipped: no sample at ${sample}`);

(there ? describe : describe.skip)('a real arrival message', () => {
  const validate = createDeclarationValidator({ zoneOfPort: createZoneOfPort(portZones), defaultZone: 'Asia/Ho_Chi_Minh' });
  const judge = (text: string) => validate(readEpc(Buffer.from(text)) as ReadDeclaration, '2026-11-24T00:00:00Z');
  const text = there ? readFileSync(sample, 'utf8') : '';

  it('names a UN number that does not exist, and nothing else stops it', () => {
    const outcome = judge(text);
    const problems = outcome.ok ? [] : outcome.problems;
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([
      expect.objectContaining({
        code: 'un-number-unknown',
        xpath: expect.stringContaining('/UNNumber') as string,
        line: expect.any(Number) as number,
      }),
    ]);
  });

  it('with a UN number that exists, passes with its warnings, times read in Greece', () => {
    const outcome = judge(text.replace('6666', '1203'));
    expect(outcome).toMatchObject({
      ok: true,
      value: { header: { sentAt: '2015-04-16T07:22:26Z' }, portCall: { eta: '2014-10-22T03:16:00Z' } },
    });
    expect(new Set(outcome.ok ? outcome.warnings.map(({ code }) => code) : [])).toEqual(
      new Set([
        'time-without-zone',
        'element-unmapped',
        'imo-company-check-digit',
        'code-unknown',
        'hazard-class-mismatch',
        'compatibility-group-missing',
        'packing-group-not-applicable',
        'dates-reversed',
      ]),
    );
  });
});
