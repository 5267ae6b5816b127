import type { Envelope } from '../contract/envelope.ts';
import type { Lease } from '../tensor/lease.ts';
import type { EncodingClock } from './clock.ts';
import type { WireLimits } from './limits.ts';

export type Encoding = 'flat' | 'nested' | 'base64';

/** What a body does not say itself: how many of its bytes are JSON (Inference-Header-Content-Length), where binary data follow. */
export interface Framing {
  readonly headerBytes?: number | undefined;
}

/** How to write a response. A tensor's dtype is its own; each format looks at what it has a use for. */
export interface WireFormat {
  /** How JSON writes tensors. */
  readonly encoding?: Encoding;
  /** Names of the tensors that follow the JSON as bytes, in the Open Inference Protocol. */
  readonly binary?: readonly string[];
  /** Set where the response says how long encoding took. */
  readonly clock?: EncodingClock;
}

/** One body format, both directions; stateless and without I/O, so that it runs on any thread. All that it takes and gives can be cloned. */
export interface Codec {
  readonly name: string;
  /** The first is the one to answer with. */
  readonly mediaTypes: readonly string[];
  /**
   * A body in shared memory is given away: its tensors may become views of it.
   * @param lease where those lie that do not; a thread has none
   * @throws ServiceError 400 `malformed`, 413 `too_large`, 422 `invalid_request` or `non_finite_input`
   */
  decode(body: Uint8Array, limits: WireLimits, framing?: Framing, lease?: Lease): Envelope;
  /** Bytes that `decode` has to make, about, what it only looks at counted as an eighth; left out where that is all of the body. */
  decodeWork?(body: Uint8Array, limits: WireLimits): number;
  /**
   * The body in parts, to be sent one after the other: tensors that need no conversion are views of their own memory.
   * @throws ServiceError 422 `non_finite_output` where the format cannot carry what the result holds
   */
  encode(envelope: Envelope, format: WireFormat): readonly Uint8Array[];
  /** Bytes that `encode` has to make, about, rather than hand on: what decides whether a thread does it. */
  encodeWork(envelope: Envelope, format: WireFormat): number;
}

/** The parts of a body as one buffer. */
export function joinParts(parts: readonly Uint8Array[]): Buffer {
  const [first] = parts;
  if (parts.length === 1 && first instanceof Buffer) return first;
  if (parts.length === 1 && first) return Buffer.from(first.buffer, first.byteOffset, first.byteLength);
  return Buffer.concat(parts);
}
