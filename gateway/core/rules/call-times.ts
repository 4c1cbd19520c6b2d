import { instantOf } from '../date-time';
import type { Problem } from '../problem';
import { problem } from '../problem-catalogue';
import type { Rule } from './rule';

/** A ship leaves after it arrives: ETD > ETA, ATD ≥ ATA. Estimates and actual times are not held against each other. */
export const callTimes: Rule = ({ portCall }) => {
  const problems: Problem[] = [];
  const eta = instantOf(portCall?.eta);
  const etd = instantOf(portCall?.etd);
  const ata = instantOf(portCall?.ata);
  const atd = instantOf(portCall?.atd);
  if (eta !== undefined && etd !== undefined && etd <= eta)
    problems.push(
      problem(
        'times-out-of-order',
        { pointer: '/portCall/etd' },
        { en: 'The estimated departure is not after the estimated arrival.', vi: 'Thời gian rời dự kiến không sau thời gian đến dự kiến.' },
      ),
    );
  if (ata !== undefined && atd !== undefined && atd < ata)
    problems.push(
      problem(
        'times-out-of-order',
        { pointer: '/portCall/atd' },
        { en: 'The actual departure is before the actual arrival.', vi: 'Thời gian rời thực tế trước thời gian đến thực tế.' },
      ),
    );
  return problems;
};
