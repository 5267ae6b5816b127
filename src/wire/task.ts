import type { Envelope } from '../contract/envelope.ts';
import { type ErrorCode, type FailExtra, ServiceError } from '../errors.ts';
import type { Framing, WireFormat } from './codec.ts';
import type { FormatName } from './formats.ts';
import type { WireLimits } from './limits.ts';

/** What goes between the event loop and a wire thread. Tensors lie in shared memory, so none of it is copied. */

/** What a thread is started with. */
export interface WireSettings {
  /** Address of the module that reads runs of numbers (number-reader.ts); null: JavaScript does. */
  readonly numbers: string | null;
}

export interface DecodeTask {
  readonly format: FormatName;
  readonly body: Uint8Array;
  readonly limits: WireLimits;
  readonly framing: Framing;
}

/** What a thread read. Memory that came from another thread is another object there: which tensors lie in the body has to be said. */
export interface Decoded {
  readonly envelope: Envelope;
  readonly inBody: readonly string[];
}

export interface EncodeTask {
  readonly format: FormatName;
  readonly envelope: Envelope;
  readonly options: WireFormat;
}

/** An error's class and members do not survive the way between threads, so they go as data. */
export type Outcome<T> = { readonly value: T } | { readonly refusal: Refusal };

export interface Refusal {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly extra: FailExtra;
}

/** @throws what is no ServiceError */
export function toOutcome<T>(work: () => T): Outcome<T> {
  try {
    return { value: work() };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const { cause: _, ...extra } = error.extra;
    return { refusal: { code: error.code, detail: error.message, extra } };
  }
}

/** @throws ServiceError as it was raised in the thread */
export function fromOutcome<T>(outcome: Outcome<T>): T {
  if ('value' in outcome) return outcome.value;
  const { code, detail, extra } = outcome.refusal;
  throw new ServiceError(code, detail, extra);
}
