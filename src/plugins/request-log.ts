import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { rounded, type Stopwatch, serverTiming, startStopwatch } from '../observe/timing.ts';

declare module 'fastify' {
  interface FastifyRequest {
    stopwatch: Stopwatch;
    /** What the request's one log line says beside method, route, status and time. */
    logFields: Record<string, unknown>;
  }
}

/** `X-Request-Id` and `Server-Timing` on every response, and one line in the log a request (api.md §3). */
export const requestLog = fp(async (app: FastifyInstance) => {
  app.decorateRequest('stopwatch');
  app.decorateRequest('logFields');

  // Callbacks, not promises: on a small request these hooks are a good part of the work.
  app.addHook('onRequest', (request, reply, done) => {
    beginRequest(request, reply);
    // Fastify's onRequestAbort sees only clients that leave while they are still sending: a request is closed once it has been read.
    let finished = false;
    reply.raw.once('finish', () => {
      finished = true;
    });
    reply.raw.once('close', () => {
      if (!finished) writeLine(request, 499);
    });
    done();
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    writeTiming(request, reply);
    done(null, payload);
  });
  app.addHook('onResponse', (request, reply, done) => {
    writeLine(request, reply.statusCode);
    done();
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
  const line = { method, route, status, ms: rounded(stopwatch.elapsed()), ...logFields };
  // Not ready, too late and not there are answers; only what is broken is an error to look into.
  request.log[status === 500 ? 'error' : 'info'](line, status === 499 ? 'request aborted by the client' : 'request');
}
