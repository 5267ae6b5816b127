import type { FastifyInstance } from 'fastify';
import { chooseResponse } from '../src/wire/negotiate.ts';

const JSON_ONLY = ['application/json'];

/**
 * Refuses what cannot be answered in a type that Accept takes, before any work is done: everything under /v1 is JSON, but for routes whose
 * schema says what they produce, which choose by themselves. Probes and documents are sent whatever Accept says (RFC 9110 §12.5.1).
 */
export function checkAcceptance(app: FastifyInstance): void {
  app.addHook('onRequest', ({ routeOptions, headers }, _reply, done) => {
    const { produces } = (routeOptions.schema ?? {}) as { produces?: readonly string[] };
    if (routeOptions.url?.startsWith('/v1') && produces === undefined) chooseResponse(headers.accept, JSON_ONLY);
    done();
  });
}
