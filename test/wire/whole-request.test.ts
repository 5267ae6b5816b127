import { createServer, IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { receiveSmallBody } from '../../src/wire/receive-small.ts';
import { WholeRequest } from '../../src/wire/whole-request.ts';

/** Short bodies as the parser gives them: what is received, and how the connection goes on, are as with a plain request. */

type Outcome = { readonly error: unknown; readonly body: string | undefined };

interface Listening {
  readonly port: number;
  readonly outcomes: Outcome[];
  readonly responses: ServerResponse[];
}

/** Answers every POST with its body, after `answerMs`; begins to read `readMs` after the head came. */
async function listen(Request: typeof IncomingMessage, { readMs = 0, answerMs = 0 } = {}): Promise<Listening> {
  const outcomes: Outcome[] = [];
  const responses: ServerResponse[] = [];
  const server = createServer({ IncomingMessage: Request }, (request, response) => {
    responses.push(response);
    const read = (): void =>
      receiveSmallBody(request, Number(request.headers['content-length'] ?? 0), (error, bytes) => {
        const body = bytes && Buffer.from(bytes).toString();
        outcomes.push({ error: error && (error as Error & { code: unknown }).code, body });
        const answer = (): void => void response.end(body);
        if (answerMs === 0) answer();
        else setTimeout(answer, answerMs);
      });
    if (readMs === 0) read();
    else setTimeout(read, readMs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return { port: (server.address() as AddressInfo).port, outcomes, responses };
}

function post(body: string, more = ''): string {
  return `POST / HTTP/1.1\r\nhost: test\r\ncontent-length: ${body.length}\r\n${more}\r\n${body}`;
}

/** Sends pieces 10 ms apart over one connection; the bodies of so many answers. */
async function answers(port: number, pieces: readonly string[], count: number): Promise<string[]> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  for (const piece of pieces) {
    socket.write(piece);
    await pause(10);
  }
  const found = (): string[] => [...text.matchAll(/HTTP\/1.1 200 OK\r\n.*?\r\n\r\n(<[^>]*>)?/gs)].map(([, body = '']) => body);
  while (found().length < count) await pause(1);
  socket.destroy();
  return found();
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

const KINDS = [
  ['a whole request', WholeRequest as typeof IncomingMessage],
  ['a plain request', IncomingMessage],
] as const;

describe.each(KINDS)('%s', (_, Request) => {
  it.each([
    ['in one piece', [post('<a>')], ['<a>']],
    ['apart from its head', [post('<ab>').slice(0, -4), '<ab>'], ['<ab>']],
    ['in pieces', [post('<abc>').slice(0, -4), 'ab', 'c>'], ['<abc>']],
    ['empty', [post('')], ['']],
    ['one after the other', [post('<a>'), post('<b>'), post('<c>')], ['<a>', '<b>', '<c>']],
    ['at once', [post('<a>') + post('') + post('<c>')], ['<a>', '', '<c>']],
    ['the second in pieces', [post('<a>') + post('<bcd>').slice(0, -3), 'cd>'.slice(0, 1), 'd>'], ['<a>', '<bcd>']],
    ['with a head that waits to be asked', [post('<a>', 'expect: 100-continue\r\n')], ['<a>']],
  ])('is received %s', async (_case, pieces, expected) => {
    for (const timing of [{}, { answerMs: 25 }, { readMs: 25 }]) {
      const { port, outcomes } = await listen(Request, timing);
      expect(await answers(port, pieces, expected.length)).toEqual(expected);
      expect(outcomes).toEqual(expected.map((body) => ({ error: null, body })));
    }
  });

  it('tells once that the client left before all of it was here', async () => {
    const { port, outcomes } = await listen(Request);
    const socket = await open(port);
    socket.write(post('<abc>').slice(0, -2));
    await pause(20);
    socket.destroy();
    while (outcomes.length === 0) await pause(1);
    await pause(20);
    expect(outcomes).toEqual([{ error: 'client_closed_request', body: undefined }]);
  });

  it('is told as whole, and its response as closed unfinished, where the client left before the answer', async () => {
    const { port, outcomes, responses } = await listen(Request, { answerMs: 60 });
    const socket = await open(port);
    socket.write(post('<abc>'));
    while (outcomes.length === 0) await pause(1);
    const closed = new Promise((resolve) => responses[0]?.once('close', resolve));
    socket.destroy();
    await closed;
    expect(responses[0]?.writableFinished).toBe(false);
    await pause(80);
    expect(outcomes).toEqual([{ error: null, body: '<abc>' }]);
  });
});

it('is a stream for who reads it as one', async () => {
  const server = createServer({ IncomingMessage: WholeRequest as typeof IncomingMessage }, async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  expect(await answers(port, [post('<a>'), post('<bc>')], 2)).toEqual(['<a>', '<bc>']);
});
