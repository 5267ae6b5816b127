import { ERRORS, type ErrorCode } from '../src/errors.ts';
import type { JsonObject } from './json.ts';

/** The shared error responses, made from the table of errors: one component for each status. */

const NAMES: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Gone',
  413: 'ContentTooLarge',
  415: 'UnsupportedMediaType',
  422: 'UnprocessableContent',
  429: 'TooManyRequests',
  500: 'InternalError',
  501: 'NotImplemented',
  503: 'ServiceUnavailable',
  504: 'GatewayTimeout',
};

/** Headers that answers of a status carry beside those of every answer. */
const EXTRA_HEADERS: Readonly<Record<number, string>> = {
  401: 'WWW-Authenticate',
  405: 'Allow',
  429: 'Retry-After',
  503: 'Retry-After',
};

const COMMON_HEADERS = ['Server-Timing', 'X-Request-Id'] as const;

/** Component headers; `Location` and the like join with the operations that send them. */
export const HEADERS: JsonObject = {
  Allow: header('The methods that the resource takes', { type: 'string' }, 'GET, HEAD'),
  'Retry-After': header('Seconds after which it is worth trying again', { type: 'integer', format: 'int64', minimum: 0 }, 1),
  'Server-Timing': header(
    'Where the time went, in milliseconds: decode, plan, queue, compute, encode, total; those that happened',
    { type: 'string' },
    'decode;dur=0.41, plan;dur=0.09, queue;dur=0.02, compute;dur=6.2, encode;dur=0.5, total;dur=7.3',
  ),
  'WWW-Authenticate': header('The scheme to authenticate with', { type: 'string' }, 'Bearer'),
  'X-Request-Id': header(
    "The request's X-Request-Id where it sent a printable one of at most 128 characters, otherwise a new one; it finds the request in the log",
    { type: 'string' },
    '4f9c1c1e-6a57-4b0e-9a0e-6d1f0d3f2c11',
  ),
};

function header(description: string, schema: JsonObject, example: unknown): JsonObject {
  return { description, schema, example };
}

/** References to the headers that an answer of this status carries. */
export function headersOf(status: number): JsonObject {
  const extra = EXTRA_HEADERS[status];
  const names = [...COMMON_HEADERS, ...(extra === undefined ? [] : [extra])];
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

/** Below /v2 the same problems go out as plain JSON: clients of the Open Inference Protocol read no other type (serving.md §B.6). */
const OIP = { path: '/v2', prefix: 'Oip', mediaType: 'application/json' } as const;

/**
 * Reference to the shared response of this status; `default` is any error that the operation does not list.
 * @param path of the operation
 */
export function problemReference(status: number | 'default', path: string): JsonObject {
  const name = status === 'default' ? 'UnexpectedProblem' : NAMES[status];
  if (name === undefined) throw new Error(`There is no error of status ${status} in the table of errors`);
  return { $ref: `#/components/responses/${path.startsWith(OIP.path) ? OIP.prefix : ''}${name}` };
}

/** Every shared response; those that no operation refers to are pruned later. */
export function problemResponses(): JsonObject {
  return { ...responsesIn('application/problem+json', ''), ...responsesIn(OIP.mediaType, OIP.prefix) };
}

function responsesIn(mediaType: string, prefix: string): JsonObject {
  const statuses = Object.keys(NAMES).map(Number);
  const named = statuses.map((status) => [`${prefix}${NAMES[status]}`, problemResponse(status, mediaType)]);
  const description = 'Any error that is not listed, by a status that this version of the document does not know';
  const unexpected = { description, headers: headersOf(0), content: problemContent(mediaType) };
  return { ...Object.fromEntries(named), [`${prefix}UnexpectedProblem`]: unexpected };
}

function problemResponse(status: number, mediaType: string): JsonObject {
  const codes = (Object.keys(ERRORS) as ErrorCode[]).filter((code) => ERRORS[code].status === status);
  const [first] = codes;
  if (first === undefined) throw new Error(`No error has status ${status}`);
  const description = codes.map((code) => `\`${code}\`: ${ERRORS[code].title}`).join('. ');
  return { description, headers: headersOf(status), content: problemContent(mediaType, first) };
}

function problemContent(mediaType: string, code?: ErrorCode): JsonObject {
  const schema = { $ref: '#/components/schemas/Problem' };
  return { [mediaType]: code === undefined ? { schema } : { schema, example: problemExample(code) } };
}

/** As the service writes it, but for the detail, which names the occurrence. */
function problemExample(code: ErrorCode): JsonObject {
  const { status, title } = ERRORS[code];
  return {
    type: `/problems/${code}`,
    title,
    status,
    detail: title,
    instance: '/v1/attention',
    code,
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    error: title,
  };
}
