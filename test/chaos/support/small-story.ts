import { LogOutcomeUnknown } from '../../../gateway/core/exchange-error';
import type { Declaration } from '../../../gateway/core/declaration';
import { SmallWorld, type Agent, type WorldOptions } from './small-world';

type Fate =
  | 'granted'
  | 'amended'
  | 'refusedThenIncomplete'
  | 'contradicted'
  | 'held'
  | 'cancelled'
  | 'silent'
  | 'test'
  | 'twice'
  | 'advised'
  | 'pending';

/** Name of the ship that comes last, and of which nothing else is said. */
export const LAST_SHIP = 'LAST OF ALL';

/** One small day, in which everything happens once that the invariants speak of. */
export interface Story {
  world: SmallWorld;
  /** Dossiers by what became of them. */
  dossiers: Record<Fate, string>;
}

const MINUTE_MS = 60_000;

export async function tellSmallStory(options: WorldOptions = {}): Promise<Story> {
  /** Appends of intake whose answer is lost. */
  let losesAnswers = 0;
  const world = await SmallWorld.create({
    ...options,
    logOf: (part, log) => {
      if (part === 'intake')
        log.afterAppend = () => {
          if (losesAnswers-- > 0) throw new LogOutcomeUnknown('the answer was lost');
        };
      return options.logOf?.(part, log) ?? log;
    },
  });
  const opened = async (agent: Agent, declaration: Declaration): Promise<string> => {
    const { receipt, text } = await world.submit(agent, declaration);
    if (receipt === undefined) throw new Error(`not accepted: ${text}`);
    return receipt.dossierId;
  };
  const settle = async (): Promise<void> => {
    world.clock.advance(MINUTE_MS);
    await world.settle();
    for (const agent of ['agent', 'agent2'] as const) await world.followFeed(agent);
  };

  // Granted at once; the same again, other bytes, a fault, a dry run.
  const first = world.declaration('agent');
  const granted = await opened('agent', first);
  await world.look('agent', granted);
  await settle();
  await world.look('agent', granted);
  await world.submit('agent', first);
  await world.submit('agent', { ...first, voyage: { voyageNumber: '999' } });
  await world.submit(
    'agent',
    world.declaration('agent', (declaration) => delete declaration.ship),
  );
  world.dryRun('agent', world.declaration('agent'));

  // An amendment that one agency sees.
  const second = world.declaration('agent2');
  const amended = await opened('agent2', second);
  await settle();
  const amend = (root: Declaration, agent: Agent, content: object): object => ({
    header: { ...root.header, ...world.declaration(agent).header, purpose: 'amend', referenceMessageId: root.header.messageId },
    ...content,
  });
  await world.submit('agent2', amend(second, 'agent2', { formalities: { waste: { items: [{ wasteTypeCode: '102' }] } } }));
  await settle();

  // Customs changes its mind: refused, then accepted; and refused, then more wanted.
  world.plays['customs'] = () => [{ outcome: 'refused', reasons: [{ code: 'A', text: 'No.' }] }];
  const third = world.declaration('agent');
  const contradicted = await opened('agent', third);
  const refusedThenIncomplete = await opened('agent2', world.declaration('agent2'));
  await settle();
  await world.look('agent', contradicted);
  const taskOf = (dossierId: string, agency: string): string => {
    const requests = world.logData.records(`requests.${agency}`).map(({ value }) => value.toString());
    const request = requests.find((text) => text.includes(dossierId)) ?? '{"taskId":"none"}';
    return (JSON.parse(request) as { taskId: string }).taskId;
  };
  await world.write('customs', { taskId: taskOf(contradicted, 'customs'), outcome: 'accepted' });
  await world.write('customs', { taskId: taskOf(refusedThenIncomplete, 'customs'), outcome: 'moreInfoRequired' });
  await settle();
  await world.look('agent', contradicted);

  // Held, and released; said twice.
  world.plays['customs'] = () => [{ outcome: 'accepted' }, { outcome: 'held' }];
  const held = await opened('agent', world.declaration('agent'));
  await settle();
  for (let i = 0; i < 2; i++) await world.write('customs', { taskId: taskOf(held, 'customs'), outcome: 'released' }, { partition: 1 });
  await settle();
  delete world.plays['customs'];

  // Cancelled before customs has answered, which it does all the same.
  world.plays['customs'] = () => undefined;
  const fourth = world.declaration('agent2');
  const cancelled = await opened('agent2', fourth);
  await settle();
  await world.submit(
    'agent2',
    amend(fourth, 'agent2', { header: { ...(amend(fourth, 'agent2', {}) as Declaration).header, purpose: 'cancel' } }),
  );
  await settle();
  await world.write('customs', { taskId: taskOf(cancelled, 'customs'), outcome: 'accepted' });
  await settle();

  // A test declaration; a dossier whose adviser and customs stay silent past their due time.
  const test = await opened(
    'agent',
    world.declaration('agent', ({ header }) => void (header.testIndicator = true)),
  );
  world.plays['planning'] = () => undefined;
  const silent = await opened('agent2', world.declaration('agent2'));
  delete world.plays['planning'];
  await settle();
  world.clock.advance(61 * MINUTE_MS);
  await world.fireDeadlines();
  await world.write('customs', { taskId: taskOf(silent, 'customs'), outcome: 'accepted' });
  delete world.plays['customs'];
  await settle();

  // The answer of an append is lost: stored twice, counted once. The store is away: what intake cannot know the fold judges.
  const fifth = world.declaration('agent');
  losesAnswers = 1;
  await world.submit('agent', fifth);
  world.clock.advance(1_000);
  const twice = await opened('agent', fifth);
  world.isStoreAway = true;
  await world.submit('agent2', amend(world.declaration('agent2'), 'agent2', { voyage: { voyageNumber: '1' } }));
  world.isStoreAway = false;
  await settle();

  // An adviser refuses, which is a condition only.
  world.plays['planning'] = () => [{ outcome: 'refused', reasons: [{ code: 'B', text: 'Not advised.' }] }];
  const advised = await opened('agent', world.declaration('agent'));
  await settle();
  delete world.plays['planning'];

  // What is no decision, names another agency, has no task; poison where nobody but the gateway writes.
  await world.write('customs', Buffer.from('not json'));
  const forged = await world.write('customs', { taskId: taskOf(granted, 'tax'), outcome: 'refused', agency: 'tax' });
  world.entries.push({ kind: 'decision', agency: 'customs', intent: 'forged', ...forged });
  await world.write('customs', { taskId: taskOf(granted, 'tax'), outcome: 'refused' });
  await world.write('customs', { taskId: `${granted}-0123456789abcdef`, outcome: 'refused' });
  const genuine = await world.write('customs', { taskId: taskOf(granted, 'customs'), outcome: 'acknowledged' });
  world.entries.push({ kind: 'decision', agency: 'customs', intent: 'genuine', ...genuine });
  await world.poison('dossiers');
  await world.poison('requests.planning');
  await world.poison('requests.planning', '{"dossierId":"x"}');
  await settle();

  // Nobody has heard of customs by the end.
  world.plays['customs'] = () => undefined;
  const pending = await opened(
    'agent2',
    world.declaration('agent2', ({ ship }) => void Object.assign(ship ?? {}, { name: LAST_SHIP })),
  );
  await settle();

  await world.submit('agent', first, true);
  await world.submit('agent', fifth, true);
  return {
    world,
    dossiers: { granted, amended, refusedThenIncomplete, contradicted, held, cancelled, silent, test, twice, advised, pending },
  };
}
