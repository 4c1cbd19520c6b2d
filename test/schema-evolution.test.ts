import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { parseRequest } from '../adapters/runtime/parse-request';
import { dossierIdOfTask } from '../gateway/core/identifiers';
import { EventType } from '../gateway/core/messages';
import { keys } from '../gateway/read-model';
import { relayBatch } from '../gateway/relay';
import type { LogRecord } from '../gateway/ports/message-log';
import { parseDecision } from '../gateway/wire/decision-message';
import { PARTITIONS } from './support/exchange-world';
import { FakeMessageLog } from './support/fake-message-log';
import { foldGolden, goldenFolder, goldenRules, outputsOf, readGolden, type GoldenRecord } from './support/golden-messages';

/** Old records with this build, and records of another build with this one (guarantees.md F39): the same bytes, whoever wrote them. */
type Json = Record<string, unknown>;

const names = readdirSync(goldenFolder).flatMap((file) => (file.endsWith('.json') ? [file.slice(0, -'.json'.length)] : []));
const schemas = path.join(__dirname, '..', 'schemas');
const ajv = new Ajv2020({ strict: false });
addFormats(ajv);
for (const name of ['declaration', 'decision', 'request', 'result', 'clearance', 'receipt', 'declaration-record'])
  ajv.addSchema(JSON.parse(readFileSync(path.join(schemas, `${name}.schema.json`), 'utf8')) as object, name);
const schema = (name: string): ValidateFunction => ajv.getSchema(name) as ValidateFunction;

/** What another build may add anywhere. */
const ADDED = { 'a-member-of-tomorrow': { text: 'x', list: [1, null] } };

/** The records with their values changed. */
function changed(records: readonly GoldenRecord[], change: (value: Json, type: string) => Json): GoldenRecord[] {
  return records.map((record) => ({
    ...record,
    value: JSON.stringify(change(JSON.parse(record.value) as Json, record.headers['ce_type'] ?? '')),
  }));
}

