import { once } from 'node:events';
import net from 'node:net';
import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import { openRedisDossierStore } from '../../gateway/edges/redis/redis-dossier-store';
import type { DossierStore, Marker, StoreChange } from '../../gateway/ports/dossier-store';
import { ownRedis } from '../support/services';

type OwnRedis = Awaited<ReturnType<typeof ownRedis>>;

const keyPrefix = 't:faults:';
/** In every value, so that nothing that leaves the store may hold it. */
const canary = 'canary-of-a-passport-number';

function marker(offset: number): Marker {
  return { epoch: 'e', offset, clearancesOffset: 0 };
}

/** Repeats until the store answers; the test's own time-out is the limit. */
async function eventually<T>(action: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await action();
    } catch (error) {
      expect(error).toMatchObject({ code: 'store-unavailable' });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** As the fold does it: whatever was refused or stale, the marker is read again. */
async function commitAtLast(store: DossierStore, partition: number, changes: StoreChange[], hints: string[] = []): Promise<Marker> {
  for (;;) {
    const before = await eventually(() => store.marker(partition));
    const next = marker((before?.offset ?? -1) + 1);
    const outcome = await store.commit(partition, before, next, changes, hints).catch((error: unknown) => error);
    if (outcome === 'ok') return next;
    if (outcome !== 'stale') expect(outcome).toMatchObject({ code: 'store-unavailable' });
  }
}

async function refusal(call: Promise<unknown>): Promise<unknown> {
  const outcome = await call.then(
    () => 'no refusal',
    (error: unknown) => error,
  );
  expect(outcome).toMatchObject({ code: 'store-unavailable', retriable: true });
  // showHidden: not even where a logger that prints everything would look.
  expect(inspect(outcome, { depth: 12, showHidden: true })).not.toContain(canary);
  return outcome;
}

describe('the Redis store when its server fails', () => {
  const servers: OwnRedis[] = [];
  const stores: DossierStore[] = [];
  let warnings: string[] = [];

  async function startServer(...serverArguments: string[]): Promise<OwnRedis> {
    const server = await ownRedis({ arguments: serverArguments });
    servers.push(server);
    return server;
  }

  async function openStore(url: string): Promise<DossierStore> {
    const store = await openRedisDossierStore({ url, keyPrefix, onWarning: (message) => warnings.push(message) });
    stores.push(store);
    return store;
  }

  afterEach(async () => {
    for (const server of servers) await server.kill('SIGCONT');
    for (const store of stores.splice(0)) await store.close();
    for (const server of servers.splice(0)) await server.stop();
    warnings = [];
  });

  test('frozen: every call is refused within a second or so, and answered again once it thaws', async () => {
    const server = await startServer();
    const store = await openStore(server.url);
    await store.commit(1, null, marker(1), [{ put: 'a', value: canary }]);

    await server.kill('SIGSTOP');
    const begun = performance.now();
    const calls = [
      store.marker(1),
      store.getMany(1, ['a']),
      store.range(1, 'i', { limit: 1 }),
      store.count(1, 'i'),
      store.ping(),
      store.commit(1, marker(1), marker(2), [{ put: 'a', value: canary }]),
      store.write(1, [{ put: 'b', value: canary }]),
      store.putIfAbsent(1, 'c', canary),
    ];
    await Promise.all(calls.map(refusal));
    // 500 ms, and room for a busy machine; without an own limit it is 10 s and more.
    expect(performance.now() - begun).toBeLessThan(3_000);
    // Long frozen: the connection is given up, and what follows is refused without waiting and without being queued.
    await refusal(store.marker(1));
    await refusal(store.marker(1));

    await server.kill('SIGCONT');
    await eventually(() => store.ping());
    // The thawed server may still find the refused commit in its socket, and do it or not; nothing in between is possible.
    await commitAtLast(store, 1, [{ put: 'a', value: 'new' }]);
    expect(await eventually(() => store.getMany(1, ['a']))).toEqual([Buffer.from('new')]);
    expect([marker(2), marker(3)]).toContainEqual(await eventually(() => store.marker(1)));
    expect(warnings.join('\n')).not.toContain(canary);
  });

  test('killed and started again, empty: calls are refused at once meanwhile, then there is no marker, and hints come again', async () => {
    const server = await startServer();
    const store = await openStore(server.url);
    const other = await openStore(server.url);
    await store.commit(1, null, marker(1), [{ put: 'a', value: canary }]);

    await server.kill('SIGKILL');
    await refusal(store.marker(1));
    await refusal(store.commit(1, marker(1), marker(2), [{ put: 'a', value: canary }]));
    await refusal(other.ping());

    await server.start();
    expect(await eventually(() => store.marker(1))).toBeNull();
    expect(await store.getMany(1, ['a'])).toEqual([null]);
    expect(await eventually(() => store.commit(1, marker(1), marker(2), []))).toBe('stale');
    await commitAtLast(store, 1, [{ put: 'a', value: 'rebuilt' }]);

    // Hints may be lost while the subscription is being renewed, so they are repeated until one is heard.
    let heard = false;
    other.onChange(() => (heard = true));
    while (!heard) {
      await commitAtLast(store, 1, [], ['dossier']);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(warnings.some((warning) => warning.includes('lost a connection'))).toBe(true);
  });

  test('killed in the middle of a commit: it is refused, not left waiting, and never done twice', async () => {
    const server = await startServer();
    const store = await openStore(server.url);
    await server.kill('SIGSTOP');
    const commit = refusal(store.commit(1, null, marker(1), [{ put: 'a', value: canary }]));
    await server.kill('SIGKILL');
    await commit;
    await server.start();
    expect(await eventually(() => store.marker(1))).toBeNull();
  });

  test('out of memory under noeviction: a commit is refused whole, reads and removals go on', async () => {
    const server = await startServer('--maxmemory', '8mb');
    const store = await openStore(server.url);
    const block = (n: number): StoreChange => ({ put: `block ${n}`, value: canary.padEnd(200_000, '.') });
    let committed = 0;
    expect(await store.commit(1, null, marker(0), [{ index: 'i', add: 'm', score: 1 }])).toBe('ok');
    for (; committed < 100; committed++) {
      const outcome = await store.commit(1, marker(committed), marker(committed + 1), [block(committed)]).catch((error: unknown) => error);
      if (outcome !== 'ok') {
        expect(outcome).toMatchObject({ code: 'store-unavailable', cause: { code: 'OOM' } });
        break;
      }
    }
    expect(committed).toBeGreaterThan(0);
    expect(committed).toBeLessThan(100);

    const refused = await refusal(
      store.commit(1, marker(committed), marker(committed + 1), [
        block(committed),
        { remove: 'block 0' },
        { index: 'i', add: 'm', score: 2 },
        { index: 'i', add: 'n', score: 2 },
      ]),
    );
    expect(refused).toMatchObject({ cause: { code: 'OOM' } });
    expect(await store.marker(1)).toEqual(marker(committed));
    const [first, next] = await store.getMany(1, ['block 0', `block ${committed}`]);
    expect(first?.length).toBe(200_000);
    expect(next).toBeNull();
    expect(await store.range(1, 'i', { limit: 9 })).toEqual([{ member: 'm', score: 1 }]);
    // Redis refuses by what is in use before a call, which moves with its buffers: put until it is full again.
    let full: unknown;
    for (let n = 0; full === undefined && n < 200; n++) {
      full = await store.putIfAbsent(1, `x ${n}`, canary.padEnd(50_000, '.')).then(
        () => undefined,
        (error: unknown) => error,
      );
    }
    expect(full).toMatchObject({ code: 'store-unavailable', cause: { code: 'OOM' } });

    await store.clear(1);
    expect(await store.marker(1)).toBeNull();
    // The memory of the cleared values is given back in the background.
    await commitAtLast(store, 1, [block(0)]);
  });

  test('read-only: commits are refused and change nothing, reads go on, and writing goes on when it is a master again', async () => {
    const server = await startServer();
    const store = await openStore(server.url);
    await store.commit(1, null, marker(1), [{ put: 'a', value: 'old' }]);
    const operator = new Redis(server.url);
    const nobody = await closedPort();
    await operator.replicaof('127.0.0.1', nobody);

    const refused = await refusal(store.commit(1, marker(1), marker(2), [{ put: 'a', value: canary }]));
    expect(refused).toMatchObject({ cause: { code: 'READONLY' } });
    expect(await store.getMany(1, ['a'])).toEqual([Buffer.from('old')]);
    expect(await store.marker(1)).toEqual(marker(1));

    await operator.replicaof('NO', 'ONE');
    operator.disconnect();
    expect(await commitAtLast(store, 1, [{ put: 'a', value: 'new' }])).toEqual(marker(2));
    expect(await store.getMany(1, ['a'])).toEqual([Buffer.from('new')]);
  });

  test('failed over to a copy that lacks the last writes: the old marker is seen, and the lost commit can be done again', async () => {
    const master = await startServer('--repl-diskless-sync-delay', '0');
    const replica = await startServer('--replicaof', '127.0.0.1', String(master.port));
    const address = await relay(master.port);
    const store = await openStore(`redis://127.0.0.1:${address.port}`);
    await store.commit(1, null, marker(1), [{ put: 'a', value: '1' }]);
    const onReplica = new Redis(replica.url);
    while ((await onReplica.get(`${keyPrefix}{p1}:marker`)) === null) await new Promise((resolve) => setTimeout(resolve, 20));
    await replica.kill('SIGSTOP');
    await store.commit(1, marker(1), marker(2), [{ put: 'a', value: '2' }]);
    await master.kill('SIGSTOP');

    // The replica comes back alone, without what it had not read.
    await master.kill('SIGKILL');
    await replica.kill('SIGCONT');
    await onReplica.replicaof('NO', 'ONE');
    await onReplica.set(`${keyPrefix}{p1}:marker`, '1 0 e');
    onReplica.disconnect();
    address.leadTo(replica.port);

    expect(await eventually(() => store.marker(1))).toEqual(marker(1));
    expect(await eventually(() => store.commit(1, marker(2), marker(3), []))).toBe('stale');
    expect(await commitAtLast(store, 1, [{ put: 'a', value: '2' }])).toEqual(marker(2));
    await address.close();
  });

  test('away at the start: the store opens with a warning, refuses, and works once the server is there', async () => {
    const server = await startServer();
    await server.kill('SIGKILL');
    const store = await openStore(server.url);
    expect(warnings).toEqual(['the store has no connection to Redis yet: ECONNREFUSED; connecting goes on']);
    await refusal(store.ping());
    await server.start();
    await commitAtLast(store, 1, []);
  });

  test('a server that evicts any key is refused, one that could evict expiring keys is warned of', async () => {
    const evicting = await startServer('--maxmemory-policy', 'allkeys-lru');
    await expect(openStore(evicting.url)).rejects.toMatchObject({ code: 'store-refused', retriable: false });
    const expiring = await startServer('--maxmemory-policy', 'volatile-lru');
    const store = await openStore(expiring.url);
    expect(warnings).toEqual([expect.stringContaining('volatile-lru')]);
    await store.ping();
  });

  test('wrong credentials, a database that is not there and an address that is none are refused without repeating them', async () => {
    const server = await startServer();
    const operator = new Redis(server.url);
    await operator.config('SET', 'requirepass', 'right-password');
    operator.disconnect();
    const wrong = `redis://:${canary}@127.0.0.1:${server.port}`;
    for (const url of [server.url, wrong, `redis://:right-password@127.0.0.1:${server.port}/99`, `http://${canary}`, canary]) {
      const error: unknown = await openStore(url).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'store-refused', retriable: false });
      expect(inspect(error, { depth: 12, showHidden: true })).not.toContain(canary);
    }
    const store = await openStore(`redis://:right-password@127.0.0.1:${server.port}/3`);
    await store.ping();
    expect(warnings).toEqual([]);
  });

  test('commits go on when the server forgets its scripts', async () => {
    const server = await startServer();
    const store = await openStore(server.url);
    await store.commit(1, null, marker(1), []);
    const operator = new Redis(server.url);
    await operator.script('FLUSH');
    operator.disconnect();
    expect(await store.commit(1, marker(1), marker(2), [{ put: 'a', value: '1' }])).toBe('ok');
  });
});

/** A port that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** An address that can be made to lead elsewhere, as a service name does after a failover. */
async function relay(firstPort: number): Promise<{ port: number; leadTo: (port: number) => void; close: () => Promise<void> }> {
  let target = firstPort;
  const sockets = new Set<net.Socket>();
  const server = net.createServer((inward) => {
    const outward = net.connect(target, '127.0.0.1');
    for (const [socket, peer] of [
      [inward, outward],
      [outward, inward],
    ] as const) {
      sockets.add(socket);
      socket.pipe(peer);
      socket.on('error', () => peer.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        peer.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as net.AddressInfo).port,
    leadTo: (port) => {
      target = port;
      for (const socket of sockets) socket.destroy();
    },
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
