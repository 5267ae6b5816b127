import type { AddressInfo } from 'node:net';
import { connect, type Socket } from 'node:net';
import type { TestApp } from './app.ts';

/** Real sockets, for what an injected request cannot show. */

export async function listen(app: TestApp): Promise<number> {
  await app.listen({ host: '127.0.0.1', port: 0 });
  return (app.server.address() as AddressInfo).port;
}

/** All that comes over a connection until it is closed, or until `until` matches. */
export function gather(socket: Socket, until?: RegExp): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let answer = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk) => {
    answer += chunk;
    if (until?.test(answer)) socket.destroy();
  });
  socket.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (code !== 'ECONNRESET' && code !== 'EPIPE') reject(new Error(message));
  });
  socket.on('close', () => resolve(answer));
  return promise;
}

/** Sends text as it is and returns what `gather` does. */
export function exchange(port: number, text: string, until?: RegExp): Promise<string> {
  const socket = connect(port, '127.0.0.1', () => socket.write(text));
  return gather(socket, until);
}

/** Sends text and leaves. */
export function sendAndLeave(port: number, text: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = connect(port, '127.0.0.1', () => socket.write(text, () => socket.destroy()));
  socket.on('error', () => {});
  socket.on('close', () => resolve());
  return promise;
}

/** A request as it stands on the wire. */
export function requestText(method: string, path: string, headers: Record<string, string> = {}, body = ''): string {
  const lines = Object.entries({ host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}
