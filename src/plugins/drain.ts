import type { ServerResponse } from 'node:http';
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

interface Place {
  readonly response: ServerResponse;
  index: number;
}

/**
 * The responses under way, in no order. No Set: V8 makes a new table for a Set every few dozen additions, and the table before it keeps what it
 * held and points to the new one. Once one of these tables has aged into the old generation, every scavenge takes the whole chain behind it for alive,
 * with every request that ever was in it, until the next full collection: 3 kB of each request were copied twice, 15 µs of V8's threads.
 */
class Running {
  readonly #places: Place[] = [];

  get count(): number {
    return this.#places.length;
  }

  responses(): ServerResponse[] {
    return this.#places.map(({ response }) => response);
  }

  add(response: ServerResponse): Place {
    const place = { response, index: this.#places.length };
    this.#places.push(place);
    return place;
  }

  /** The last takes the place that becomes free. */
  remove({ index }: Place): void {
    const last = this.#places.pop() as Place;
    if (last.index === index) return;
    this.#places[index] = last;
    last.index = index;
  }
}

/**
 * Readiness, and an end that does not wait for clients: once the server closes, requests whose bodies are here are finished, each the
 * last of its connection; what still comes over open connections is 503; and when nothing runs any more, every connection is closed.
 * Node alone would wait for keep-alive clients and for bodies that never come. Fastify's own 503 is no problem document.
 */
export const drain = fp(async (app: FastifyInstance) => {
  app.decorate('readiness', { state: 'starting' } satisfies Readiness as Readiness);
  let closing = false;
  const running = new Running();
  const endIfIdle = (): void => {
    if (closing && running.count === 0) setImmediate(() => app.server.closeAllConnections());
  };
  app.addHook('preClose', async () => {
    closing = true;
    for (const response of running.responses()) if (!response.headersSent) response.setHeader('connection', 'close');
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
