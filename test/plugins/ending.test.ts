import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import Fastify from 'fastify';
import { expect, it, onTestFinished } from 'vitest';
import { Ending } from '../../src/plugins/ending.ts';

/** The end of a response: out, or its client gone. */

interface Watched {
  readonly response: ServerResponse;
  /** Whether the client had left, once the end was told. */
  readonly left: Promise<boolean>;
}

/** Told of each response as its request comes. */
async function listen(begun: (watched: Watched) => void): Promise<Socket> {
  const server = createServer((_request, response) => {
    const ending = new Ending(response);
    const { promise: left, resolve } = Promise.withResolvers<boolean>();
    ending.add((hasLeft) => {
      expect(ending.hasLeft).toBe(hasLeft);
      resolve(hasLeft);
    });
    begun({ response, left });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {});
  onTestFinished(() => {
    socket.destroy();
    server.close();
    server.closeAllConnections();
  });
  return socket;
}

const GET = 'GET / HTTP/1.1\r\nhost: test\r\n\r\n';

/** So many requests over one connection, at once. */
async function requests(count: number): Promise<{ socket: Socket; all: Watched[] }> {
  const all: Watched[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = await listen((watched) => {
    if (all.push(watched) === count) resolve();
  });
  socket.write(GET.repeat(count));
  await promise;
  return { socket, all };
}

it('is out once its last byte is', async () => {
  const { socket, all } = await requests(1);
  socket.resume();
  all[0]?.response.end('answer');
  expect(await all[0]?.left).toBe(false);
});

it('is out where the client leaves as soon as it has all', async () => {
  const { socket, all } = await requests(1);
  socket.once('data', () => socket.destroy());
  all[0]?.response.end('answer');
  expect(await all[0]?.left).toBe(false);
});

it('is left where the client goes before the answer', async () => {
  const { socket, all } = await requests(1);
  socket.destroy();
  expect(await all[0]?.left).toBe(true);
});

it('is left where the client goes while the answer is on its way', async () => {
  const { socket, all } = await requests(1);
  socket.pause();
  all[0]?.response.end(Buffer.alloc(1 << 26));
  setTimeout(() => socket.destroy(), 20);
  expect(await all[0]?.left).toBe(true);
});

it('is left, with every answer that waits behind it, ended or not, where the connection ends', async () => {
  const { socket, all } = await requests(3);
  all[1]?.response.end('second');
  socket.destroy();
  expect(await Promise.all(all.map(({ left }) => left))).toEqual([true, true, true]);
});

it('is out for an injected request', async () => {
  const app = Fastify();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  app.get('/', (_request, reply) => {
    new Ending(reply.raw).add(resolve);
    reply.send('answer');
  });
  await app.inject('/');
  expect(await promise).toBe(false);
});
