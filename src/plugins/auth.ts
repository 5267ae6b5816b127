import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { fail } from '../errors.ts';

export interface AuthOptions {
  /** Accepted bearer tokens; none turns authentication off. */
  readonly tokens: readonly string[];
}

/** Static bearer tokens, compared in constant time; probes and documents stay public. */
export const auth = fp(async (app: FastifyInstance, { tokens }: AuthOptions) => {
  if (tokens.length === 0) return;
  const digests = tokens.map(digest);
  app.addHook('onRequest', async (request) => {
    if (!request.url.startsWith('/v1') && !request.url.startsWith('/v2')) return;
    const [scheme, token] = (request.headers.authorization ?? '').split(' ');
    const known = scheme?.toLowerCase() === 'bearer' && token !== undefined && isKnown(digests, digest(token));
    if (!known) fail('unauthorized', 'Send one of the tokens of AUTH_TOKENS as Authorization: Bearer <token>');
  });
});

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** Looks at every digest, whatever matches: the time tells nothing. */
function isKnown(digests: readonly Buffer[], given: Buffer): boolean {
  return digests.reduce((found, one) => timingSafeEqual(one, given) || found, false);
}
