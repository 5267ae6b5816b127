import type { FastifyInstance, onRequestHookHandler } from 'fastify';
import { chooseResponse } from '../src/wire/negotiate.ts';

const JSON_ONLY = ['application/json'];

const takesJson: onRequestHookHandler = ({ headers }, _reply, done) => {
  chooseResponse(headers.accept, JSON_ONLY);
  done();
};

/**
 * Refuses what cannot be answered in a type that Accept takes, before any work is done: everything under /v1 is JSON, but for routes whose
 * schema says what they produce, which choose by themselves. Probes and documents are sent whatever Accept says (RFC 9110 §12.5.1).
 */
export function checkAcceptance(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    const { produces } = (route.schema ?? {}) as { produces?: readonly string[] };
    if (!route.url.startsWith('/v1') || produces !== undefined) return;
    route.onRequest = [takesJson, ...[route.onRequest ?? []].flat()];
  });
}
