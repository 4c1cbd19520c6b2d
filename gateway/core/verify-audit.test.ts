import fc from 'fast-check';
import { chained, signedPartOf, type AuditRecord, type ChainHead } from './audit-chain';
import { canonicalJson } from './canonical-json';
import { digestOf } from './identifiers';
import { AuditVerifier, type AuditReport } from './verify-audit';

const sign = (text: string): string => `key..${digestOf(`secret ${text}`)}`;
const chainName = 'c'.repeat(32);

/** A chain as a process writes it: appends of so many records, the last of each signed. */
function chainOf(appends: readonly number[]): AuditRecord[] {
  const records: AuditRecord[] = [];
  for (const size of appends)
    for (let i = 0; i < size; i++) {
      const entry = { action: 'task.read', by: { role: 'agency', name: 'desk' }, subject: { taskId: String(records.length) } } as const;
      const record = chained(entry, chainName, '2026-11-24T03:00:00Z', records.at(-1));
      records.push(i === size - 1 ? { ...record, signature: sign(signedPartOf(record)) } : record);
    }
  return records;
}

function verify(records: readonly unknown[], heads: readonly ChainHead[] = [], isTrimmed = false): AuditReport {
  const verifier = new AuditVerifier({ verifies: (signature, text) => signature === sign(text), heads, isTrimmed });
  records.forEach((record, offset) => verifier.add({ partition: 0, offset, record }));
  return verifier.report();
}

const faultsOf = (report: AuditReport): string[] => report.findings.map(({ fault }) => fault);
const appends = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 8 });
/** A chain, its last record as the head from outside, and a place in it. */
const placed = appends.map(chainOf).chain((records) => {
  const head = records.at(-1) as AuditRecord;
  return fc.record({ records: fc.constant(records), head: fc.constant(head), at: fc.integer({ min: 0, max: records.length - 1 }) });
});

describe('an audit chain', () => {
  it('verifies as it was written, with the places to copy elsewhere', () => {
    fc.assert(
      fc.property(placed, ({ records, head }) => {
        const report = verify(records, [head]);
        expect(report).toMatchObject({ records: records.length, chains: 1, repeats: 0, findings: [] });
        expect(report.heads).toEqual([{ chain: chainName, n: head.n, hash: head.hash }]);
      }),
    );
  });

  it('shows a change of any member of any record', () => {
    const changes: ((record: AuditRecord) => object)[] = [
      (record) => ({ ...record, at: '2026-11-24T03:00:01Z' }),
      (record) => ({ ...record, by: { ...record.by, name: 'other' } }),
      (record) => ({ ...record, subject: {} }),
      (record) => ({ ...record, detail: { more: 1 } }),
      (record) => ({ ...record, n: record.n + 1 }),
      (record) => ({ ...record, chain: 'd'.repeat(32) }),
      (record) => ({ ...record, previous: 'f'.repeat(64) }),
      (record) => ({ ...record, hash: 'f'.repeat(64) }),
      (record) => ({ ...record, signature: 'key..forged' }),
      // With hashes made anew, as whoever has no signing key could.
      ({ signature, ...record }) => {
        const before = record.n === 0 ? undefined : { chain: record.chain, n: record.n - 1, hash: record.previous };
        const forged = chained({ ...record, subject: { taskId: 'forged' } }, record.chain, record.at, before);
        return signature === undefined ? forged : { ...forged, signature };
      },
    ];
    fc.assert(
      fc.property(placed, fc.constantFrom(...changes), ({ records, head, at }, change) => {
        expect(faultsOf(verify(records.with(at, change(records[at] as AuditRecord) as AuditRecord), [head]))).not.toEqual([]);
      }),
    );
  });

  it('shows a record that was dropped, or put in, or moved, and an end that was cut off', () => {
    fc.assert(
      fc.property(placed, fc.nat(40), ({ records, head, at }, other) => {
        const taken = records.toSpliced(at, 1);
        expect(faultsOf(verify(taken, [head]))).not.toEqual([]);
        const before = at === 0 ? undefined : records[at - 1];
        const forged = chained({ action: 'task.read', by: { role: 'agency', name: 'forger' } }, chainName, '2026-11-24T03:00:00Z', before);
        expect(faultsOf(verify(records.toSpliced(at, 0, forged), [head]))).not.toEqual([]);
        expect(faultsOf(verify([...records, chained({ action: 'task.read', by: forged.by }, chainName, forged.at, head)]))).toEqual([
          'end-unsigned',
        ]);
        const to = other % records.length;
        if (to !== at) expect(faultsOf(verify(taken.toSpliced(to, 0, records[at] as AuditRecord), [head]))).not.toEqual([]);
        expect(faultsOf(verify(records.slice(0, at), [head]))).toContain('head-missing');
      }),
    );
  });

  it('takes an append that was repeated for what it is', () => {
    const records = chainOf([2, 3]);
    expect(verify([...records.slice(0, 2), ...records.slice(0, 2), ...records.slice(2)])).toMatchObject({ findings: [], repeats: 2 });
  });

  it('does not miss a beginning that retention has removed, and only then', () => {
    const late = chainOf([2, 3]).slice(2);
    expect(faultsOf(verify(late))).toEqual(['start-missing']);
    expect(faultsOf(verify(late, [], true))).toEqual([]);
  });

  it('shows a whole chain that was taken away, to whoever has a later one that named its end', () => {
    const gone = chainOf([2]);
    const last = gone.at(-1) as AuditRecord;
    const audit = [{ partition: 0, end: gone.length, digest: digestOf(canonicalJson(last)) }];
    const start = chained(
      { action: 'process.start', by: { role: 'gateway', name: 'gateway' }, detail: { audit } },
      'd'.repeat(32),
      last.at,
      undefined,
    );
    const later = { ...start, signature: sign(signedPartOf(start)) };
    expect(faultsOf(verify([...gone, later]))).toEqual([]);
    expect(faultsOf(verify([later]))).toEqual(['partition-cut']);
  });

  it('ends with its stop', () => {
    const stop = chained(
      { action: 'process.stop', by: { role: 'gateway', name: 'gateway' } },
      chainName,
      '2026-11-24T03:00:00Z',
      undefined,
    );
    const after = chained({ action: 'task.read', by: stop.by }, chainName, stop.at, stop);
    expect(faultsOf(verify([stop, { ...after, signature: sign(signedPartOf(after)) }]))).toEqual(['after-stop']);
  });

  it.each([undefined, null, 1, {}, { chain: 'x', n: 0, hash: 1, previous: '' }])('says that %p is no record', (value) => {
    expect(faultsOf(verify([value]))).toEqual(['unreadable']);
  });
});
