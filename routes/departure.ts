import type { FastifyReply } from 'fastify';

/**
 * Fires when the client closes the connection before it has its answer. Fastify's own `request.signal` listens to the request's 'close',
 * which on a POST comes as soon as the body has been read; the response's 'close' comes when the connection goes.
 */
export function departureSignal(reply: FastifyReply): AbortSignal {
  const abort = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) abort.abort();
  });
  return abort.signal;
}
