import { instantOf } from '../date-time';
import { problem } from '../problem-catalogue';
import type { Rule } from './rule';

const YEAR_2000_MS = 946_684_800_000;
const DAY_MS = 86_400_000;

/** Templates carry SentTime 0001-01-01. A sender's clock may be wrong: only a day ahead of ours is worth a word. */
export const sentTime: Rule = ({ header }, { receivedAt }) => {
  const sent = instantOf(header?.sentAt);
  const received = instantOf(receivedAt);
  if (sent === undefined) return [];
  if (sent < YEAR_2000_MS) return [problem('time-implausible', { pointer: '/header/sentAt' })];
  return received !== undefined && sent > received + DAY_MS ? [problem('time-in-future', { pointer: '/header/sentAt' })] : [];
};
