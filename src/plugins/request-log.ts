import type { FastifyInstance } from 'fastify';
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

  app.addHook('onRequest', async (request, reply) => {
    request.stopwatch = startStopwatch();
    request.logFields = {};
    reply.header('x-request-id', request.id);
  });

  app.addHook('onSend', async (request, reply) => {
    reply.header('server-timing', serverTiming({ ...request.stopwatch.spans, total: request.stopwatch.elapsed() }));
  });

  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions, logFields } = request;
    const level = reply.statusCode >= 500 ? 'error' : 'info';
    request.log[level](
      {
        method,
        route: routeOptions.url ?? 'none',
        status: reply.statusCode,
        ms: rounded(request.stopwatch.elapsed()),
        ...logFields,
      },
      'request',
    );
  });

  app.addHook('onRequestAbort', async (request) => {
    const { method, routeOptions, logFields } = request;
    const line = { method, route: routeOptions.url ?? 'none', status: 499, ms: rounded(request.stopwatch.elapsed()), ...logFields };
    request.log.info(line, 'request aborted by the client');
  });
});
