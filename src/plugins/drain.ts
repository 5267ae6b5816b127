import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { fail } from '../errors.ts';
import { Running } from './running.ts';

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
 * Readiness, and an end that does not wait for clients: once the server closes, requests whose bodies are here are finished, each the
 * last of its connection; what still comes over open connections is 503; and when nothing runs any more, every connection is closed.
 * Node alone would wait for keep-alive clients and for bodies that never come. Fastify's own 503 is no problem document.
 */
export const drain = fp(async (app: FastifyInstance) => {
  app.decorate('readiness', { state: 'starting' } satisfies Readiness as Readiness);
  let closing = false;
  const running = new Running<ServerResponse>();
  const endIfIdle = (): void => {
    if (closing && running.count === 0) setImmediate(() => app.server.closeAllConnections());
  };
  app.addHook('preClose', async () => {
    closing = true;
    for (const response of running.all()) if (!response.headersSent) response.setHeader('connection', 'close');
    endIfIdle();
  });
  app.addHook('onRequest', (_request, _reply, done) => {
    if (closing) fail('unavailable', 'The service is shutting down', { retryAfterSeconds: RETRY_AFTER_SECONDS });
    done();
  });
  app.addHook('preHandler', (request, { raw }, done) => {
    const place = running.add(raw);
    // Its body may have come after the server began to close.
    if (closing) raw.setHeader('connection', 'close');
    request.ending.add(() => {
      running.remove(place);
      endIfIdle();
    });
    done();
  });
});
