import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import type { Logger } from 'pino';
import { ascii, type ByteSink } from '../bytes/byte-sink.ts';
import type { LineSink } from '../observe/log-lines.ts';
import { type RunFields, requestLine, requestMembers } from '../observe/request-line.ts';
import { Stopwatch, serverTiming, writeServerTiming } from '../observe/timing.ts';
import { Ending } from './ending.ts';

declare module 'fastify' {
  interface FastifyRequest {
    stopwatch: Stopwatch;
    ending: Ending;
    /** What the request's one log line says beside method, route, status and time. */
    logFields: LogFields;
  }
  interface FastifyInstance {
    logSink: LineSink;
  }
}

/** Gathered while a request runs. */
export interface LogFields {
  run?: RunFields;
  /** Of the error that it was answered with; `err` where it is the service's own. */
  code?: string;
  err?: unknown;
}

export interface RequestLogOptions {
  /** Where the app's log goes too. */
  readonly sink: LineSink;
}

/** `X-Request-Id` and `Server-Timing` on every response, and one line in the log a request (api.md §3). */
export const requestLog = fp(async (app: FastifyInstance, { sink }: RequestLogOptions) => {
  app.decorate('logSink', sink);
  app.decorateRequest('stopwatch');
  app.decorateRequest('ending');
  app.decorateRequest('logFields');

  // Callbacks, not promises: on a small request these hooks are a good part of the work.
  app.addHook('onRequest', (request, reply, done) => {
    beginRequest(request);
    request.ending = new Ending(reply.raw);
    request.ending.add((hasLeft) => writeLine(request, hasLeft ? 499 : reply.statusCode));
    done();
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    writeOwnHeaders(request, reply);
    done(null, payload);
  });
});

/** Starts the clock. */
export function beginRequest(request: FastifyRequest): void {
  request.stopwatch = new Stopwatch();
  request.logFields = {};
}

/** What every answer says: the request's name, and what it took. */
export function writeOwnHeaders({ id, stopwatch }: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-request-id', id).header('server-timing', serverTiming(stopwatch.spans, stopwatch.elapsed()));
}

const REQUEST_ID = ascii('x-request-id: ');
const SERVER_TIMING = ascii('\r\nserver-timing: ');
const END_OF_LINE = ascii('\r\n');

/** The same two, for who writes an answer past the hooks: as the lines of a header. */
export function writeOwnLines(sink: ByteSink, { id, stopwatch }: FastifyRequest): void {
  sink.literal(REQUEST_ID);
  sink.text(id);
  sink.literal(SERVER_TIMING);
  writeServerTiming(sink, stopwatch.spans, stopwatch.elapsed());
  sink.literal(END_OF_LINE);
}

/** The one line of a request: 499 where the client left before it had its answer. */
export function writeLine(request: FastifyRequest, status: number): void {
  const { method, server, stopwatch } = request;
  const { run, code, err } = request.logFields;
  const route = request.routeOptions.url ?? 'none';
  const entry = { reqId: request.id, method, route, status, ms: stopwatch.elapsed(), run, code };
  const message = status === 499 ? 'request aborted by the client' : 'request';
  // Not ready, too late and not there are answers; only what is broken is an error to look into.
  if (status === 500 || err !== undefined) {
    server.log[status === 500 ? 'error' : 'info']({ ...requestMembers(entry), err }, message);
  } else if ((server.log as Logger).isLevelEnabled('info')) {
    const { logSink } = server;
    if (logSink.writeRequest) logSink.writeRequest(entry, message, Date.now());
    else logSink.write(requestLine(entry, message, Date.now()));
  }
}
