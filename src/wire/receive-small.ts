import type { Readable } from 'node:stream';
import { type Received, SmallBody } from './small-body.ts';
import { WholeRequest } from './whole-request.ts';

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
export function receiveSmallBody(source: Readable, contentLength: number, done: Received): void {
  if (source instanceof WholeRequest && source.takeBody(contentLength, done)) return;
  const body = new SmallBody(contentLength, done);
  source.on('data', (chunk: Uint8Array) => body.add(chunk));
  source.on('end', () => body.end());
  source.on('error', () => body.abandon());
}
