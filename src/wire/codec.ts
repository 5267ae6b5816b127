import type { Envelope } from '../contract/envelope.ts';
import type { WireLimits } from './limits.ts';

export type Encoding = 'flat' | 'nested' | 'base64';

/** How to write a response. A tensor's dtype is its own; formats other than JSON ignore the encoding. */
export interface WireFormat {
  readonly encoding: Encoding;
}

/** One body format, both directions; stateless and without I/O, so that it runs on any thread. */
export interface Codec {
  readonly name: string;
  /** The first is the one to answer with. */
  readonly mediaTypes: readonly string[];
  /** @throws ServiceError 400 `malformed`, 413 `too_large`, 422 `invalid_request` or `non_finite_input` */
  decode(body: Uint8Array, limits: WireLimits): Envelope;
  /** @throws ServiceError 422 `non_finite_output` where the format cannot carry what the result holds */
  encode(envelope: Envelope, format: WireFormat): Buffer;
}
