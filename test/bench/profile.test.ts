import { flameGraph } from './flame-graph';
import { callTree, type Profile } from './profile';
import { sharesOf } from './profile-summary';

/** main → fold → JSON.parse (of V8), main → idle; fold stands there twice, as it does when two callers' lines differ. */
const profile: Profile = {
  nodes: [
    { id: 1, callFrame: { functionName: '(root)', url: '', lineNumber: -1 }, children: [2, 3, 6] },
    { id: 2, callFrame: { functionName: '(idle)', url: '', lineNumber: -1 } },
    { id: 3, callFrame: { functionName: 'fold', url: 'file:///x/dist/gateway/core/fold.js', lineNumber: 9 }, children: [4, 5] },
    { id: 4, callFrame: { functionName: 'parse', url: '', lineNumber: -1 } },
    { id: 5, callFrame: { functionName: 'send<T>', url: 'file:///x/node_modules/kafkajs/src/a.js', lineNumber: 0 } },
    { id: 6, callFrame: { functionName: 'fold', url: 'file:///x/dist/gateway/core/fold.js', lineNumber: 9 } },
  ],
  samples: [2, 3, 4, 5, 6, 6],
  timeDeltas: [500, 10, 30, 40, 15, 5],
};

test('idle time is left out, frames of one name are one, a stage is the nearest caller that is known', () => {
  const tree = callTree(profile);
  expect(tree.totalUs).toBe(100);
  const { stages, functions } = sharesOf(tree, 2_000);
  expect(stages).toEqual([
    { name: 'fold', share: 0.6, us: 1_200 },
    { name: 'Kafka: client', share: 0.4, us: 800 },
  ]);
  expect(functions.map(({ name, us }) => [name, us])).toEqual([
    ['send<T> node_modules/kafkajs/src/a.js:1', 800],
    ['fold gateway/core/fold.js:10', 600],
    ['parse ← fold gateway/core/fold.js:10', 600],
  ]);
});

test('a flame graph names every frame and stays small', () => {
  const svg = flameGraph(callTree(profile), 'one & all');
  expect(svg).toContain('send&lt;T&gt;');
  expect(svg).toContain('one &amp; all');
  const wide = callTree({
    nodes: [
      { id: 0, callFrame: { functionName: '(root)', url: '', lineNumber: -1 }, children: Array.from({ length: 5_000 }, (_, i) => i + 1) },
      ...Array.from({ length: 5_000 }, (_, i) => ({
        id: i + 1,
        callFrame: { functionName: `some_rather_long_name_of_a_function_${i}`, url: '', lineNumber: -1 },
      })),
    ],
    samples: Array.from({ length: 5_000 }, (_, i) => i + 1),
    timeDeltas: Array.from({ length: 5_000 }, (_, i) => 1 + (i % 90 === 0 ? 1_000 : 0)),
  });
  expect(Buffer.byteLength(flameGraph(wide, ''))).toBeLessThan(200_000);
});
