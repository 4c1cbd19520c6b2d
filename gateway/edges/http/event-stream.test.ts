import { Agent, createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { streamEvents } from './event-stream';
import type { GatewayApi } from './gateway-api';

/** Nothing ever happens in this dossier. */
const api = { stopping: () => false, waiting: { until: () => new Promise(() => undefined) } } as unknown as GatewayApi;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let server: Server;
let url: string;

beforeAll(async () => {
  const app = express();
  app.get('/events', (request, response) => streamEvents(api, 'd', request, response));
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`;
});

afterAll(async () => {
  agent.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test('HEAD of a stream ends, and the connection goes on', async () => {
  // One connection at a time: the second is answered when the first has ended.
  for (let i = 0; i < 2; i++) {
    const sent = httpRequest(url, { method: 'HEAD', agent });
    const answer = await new Promise<IncomingMessage>((resolve) => sent.once('response', resolve).end());
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8']);
    await new Promise((resolve) => answer.resume().once('end', resolve));
  }
});
