import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { fail } from '../errors.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readiness: Readiness;
  }
}

/** Whether new requests should be sent here: not before the self-test, and not after SIGTERM. Being busy is no reason. */
export interface Readiness {
  state: 'starting' | 'ready' | 'draining';
}

const RETRY_AFTER_SECONDS = 1;

/**
 * Readiness, and the answer to requests that still come in over open connections once the server closes: 503, while those that came before
 * are finished. Fastify's own answer there is no problem document and leaves no line in the log.
 */
export const drain = fp(async (app: FastifyInstance) => {
  app.decorate('readiness', { state: 'starting' } satisfies Readiness as Readiness);
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });
  app.addHook('onRequest', async () => {
    if (closing) fail('unavailable', 'The service is shutting down', { retryAfterSeconds: RETRY_AFTER_SECONDS });
  });
});
