import type { Readable } from 'node:stream';
import { ServiceError } from '../errors.ts';

/** A body up to this long comes in one read or two, and is there before a large one has its memory. */
const SMALL_BYTES = 1 << 16;

/** Whether a body is announced as a short one, sent as it is. */
export function isSmallBody(contentLength: number | undefined, contentEncoding: string | undefined): contentLength is number {
  return contentEncoding === undefined && contentLength !== undefined && contentLength <= SMALL_BYTES;
}

/**
 * Reads a short body whose length is known (isSmallBody): no limit is to be watched, no memory to be asked for, and no promise to be made.
 * What is wrong is told to `done`: ServiceError `malformed` for another length than was announced, `client_closed_request`.
 */
export function receiveSmallBody(
  source: Readable,
  contentLength: number,
  done: (error: Error | null, body?: Uint8Array) => void,
): void {
  let body: Uint8Array | undefined;
  let size = 0;
  let isOver = false;
  const end = (error: Error | null): void => {
    if (isOver) return;
    isOver = true;
    done(error, error === null ? (body ?? Buffer.alloc(0)) : undefined);
  };
  source.on('data', (chunk: Uint8Array) => {
    size += chunk.length;
    if (size > contentLength) end(malformed(`The body is longer than its Content-Length, ${contentLength} bytes`));
    else body = body === undefined ? chunk : Buffer.concat([body, chunk]);
  });
  source.on('end', () =>
    end(size < contentLength ? malformed(`The body has ${size} bytes and its Content-Length is ${contentLength}`) : null),
  );
  source.on('error', () => end(new ServiceError('client_closed_request', 'The client closed the connection')));
}

function malformed(detail: string): ServiceError {
  return new ServiceError('malformed', detail);
}
