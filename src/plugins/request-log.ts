import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { rounded, type Stopwatch, serverTiming, startStopwatch } from '../observe/timing.ts';
import { Ending } from './ending.ts';

declare module 'fastify' {
  interface FastifyRequest {
    stopwatch: Stopwatch;
    ending: Ending;
    /** What the request's one log line says beside method, route, status and time. */
    logFields: Record<string, unknown>;
  }
}

/** `X-Request-Id` and `Server-Timing` on every response, and one line in the log a request (api.md §3). */
export const requestLog = fp(async (app: FastifyInstance) => {
  app.decorateRequest('stopwatch');
  app.decorateRequest('ending');
  app.decorateRequest('logFields');

  // Callbacks, not promises: on a small request these hooks are a good part of the work.
  app.addHook('onRequest', (request, reply, done) => {
    beginRequest(request, reply);
    request.ending = new Ending(reply.raw);
    request.ending.add((hasLeft) => writeLine(request, hasLeft ? 499 : reply.statusCode));
    done();
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    writeTiming(request, reply);
    done(null, payload);
  });
});

/** Starts the clock and names the request. */
export function beginRequest(request: FastifyRequest, reply: FastifyReply): void {
  request.stopwatch = startStopwatch();
  request.logFields = {};
  reply.header('x-request-id', request.id);
}

export function writeTiming({ stopwatch }: FastifyRequest, reply: FastifyReply): void {
  reply.header('server-timing', serverTiming({ ...stopwatch.spans, total: stopwatch.elapsed() }));
}

/** The one line of a request: 499 where the client left before it had its answer. */
export function writeLine(request: FastifyRequest, status: number): void {
  const { method, logFields, stopwatch } = request;
  const route = request.routeOptions.url ?? 'none';
  const line = { reqId: request.id, method, route, status, ms: rounded(stopwatch.elapsed()), ...logFields };
  // Not ready, too late and not there are answers; only what is broken is an error to look into.
  request.server.log[status === 500 ? 'error' : 'info'](line, status === 499 ? 'request aborted by the client' : 'request');
}
