'use strict';

/**
 * Loaded into a gateway ahead of its code (`node --require`): ends the process by SIGKILL when it comes to a point for the n-th time
 * (guarantees.md F02, F03). CRASH_AT is `POINT` or `POINT N`; a point is before- or after- one of WHAT. The ports are wrapped, the gateway
 * is as it is shipped.
 */
const Module = require('node:module');

const typeOf = ({ headers }) => headers.ce_type;
/** Appends by a record among theirs. */
const WHAT = {
  declared: (record) => record.topic === 'dossiers' && typeOf(record) === 'vn.seaport.declaration.v1',
  relayed: (record) => record.topic === 'dossiers' && typeOf(record) === 'vn.seaport.decision.v1',
  requested: ({ topic }) => topic.startsWith('requests.'),
  decided: ({ topic }) => topic.startsWith('decisions.'),
  cleared: ({ topic }) => topic === 'clearances',
};

const [, when, what, times = '1'] = /^(before|after)-(\w+)(?: (\d+))?$/.exec(process.env.CRASH_AT ?? '') ?? [];
if (what !== 'committed' && WHAT[what] === undefined) throw new Error(`CRASH_AT: there is no point ${process.env.CRASH_AT}`);
let left = Number(times);

/** Runs, and ends the process before or after it. */
async function around(run) {
  left--;
  if (left > 0) return run();
  if (when === 'after') await run();
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
}

function wrapped(open, method, isThere) {
  return async (...given) => {
    const port = await open(...given);
    const original = port[method].bind(port);
    port[method] = (...args) => (isThere(...args) ? around(() => original(...args)) : original(...args));
    return port;
  };
}

const isAppend = (records) => what in WHAT && records.some(WHAT[what]);
const OPENED = {
  openKafkaMessageLog: (open) => wrapped(open, 'append', isAppend),
  openPlatformaticMessageLog: (open) => wrapped(open, 'append', isAppend),
  openRedisDossierStore: (open) => wrapped(open, 'commit', () => what === 'committed'),
};

const seen = new WeakSet();
const load = Module._load;
Module._load = function (...given) {
  const exported = load.apply(this, given);
  if (typeof exported !== 'object' || exported === null || seen.has(exported)) return exported;
  for (const [name, wrap] of Object.entries(OPENED))
    if (Object.hasOwn(exported, name)) {
      seen.add(exported);
      exported[name] = wrap(exported[name]);
    }
  return exported;
};