describe.each(names)('messages of %s', (name) => {
  const golden = readGolden(name);
  const rules = goldenRules(golden);
  const fold = async (records: readonly GoldenRecord[]) => {
    const { world, process } = await foldGolden(records, rules);
    return { outputs: outputsOf(world), exits: process.told.exits, poisoned: process.told.poisoned, world };
  };

  test('fold to the same bytes with this build', async () => {
    const { outputs, poisoned } = await fold(golden.dossiers);
    expect(poisoned).toBe(0);
    expect(outputs).toEqual(golden.outputs);
  });

  test('are what the present schemas describe', () => {
    const valid = (schemaName: string, value: unknown) => {
      const validate = schema(schemaName);
      validate(value);
      expect([schemaName, validate.errors]).toEqual([schemaName, null]);
    };
    for (const { headers, value } of golden.dossiers)
      if (headers['ce_type'] === EventType.declaration) valid('declaration-record', JSON.parse(value));
    for (const { value } of golden.decisions) valid('decision', value);
    for (const [topic, records] of Object.entries(golden.outputs)) {
      for (const text of Object.values(records)) {
        const value = JSON.parse(text) as Json;
        if (topic.includes('requests.')) valid('request', value);
        else if (topic.startsWith('results.')) valid('result', value);
        else if ('clearanceId' in value) valid('clearance', value);
      }
    }
  });

  test.each([
    ['before the others', (value: Json): Json => ({ ...ADDED, ...value })],
    ['after the others', (value: Json): Json => ({ ...value, ...ADDED })],
    [
      'in the receipt',
      (value: Json): Json => ('receipt' in value ? { ...value, receipt: { ...(value['receipt'] as Json), ...ADDED } } : value),
    ],
  ])('fold to the same bytes with members of a newer producer %s', async (_where, add) => {
    const { outputs, poisoned } = await fold(changed(golden.dossiers, add));
    expect(poisoned).toBe(0);
    expect(outputs).toEqual(golden.outputs);
  });

  test('keep what this build does not know of a declaration, and show it to no agency', async () => {
    const grown = changed(golden.dossiers, (value, type) => {
      if (type !== EventType.declaration) return value;
      const declaration = value['declaration'] as Json;
      return {
        ...value,
        declaration: { ...declaration, ...ADDED, ship: declaration['ship'] && { ...(declaration['ship'] as Json), ...ADDED } },
      };
    });
    const { outputs, world } = await fold(grown);
    expect(outputs).toEqual(golden.outputs);
    for (const { partition, headers, value } of grown) {
      const { dossierId, declaration, action } = JSON.parse(value) as { dossierId: string; declaration: Json; action: string };
      if (headers['ce_type'] !== EventType.declaration || action !== 'original') continue;
      const [body] = await world.store().getMany(partition, [keys.body(dossierId)]);
      const kept = JSON.parse(body?.toString() ?? '{}') as Json;
      expect(kept).toMatchObject(ADDED);
      expect(kept['ship']).toMatchObject(declaration['ship'] as Json);
      expect(kept['extensions']).toEqual(declaration['extensions']);
    }
  });

  test('fold without what an older producer did not write', async () => {
    // Optional members of a decision, each alone; none is poison and the dossier takes it.
    const optional = ['revision', 'reasons', 'conditions', 'documents', 'reference', 'decidedAt'];
    const all = await fold(golden.dossiers);
    for (const member of optional) {
      const { exits, poisoned } = await fold(
        changed(golden.dossiers, (value, type) => {
          const { [member]: _member, ...rest } = value;
          return type === EventType.decision ? rest : value;
        }),
      );
      expect([member, poisoned, exits]).toEqual([member, 0, all.exits]);
    }
    const bare = await fold(
      changed(golden.dossiers, (value, type) => {
        if (type !== EventType.declaration) return value;
        const { action: _action, ...receipt } = value['receipt'] as Json;
        return { ...value, receipt };
      }),
    );
    expect(bare.outputs).toEqual(golden.outputs);
  });

  test('go on past an event of a kind that this build does not know: it is set aside, and nothing else changes', async () => {
    const first = golden.dossiers[0] as GoldenRecord;
    // After the others: what comes before would move their positions.
    const unknown: GoldenRecord = { ...first, headers: { ...first.headers, ce_type: 'vn.seaport.tomorrow.v1' } };
    const { outputs, poisoned, world } = await fold([...golden.dossiers, unknown]);
    expect([poisoned, outputs]).toEqual([1, golden.outputs]);
    expect(world.records('dead-letters')).toHaveLength(1);
  });

  test('decisions are relayed with members that we do not know, which are left out', async () => {
    for (const [n, { value }] of golden.decisions.entries()) {
      const log = new FakeMessageLog();
      await log.createTopics([{ topic: 'dossiers', partitions: PARTITIONS }]);
      for (const sent of [value, { ...value, ...ADDED }, { ...ADDED, ...value }]) {
        const record: LogRecord = {
          topic: 'decisions.customs',
          partition: 0,
          offset: n,
          timestampMs: 0,
          key: null,
          value: Buffer.from(JSON.stringify({ ...sent, agency: 'customs' })),
          headers: { ce_id: `D-${n}`, a_header_of_tomorrow: 'x' },
        };
        await relayBatch(
          { topic: record.topic, partition: 0, records: [record], endOffset: n + 1 },
          {
            log,
            clock: { nowMs: () => 0, monotonicMs: () => 0 },
            partitions: PARTITIONS,
            deadLetter: () => {
              throw new Error('set aside');
            },
            refused: (_record, reason) => {
              throw new Error(reason);
            },
          },
        );
      }
      const known = parseDecision(Buffer.from(JSON.stringify(value)));
      expect(known).toMatchObject({ ok: true });
      const values = log.data.records('dossiers').map((record) => JSON.parse(record.value.toString()) as Json);
      expect(values).toHaveLength(3);
      for (const value of values) {
        expect(value).toEqual(values[0]);
        expect(value).toMatchObject({
          dossierId: dossierIdOfTask(String(value['taskId'])),
          ...(known.ok ? known.value : {}),
          agency: 'customs',
        });
        expect(value).not.toHaveProperty('a-member-of-tomorrow');
      }
    }
  });

  test('requests are read by an adapter of this build, and with members of a newer exchange', () => {
    for (const [topic, records] of Object.entries(golden.outputs).filter(([one]) => one.includes('requests.'))) {
      const agency = topic.slice(topic.lastIndexOf('.') + 1);
      for (const text of Object.values(records)) {
        const plain = JSON.parse(text) as Json;
        const view = { ...(plain['view'] as Json), ...ADDED };
        for (const value of [plain, { ...plain, ...ADDED }, { ...plain, view }]) {
          const record = {
            topic,
            partition: 0,
            offset: 0,
            timestampMs: 0,
            key: null,
            value: Buffer.from(JSON.stringify(value)),
            headers: {},
          };
          expect([topic, parseRequest(record, agency).ok]).toEqual([topic, true]);
        }
      }
    }
  });

  test('clearances, results and receipts may have more members: their schemas say so', () => {
    for (const schemaName of ['clearance', 'result', 'receipt', 'request', 'decision', 'declaration-record'])
      expect((schema(schemaName).schema as Json)['additionalProperties'] ?? true).toBe(true);
  });
});

test('there are messages to hold the build against', () => {
  expect(names).toContain('2026-11');
});
