import type { Committed, GroupReset } from './history';
import type { Findings } from './findings';

/** I12: committed offsets never fall, and never pass input whose output is not in the log. */
export class Offsets {
  private readonly findings: Findings;
  private readonly last = new Map<string, number>();
  private readonly samples: (Committed & { clearancesEnd: number })[] = [];
  /** Partition → what was issued: the offset of the cause in `dossiers`, and its own in `clearances`. */
  private readonly issued = new Map<number, { basis: number; offset: number }[]>();

  constructor(findings: Findings) {
    this.findings = findings;
  }

  sample(entry: Committed | GroupReset): void {
    if (entry.kind === 'reset') {
      for (const place of this.last.keys()) if (place.startsWith(`${entry.group} `)) this.last.delete(place);
      return;
    }
    const { group, topic, partition, offset, clearancesEnd } = entry;
    const place = `${group} ${topic}/${partition}`;
    const before = this.last.get(place);
    this.findings.check('I12');
    if (before !== undefined && offset < before)
      this.findings.report('I12', 'wrong', place, `the committed offset fell from ${before} to ${offset}`);
    this.last.set(place, offset);
    if (topic === 'dossiers' && clearancesEnd !== undefined) this.samples.push({ ...entry, clearancesEnd });
  }

  issue(partition: number, basis: number, offset: number): void {
    const issued = this.issued.get(partition);
    if (issued === undefined) this.issued.set(partition, [{ basis, offset }]);
    else issued.push({ basis, offset });
  }

  finish(): void {
    for (const [partition, issued] of this.issued) {
      issued.sort((a, b) => a.basis - b.basis);
      const samples = this.samples.filter((sample) => sample.partition === partition).sort((a, b) => a.offset - b.offset);
      let next = 0;
      let latest = { basis: -1, offset: -1 };
      for (const { offset: committed, clearancesEnd } of samples) {
        for (let one = issued[next]; one !== undefined && one.basis < committed; one = issued[++next])
          if (one.offset > latest.offset) latest = one;
        this.findings.check('I12');
        if (latest.offset < clearancesEnd) continue;
        const where = `dossiers/${partition}/${latest.basis}`;
        const told = `committed up to ${committed} while what it caused was not in clearances yet (at ${latest.offset}, end ${clearancesEnd})`;
        this.findings.report('I12', 'lost', where, told);
      }
    }
  }
}
