import { connect } from 'node:net';
import { httpRequest, type Sent } from './bodies.ts';

/** What came back: the status, and the header as text. */
export interface Answer {
  readonly status: number;
  readonly header: string;
}

export interface Client {
  send(): Promise<Answer>;
  close(): void;
}

const HEADER_END = '\r\n\r\n';

/**
 * One kept connection that sends the same request again and again and only counts what comes back: on a machine of few cores a client
 * that copies is part of what is measured.
 */
export async function openClient(url: URL, sent: Sent): Promise<Client> {
  const request = httpRequest(sent);
  const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
  await new Promise((resolve) => socket.once('connect', resolve));
  const send = (): Promise<Answer> =>
    new Promise((resolve, reject) => {
      let [received, expected, header] = [0, Number.POSITIVE_INFINITY, ''];
      const end = (finish: () => void): void => {
        socket.off('data', onData).off('close', onClose);
        finish();
      };
      const onClose = (): void => end(() => reject(new Error('The connection was closed')));
      const onData = (chunk: Buffer): void => {
        received += chunk.length;
        if (expected === Number.POSITIVE_INFINITY) {
          header += chunk.toString('latin1');
          const headerEnd = header.indexOf(HEADER_END);
          if (headerEnd < 0) return;
          header = header.slice(0, headerEnd);
          expected = headerEnd + HEADER_END.length + Number(/content-length: (\d+)/i.exec(header)?.[1] ?? 0);
        }
        if (received >= expected) end(() => resolve({ status: Number(header.slice(9, 12)), header }));
      };
      socket.on('data', onData).on('close', onClose).write(request);
    });
  return { send, close: () => socket.destroy() };
}
