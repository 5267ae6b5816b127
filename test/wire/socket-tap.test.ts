import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { PassThrough, type Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { receiveBody } from '../../src/wire/receive.ts';
import { tapSocket } from '../../src/wire/socket-tap.ts';
import { random } from '../helpers/random.ts';

/** Bodies over real connections, read past the parser: what arrives, and that the connection is as good as before. */

const LIMITS = { maxBodyBytes: 8 << 20, inflates: true };
const LARGE = (1 << 20) + 1;
const STAGED = 1 << 16;

function content(bytes: number, seed: number): Buffer {
  const next = random(seed);
  return Buffer.from(Uint8Array.from({ length: bytes }, () => 256 * next()));
}

const digest = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex');
const question = (path: string, body: Uint8Array, headers = ''): Buffer =>
  Buffer.concat([Buffer.from(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n${headers}\r\n`), body]);

interface Received {
  readonly path: string;
  /** Its digest, or the code of the error. */
  readonly what: string;
  /** Bytes that came by the stream's events. */
  readonly byEvents: number;
}

/** Answers every body with its digest. */
async function serve(): Promise<{ port: number; received: Received[] }> {
  const received: Received[] = [];
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    let byEvents = 0;
    request.on('data', (chunk: Buffer) => {
      byEvents += chunk.length;
    });
    const { url: path = '', headers } = request;
    const incoming = { contentLength: Number(headers['content-length']), contentEncoding: headers['content-encoding'] };
    const what = await receiveBody(request, incoming, LIMITS).then(digest, ({ code }) => code as string);
    received.push({ path, what, byEvents });
    response.end(`<${path} ${what}>`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, received };
}

interface Client {
  readonly socket: Socket;
  /** The next so many answers. */
  answers(count: number): Promise<string[]>;
}

async function open(port: number): Promise<Client> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let text = '';
  socket.setEncoding('latin1').on('error', () => {});
  socket.on('data', (chunk) => {
    text += chunk;
  });
  await new Promise((resolve) => socket.once('connect', resolve));
  const answers = async (count: number): Promise<string[]> => {
    for (;;) {
      const found = [...text.matchAll(/<(.*?)>/g)].map(([, answer = '']) => answer);
      if (found.length >= count) {
        text = '';
        return found;
      }
      await new Promise((resolve) => socket.once('data', resolve));
    }
  };
  return { socket, answers };
}

describe('a large body of known length', () => {
  it.each([LARGE, (2 << 20) - 1, 2 << 20, 5_000_011])(
    'of %d bytes comes past the parser, but for what the head brought along',
    async (bytes) => {
      const { port, received } = await serve();
      const { socket, answers } = await open(port);
      const body = content(bytes, bytes);
      socket.write(question('/a', body));
      expect(await answers(1)).toEqual([`/a ${digest(body)}`]);
      const byEvents = received[0]?.byEvents;
      expect(byEvents).toBeLessThanOrEqual(4 * STAGED);
      expect(byEvents).toBeLessThan(bytes / 2);
    },
  );

  it('leaves the connection as it was, for bodies large and small, one by one and all at once', async () => {
    const { port, received } = await serve();
    const { socket, answers } = await open(port);
    const sizes = [LARGE, 10, 3 << 20, 0, 70_000, LARGE, LARGE, 1];
    const bodies = sizes.map((size, index) => content(size, index));
    const expected = bodies.map((body, index) => `/${index} ${digest(body)}`);
    for (const [index, body] of bodies.entries()) {
      socket.write(question(`/${index}`, body));
      expect(await answers(1)).toEqual([expected[index]]);
    }
    socket.write(Buffer.concat(bodies.map((body, index) => question(`/${index}`, body))));
    expect(await answers(bodies.length)).toEqual(expected);
    for (const { byEvents, path } of received) {
      if ((sizes[Number(path.slice(1))] ?? 0) > LARGE) expect(byEvents).toBeLessThan(LARGE);
    }
  });

  it('arrives in whatever pieces it is sent, a head cut in two among them', async () => {
    const { port } = await serve();
    const { socket, answers } = await open(port);
    const next = random(3);
    const body = content(LARGE + 4321, 9);
    const all = Buffer.concat([question('/a', body), question('/b', body.subarray(0, 5))]);
    for (let at = 0; at < all.length; ) {
      const end = Math.min(all.length, at + (at < 200 ? 30 : Math.ceil(150_000 * next())));
      await new Promise((resolve) => socket.write(all.subarray(at, end), resolve));
      at = end;
      if (next() < 0.5) await delay(1);
    }
    expect(await answers(2)).toEqual([`/a ${digest(body)}`, `/b ${digest(body.subarray(0, 5))}`]);
  });

  it('is not mixed with those of other connections', async () => {
    const { port } = await serve();
    const clients = await Promise.all([1, 2, 3, 4].map(() => open(port)));
    const bodies = clients.map((_, index) => content(3 << 20, index));
    for (let round = 0; round < 3; round++) {
      for (const [index, { socket }] of clients.entries()) socket.write(question('/a', bodies[index] as Buffer));
      const found = await Promise.all(clients.map(({ answers }) => answers(1)));
      expect(found).toEqual(bodies.map((body) => [`/a ${digest(body)}`]));
    }
  });

  it('is still inflated by way of the stream where it is packed', async () => {
    const { port } = await serve();
    const { socket, answers } = await open(port);
    socket.write(question('/a', content(LARGE, 1), 'Content-Encoding: gzip\r\n'));
    expect(await answers(1)).toEqual(['/a malformed']);
  });

  it.each(['end', 'destroy', 'resetAndDestroy'] as const)(
    'ends where the client leaves half way, by %s, and others go on',
    async (way) => {
      const { port, received } = await serve();
      const { socket } = await open(port);
      socket.write(question('/gone', content(3 << 20, 1)).subarray(0, 2 << 20));
      await delay(30);
      socket[way]();
      const { socket: other, answers } = await open(port);
      const body = content(2 << 20, 2);
      other.write(question('/b', body));
      expect(await answers(1)).toEqual([`/b ${digest(body)}`]);
      await expect.poll(() => received.find(({ path }) => path === '/gone')?.what).toBe('client_closed_request');
      // And the end of a connection is seen where its reader stands before the parser's.
      other.end();
      await new Promise((resolve) => other.once('close', resolve));
    },
  );
});

describe('a stream that is no connection', () => {
  it.each<[string, () => Readable]>([
    ['one of bytes', () => new PassThrough()],
    ['a request without a socket of its own', () => ({ socket: {} }) as unknown as Readable],
  ])('such as %s keeps its events', (_, source) => {
    expect(tapSocket(source(), { room: Buffer.alloc(10), took: () => {} })).toBeNull();
  });
});
