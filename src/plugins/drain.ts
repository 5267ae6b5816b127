import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';

declare module 'fastify' {
  interface FastifyInstance {
    readiness: Readiness;
  }
}

/** Whether new requests should be sent here: not before the self-test, and not after SIGTERM. Being busy is no reason. */
export interface Readiness {
  state: 'starting' | 'ready' | 'draining';
}

export const drain = fp(async (app: FastifyInstance) => {
  app.decorate('readiness', { state: 'starting' } satisfies Readiness as Readiness);
});
