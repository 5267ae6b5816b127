import { ServiceError } from '../../src/errors.ts';
import type { WireLimits } from '../../src/wire/limits.ts';

export const LIMITS: WireLimits = { maxBodyBytes: 1 << 26, maxJsonBytes: 1 << 24, maxElements: 1 << 24 };

/** The service error that `run` ends in; anything else it throws is thrown on, and ending well is an error. */
export function errorOf(run: () => unknown): ServiceError {
  try {
    run();
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  throw new Error('No error was raised');
}

/** Runs what may only succeed or end in one of the errors that a client can cause by a body. */
export function survives(run: () => unknown): ServiceError | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof ServiceError && [400, 413, 422, 501].includes(error.status)) return error;
    throw error;
  }
}
