/** The one table of errors (api.md §5): code → status and title. Everything that goes wrong is raised by `fail`. */

export const ERRORS = {
  malformed: { status: 400, title: 'The request could not be parsed' },
  unauthorized: { status: 401, title: 'Authentication is required' },
  forbidden: { status: 403, title: 'Not allowed' },
  not_found: { status: 404, title: 'No such resource' },
  method_not_allowed: { status: 405, title: 'The resource does not take this method' },
  not_acceptable: { status: 406, title: 'No acceptable representation' },
  not_finished: { status: 409, title: 'The result is not there yet' },
  idempotency_conflict: { status: 409, title: 'The idempotency key was used with another request' },
  expired: { status: 410, title: 'The result has expired' },
  too_large: { status: 413, title: 'The request or its result is too large' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type or encoding' },
  invalid_request: { status: 422, title: 'The request is well-formed but not valid' },
  non_finite_input: { status: 422, title: 'A tensor holds NaN or infinite values' },
  non_finite_output: { status: 422, title: 'The result holds values that JSON cannot carry' },
  tolerance_unreachable: { status: 422, title: 'No method certifies this tolerance' },
  unsupported_on_backend: { status: 422, title: 'The back end cannot run this plan' },
  cost_exceeds_limit: { status: 422, title: 'The request costs more than the limit allows' },
  overloaded: { status: 429, title: 'The service is at capacity' },
  rate_limited: { status: 429, title: 'Too many requests' },
  client_closed_request: { status: 499, title: 'The client left' },
  internal: { status: 500, title: 'Internal error' },
  not_implemented: { status: 501, title: 'Not implemented' },
  unavailable: { status: 503, title: 'The service cannot answer now' },
  deadline_exceeded: { status: 504, title: 'The deadline passed' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** One fault in the request: an RFC 6901 pointer into the body and what is wrong there. */
export interface Fault {
  readonly pointer: string;
  readonly detail: string;
}

export interface FailExtra {
  readonly errors?: readonly Fault[];
  /** For limits: the value in force, what was sent, and the environment variable that changes it. */
  readonly limit?: number;
  readonly actual?: number;
  readonly setting?: string;
  /** Integer seconds, for 429 and 503. */
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

export class ServiceError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly extra: FailExtra;

  constructor(code: ErrorCode, detail: string, extra: FailExtra = {}) {
    super(detail, extra.cause === undefined ? undefined : { cause: extra.cause });
    this.name = 'ServiceError';
    this.code = code;
    this.status = ERRORS[code].status;
    this.extra = extra;
  }
}

/** Raises a service error; `detail` is for humans and names the field, the value and, for limits, the setting. */
export function fail(code: ErrorCode, detail: string, extra?: FailExtra): never {
  throw new ServiceError(code, detail, extra);
}
