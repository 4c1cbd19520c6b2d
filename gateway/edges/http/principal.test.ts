import { Agent, createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { abortedWith } from './principal';

/** A client that polls over one connection left a listener at its socket with every answer, for as long as the connection lived. */
let server: Server;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const signals: AbortSignal[] = [];
const listeners: number[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    signals.push(abortedWith(response));
    listeners.push(request.socket.listenerCount('close'));
    if (request.url !== '/never') response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  agent.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function urlOf(path: string): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
}

test('waits over one connection leave nothing at it', async () => {
  for (let i = 0; i < 15; i++) await new Promise((resolve) => get(urlOf('/'), { agent }, (answer) => answer.resume().once('end', resolve)));
  expect(listeners).toHaveLength(15);
  expect(new Set(listeners).size).toBe(1);
});

test('who goes away while it waits is told of', async () => {
  const asked = get(urlOf('/never'), { agent });
  asked.on('error', () => undefined);
  const before = signals.length;
  while (signals.length === before) await new Promise(setImmediate);
  const signal = signals.at(-1);
  expect(signal?.aborted).toBe(false);
  const aborted = new Promise((resolve) => signal?.addEventListener('abort', resolve));
  asked.destroy();
  await aborted;
});
