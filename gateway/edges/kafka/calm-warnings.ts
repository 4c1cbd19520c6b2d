/**
 * A broker that is away makes kafkajs say the same thing hundreds of times a minute. Of one warning (its text without numbers, and its
 * group) one in `everyMs` is passed on, with the number of those that were not.
 */
export function calmWarnings(
  onWarning: (message: string, context: Record<string, unknown>) => void,
  everyMs = 10_000,
  nowMs: () => number = () => performance.now(),
): (message: string, context: Record<string, unknown>) => void {
  const heard = new Map<string, { atMs: number; unsaid: number }>();
  return (message, context) => {
    const group = context['group'] ?? context['groupId'];
    const kind = `${message.replace(/\d+/g, '#')} ${typeof group === 'string' ? group : ''}`;
    const before = heard.get(kind);
    const now = nowMs();
    if (before && now - before.atMs < everyMs) {
      before.unsaid++;
      return;
    }
    // Texts that name one thing after another must not fill the memory.
    if (heard.size >= MOST_KINDS) heard.clear();
    heard.set(kind, { atMs: now, unsaid: 0 });
    onWarning(message, before && before.unsaid > 0 ? { ...context, unsaid: before.unsaid } : context);
  };
}

const MOST_KINDS = 500;
