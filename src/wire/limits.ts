import { fail } from '../errors.ts';

/** What a body may ask for, whatever its format (api.md §7). */
export interface WireLimits {
  /** Inflated body, bytes (MAX_BODY_BYTES). */
  readonly maxBodyBytes: number;
  /** Inflated JSON body, bytes (MAX_JSON_BYTES). */
  readonly maxJsonBytes: number;
  /** Elements of one tensor; follows from MAX_BODY_BYTES. */
  readonly maxElements: number;
}

/** Bodies above this many bytes are decoded and encoded in threads: the event loop has to answer probes. */
export const LARGE_BYTES = 1 << 20;

/** The same for JSON, of which the event loop reads some hundred kilobytes in a millisecond: what is longer, threads read side by side. */
export const LARGE_TEXT_BYTES = 1 << 17;

/** Nested arrays and objects in any JSON text. */
export const MAX_DEPTH = 32;

/** Tensors in one body. t = 8 with projections, biases and tokens needs 40. */
export const MAX_TENSORS = 64;

/** @throws ServiceError `too_large` with the limit, what was sent and the setting */
export function checkBytes(actual: number, limit: number, setting: 'MAX_BODY_BYTES' | 'MAX_JSON_BYTES'): void {
  if (actual <= limit) return;
  fail('too_large', `The body has ${actual} bytes, more than the ${limit} that ${setting} allows`, { limit, actual, setting });
}
