import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { fail } from '../errors.ts';

export interface AuthOptions {
  /** Accepted bearer tokens; none turns authentication off. */
  readonly tokens: readonly string[];
}

/**
 * Static bearer tokens, compared in constant time. What is public is said by the route that was matched, never by the path as it was
 * written: `/%761/attention` is `/v1/attention` to the router. Probes and documents say `security: []`; everything else needs a token.
 */
export const auth = fp(async (app: FastifyInstance, { tokens }: AuthOptions) => {
  if (tokens.length === 0) return;
  const digests = tokens.map(digest);
  app.addHook('onRequest', async (request) => {
    if (isPublic(request.routeOptions)) return;
    const token = /^bearer ([^ ]+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined || !isKnown(digests, digest(token)))
      fail('unauthorized', 'Send one of the tokens of AUTH_TOKENS as Authorization: Bearer <token>');
  });
});

function isPublic({ url, schema }: FastifyRequest['routeOptions']): boolean {
  const { security } = (schema ?? {}) as { security?: readonly unknown[] };
  return security?.length === 0 || url === '/docs' || url?.startsWith('/docs/') === true;
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** Looks at every digest, whatever matches: the time tells nothing. */
function isKnown(digests: readonly Buffer[], given: Buffer): boolean {
  return digests.reduce((found, one) => timingSafeEqual(one, given) || found, false);
}
