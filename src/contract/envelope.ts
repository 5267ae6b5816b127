import type { Tensor } from '../tensor/tensor.ts';
import type { Timing } from './timing.ts';

/**
 * What a codec decodes a body to, and what it encodes a response from, whatever the media type: named tensors and an options object.
 * In a request `options` is everything but the tensors. A response's tensors are named by their path in the response (`output`,
 * `logSumExp`, `weights.x1,x2`); their `dtype` is the one to write, `data` may be wider (rounding to nearest even is the codec's).
 */
export interface Envelope {
  /** Insertion order is the order in the body. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly options: Readonly<Record<string, unknown>>;
  /** Of a response: stands last among the options once it is written, with how long that took. */
  readonly timing?: Timing;
  /** Where a codec has one: two envelopes of the same likeness differ in nothing but the tensors' values. */
  readonly likeness?: object;
}
