import { calmWarnings } from './calm-warnings';

describe('calmWarnings', () => {
  function setUp() {
    const said: [string, Record<string, unknown>][] = [];
    const clock = { nowMs: 0 };
    const warn = calmWarnings(
      (message, context) => said.push([message, context]),
      1_000,
      () => clock.nowMs,
    );
    return { said, clock, warn };
  }

  it('passes a warning on once in a while and counts what it kept back', () => {
    const { said, clock, warn } = setUp();
    for (const port of [1, 2, 3]) warn(`cannot reach 127.0.0.1:${port}`, { port });
    clock.nowMs = 1_000;
    warn('cannot reach 127.0.0.1:4', { port: 4 });
    expect(said).toEqual([
      ['cannot reach 127.0.0.1:1', { port: 1 }],
      ['cannot reach 127.0.0.1:4', { port: 4, unsaid: 2 }],
    ]);
  });

  it('keeps warnings of different kinds and groups apart', () => {
    const { said, warn } = setUp();
    warn('stopped', { group: 'a' });
    warn('stopped', { group: 'b' });
    warn('stopped', { groupId: 'c' });
    warn('started', { group: 'a' });
    expect(said).toHaveLength(4);
  });

  it('forgets kinds before they fill the memory', () => {
    const { said, warn } = setUp();
    for (let i = 0; i < 2_000; i++) warn(`kind ${'x'.repeat(i)}`, {});
    expect(said).toHaveLength(2_000);
  });
});
