import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { ERRORS, type ErrorCode, ServiceError } from '../errors.ts';
import { beginRequest, writeLine, writeOwnHeaders } from './request-log.ts';

/** Errors as RFC 9457 problem details (api.md §5): the only place that turns an exception into an answer. */

const FRAMEWORK_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed',
  FST_ERR_BAD_URL: 'malformed',
  FST_ERR_MAX_PARAM_LENGTH: 'not_found',
  FST_ERR_HANDLER_TIMEOUT: 'deadline_exceeded',
};

/** Node's codes for what its parser refuses. */
const BAD_HTTP: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: 'The header fields are too large',
  ERR_HTTP_REQUEST_TIMEOUT: 'The request did not arrive in time',
};

export interface ProblemOptions {
  readonly maxBodyBytes: number;
}

/** The members of a problem document. */
export function problemBody(error: ServiceError, request: FastifyRequest): Record<string, unknown> {
  const { status, title } = ERRORS[error.code];
  const { errors, limit, actual, setting } = error.extra;
  const detail = error.message;
  return {
    type: `/problems/${error.code}`,
    title,
    status,
    detail,
    instance: request.url.slice(0, 200),
    code: error.code,
    traceId: traceId(request),
    ...(errors && { errors }),
    ...(limit !== undefined && { limit }),
    ...(actual !== undefined && { actual }),
    ...(setting !== undefined && { setting }),
    error: detail,
  };
}

/** The W3C trace id where the client sent one, otherwise the request's id. */
export function traceId(request: FastifyRequest): string {
  const header = request.headers.traceparent;
  const match = typeof header === 'string' ? /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(header) : null;
  return match?.[1] ?? request.id;
}

function asServiceError(error: FastifyError, options: ProblemOptions, request: FastifyRequest): ServiceError {
  if (error instanceof ServiceError) return error;
  const code = FRAMEWORK_CODES[error.code];
  if (code === 'too_large') {
    const { maxBodyBytes: limit } = options;
    const actual = Number(request.headers['content-length']);
    const detail = `The body is larger than MAX_BODY_BYTES, ${limit} bytes`;
    return new ServiceError(code, detail, { limit, setting: 'MAX_BODY_BYTES', ...(Number.isFinite(actual) && { actual }) });
  }
  if (code === 'unsupported_media_type') {
    const given = String(request.headers['content-type'] ?? 'none').slice(0, 100);
    const taken = (request.routeOptions.schema as { consumes?: string[] } | undefined)?.consumes ?? ['application/json'];
    return new ServiceError(code, `Content-Type '${given}' is not taken here; send ${taken.join(' or ')}`);
  }
  if (error.code === 'FST_ERR_BAD_URL')
    return new ServiceError('malformed', 'The path cannot be decoded: it is no valid percent-encoding of UTF-8');
  if (code === 'not_found')
    return new ServiceError(code, 'There is nothing of this name: a part of the path is longer than 200 characters');
  if (code !== undefined) return new ServiceError(code, error.message);
  const status = error.statusCode ?? 500;
  if (status >= 400 && status < 500) return new ServiceError('malformed', error.message);
  if (status === 503) return new ServiceError('unavailable', 'The service is shutting down', { retryAfterSeconds: 1 });
  return new ServiceError('internal', 'The service failed on this request; the trace id finds it in the log', { cause: error });
}

/**
 * Sends an error; below /v2 as plain JSON, whose member `error` clients of the Open Inference Protocol read, and which one of them reads
 * under this exact content type only (serving.md §B.6). Used by the error handler and by the not-found handler. */
export function sendProblem(error: ServiceError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { retryAfterSeconds } = error.extra;
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds));
  if (error.code === 'unauthorized') reply.header('www-authenticate', 'Bearer');
  request.logFields.code = error.code;
  if (error.code === 'internal') request.logFields.err = error.cause ?? error;
  return reply
    .code(error.status)
    .header('content-type', request.url.startsWith('/v2') ? 'application/json' : 'application/problem+json')
    .send(Buffer.from(JSON.stringify(problemBody(error, request))));
}

/** Errors of the router, before any hook has run: a path that cannot be decoded. */
export function frameworkProblem(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  beginRequest(request);
  const problem = asServiceError(error, { maxBodyBytes: 0 }, request);
  writeOwnHeaders(request, reply);
  sendProblem(problem, request, reply);
  writeLine(request, problem.status);
}

/** What is no HTTP at all, answered on the bare socket: there is no request to speak of. */
export function answerBadHttp(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return;
  const { status, title } = ERRORS.malformed;
  const detail = BAD_HTTP[error.code ?? ''] ?? 'What was sent is not HTTP/1.1';
  const id = randomUUID();
  const type = '/problems/malformed';
  const body = JSON.stringify({ type, title, status, detail, instance: '', code: 'malformed', traceId: id, error: detail });
  const headers = [
    `HTTP/1.1 ${status} Bad Request`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${id}`,
    'Server-Timing: total;dur=0.000',
    'Connection: close',
  ];
  socket.end(`${headers.join('\r\n')}\r\n\r\n${body}`);
}

export const problem = fp(async (app: FastifyInstance, options: ProblemOptions) => {
  app.setErrorHandler<FastifyError>((error, request, reply) =>
    sendProblem(asServiceError(error, options, request), request, reply),
  );
});
