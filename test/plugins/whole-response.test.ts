import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WholeResponse } from '../../src/plugins/whole-response.ts';

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
