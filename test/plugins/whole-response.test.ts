import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type HeaderLines, listOf, WholeResponse } from '../../src/plugins/whole-response.ts';

/** Answers whose header and body go out in one piece: the bytes are those that a plain response sends. */

async function answers(
  Response: typeof ServerResponse,
  method: string,
  answer: (response: ServerResponse) => void,
): Promise<Buffer> {
  const server = createServer({ ServerResponse: Response, keepAlive: false }, (_request, response) => {
    response.sendDate = false;
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(`${method} / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n`);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const everyByte = Buffer.from(Array.from({ length: 1024 }, (_, i) => i % 256));
const large = Buffer.alloc(200_000, 7);

function whole(body: Buffer | string): (response: ServerResponse) => void {
  return (response) => {
    response.writeHead(200, { 'content-length': String(Buffer.byteLength(body)), 'content-type': 'x/y' });
    response.end(body, null as unknown as BufferEncoding);
  };
}

describe('a response', () => {
  it.each([
    ['every byte', 'GET', whole(everyByte)],
    ['an empty body', 'GET', whole(Buffer.alloc(0))],
    ['a large body', 'GET', whole(large)],
    ['text that is no Latin-1', 'GET', whole('čž漢')],
    ['a body that HEAD must not get', 'HEAD', whole(everyByte)],
    ['parts', 'GET', (response: ServerResponse) => void response.write(everyByte, () => response.end(Buffer.from('end')))],
    ['no length', 'GET', (response: ServerResponse) => void response.end(everyByte)],
    ['nothing', 'GET', (response: ServerResponse) => void response.end()],
  ])('is the same with %s', async (_, method, answer) => {
    const plain = await answers((await import('node:http')).ServerResponse, method, answer);
    expect(plain.length).toBeGreaterThan(20);
    const joined = await answers(WholeResponse as typeof ServerResponse, method, answer);
    expect(joined.equals(plain)).toBe(true);
  });
});

/** Names and values in turn, as an answer takes them. */
function linesOf(headers: readonly string[]): HeaderLines {
  return {
    write: (sink) => sink.text(headers.map((text, i) => (i % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('')),
  };
}

describe('the lines of a header', () => {
  it('are what writeHead takes: names and values, whatever a value holds', () => {
    const headers = ['content-type', 'a/b; c=d', 'server-timing', 'a;dur=0.1, b;dur=2', 'x-odd', 'a: b: ', 'x-empty', ''];
    expect(listOf(linesOf(headers))).toEqual(headers);
    expect(listOf(linesOf([]))).toEqual([]);
  });
});

describe('an answer', () => {
  const headers = ['content-type', 'x/y', 'x-request-id', 'a~!', 'server-timing', 'total;dur=0.123'];

  /** What a connection gets that sends all these requests at once. */
  async function exchange(
    requests: string,
    answer: (response: WholeResponse, body: Buffer) => void,
    body: Buffer,
  ): Promise<string> {
    const ended: boolean[] = [];
    const server = createServer(
      { ServerResponse: WholeResponse as typeof ServerResponse, keepAliveTimeout: 72_000 },
      (request, response) => {
        response.on('close', () => ended.push(response.writableFinished && response.headersSent));
        // The later of two on a connection is ready first.
        setTimeout(() => answer(response as WholeResponse, body), request.url === '/first' ? 20 : 0);
      },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write(requests);
    let text = '';
    for await (const chunk of socket) text += (chunk as Buffer).toString('latin1');
    expect(ended).toEqual(Array.from({ length: requests.split('HTTP/1.').length - 1 }, () => true));
    return text.replace(/Date: [^\r]+/g, (line) => {
      expect(line).toMatch(/^Date: (Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/);
      expect(Math.abs(Date.parse(line.slice(6)) - Date.now())).toBeLessThan(3000);
      return 'Date';
    });
  }

  const line = (method: string, path: string, last = ''): string => `${method} /${path} HTTP/1.1\r\nhost: test\r\n${last}\r\n`;
  const closing = line('POST', 'last', 'connection: close\r\n');

  it.each([
    ['one after the other', `${line('POST', 'a')}${closing}`, everyByte],
    ['that overtake each other', `${line('POST', 'first')}${line('POST', 'second')}${closing}`, everyByte],
    ['to other methods', `${line('HEAD', 'a')}${line('GET', 'b')}${closing}`, everyByte],
    ['to HTTP/1.0', 'POST /a HTTP/1.0\r\nconnection: keep-alive\r\n\r\nPOST /b HTTP/1.0\r\n\r\n', everyByte],
    ['without a body', `${line('POST', 'a')}${closing}`, Buffer.alloc(0)],
    ['that are large', `${line('POST', 'a')}${closing}`, large],
  ])('is what writeHead and end make of it: %s', async (_, requests, body) => {
    const given = [...headers, 'content-length', String(body.byteLength)];
    const own = await exchange(requests, (response, bytes) => response.answer(linesOf(given), bytes), body);
    const nodes = await exchange(requests, (response, bytes) => void response.writeHead(200, given).end(bytes), body);
    expect(own).toBe(nodes);
    expect(own.match(/HTTP\/1\.1 200 OK/g)?.length).toBe(requests.split('HTTP/1.').length - 1);
  });

  it('keeps to headers that were set before', async () => {
    const given = ['content-length', '1024'];
    const text = await exchange(
      line('POST', 'a'),
      (response, bytes) => response.setHeader('connection', 'close') && response.answer(linesOf(given), bytes),
      everyByte,
    );
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\nconnection: close\r\ncontent-length: 1024\r\n/);
    expect(text).not.toContain('keep-alive');
  });
});
