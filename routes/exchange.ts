import type { FastifyReply } from 'fastify';
import { isPiledUp, Lease } from '../src/tensor/lease.ts';

/** What a request holds until its connection is done with it. */
export interface Exchange {
  /** Fires when the client closes the connection before it has its answer. */
  readonly signal: AbortSignal;
  /** The body and all that is computed from it: given back once the answer is out. */
  readonly lease: Lease;
}

/**
 * Watches a reply to its end. Fastify's own `request.signal` listens to the request's 'close', which on a POST comes as soon as the body
 * has been read; the response's 'close' comes when the answer is out or the connection goes.
 * @param body as it was received; its memory is used again
 * @param collect called where so much memory was left behind that the threads should collect
 */
export function openExchange(reply: FastifyReply, body: Uint8Array, collect: () => void): Exchange {
  const lease = new Lease();
  const departure = new AbortController();
  lease.adopt(body.buffer);
  reply.raw.once('close', () => {
    const isSent = reply.raw.writableFinished;
    if (!isSent) departure.abort();
    lease.end(isSent);
    if (isPiledUp()) collect();
  });
  return { signal: departure.signal, lease };
}
