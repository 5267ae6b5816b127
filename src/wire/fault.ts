import { type ErrorCode, fail } from '../errors.ts';
import { findNonFinite, type NonFinite } from '../tensor/convert.ts';
import { largestOf, sizeOf } from '../tensor/largest.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { BodySizes } from './body-sizes.ts';

const SHOWN = 40;

/** At most 40 characters of what a client sent, safe to put into an error or a log line. */
export function clip(text: string): string {
  if (text.length <= SHOWN && text.isWellFormed()) return text;
  const whole = text.toWellFormed();
  return whole.length > SHOWN ? `${whole.slice(0, SHOWN).toWellFormed()}…` : whole;
}

/** RFC 6901 pointer below `base`; long keys are clipped. */
export function pointerTo(base: string, ...path: readonly (string | number)[]): string {
  let pointer = base;
  for (const key of path) pointer += `/${escaped(clip(String(key)))}`;
  return pointer;
}

function escaped(key: string): string {
  return /[~/]/.test(key) ? key.replaceAll('~', '~0').replaceAll('/', '~1') : key;
}

/** Raises an error that names one place in the body. */
export function faultAt(code: ErrorCode, pointer: string, detail: string): never {
  fail(code, pointer === '' ? detail : `${pointer}: ${detail}`, { errors: [{ pointer, detail }] });
}

/** A bias may hold -Infinity: "not this key" (api.md §2). */
export function isBias(name: string): boolean {
  return /^b\d+$/.test(name);
}

/** @throws ServiceError `non_finite_input` with tensor, first index and count */
export function refuseNonFinite(name: string, pointer: string, found: NonFinite): void {
  if (found.count === 0) return;
  const values = found.count === 1 ? 'one NaN or infinite value' : `${found.count} NaN or infinite values, the first`;
  faultAt('non_finite_input', pointer, `${clip(name)} holds ${values} at flat index ${found.firstIndex}`);
}

/**
 * Refuses NaN and infinities in a decoded tensor, -Infinity in a bias excepted. The pass that looks for them finds the largest size too,
 * which the contract asks for next.
 * @param sizes what is known of the body that the tensor lies in
 * @returns the tensor with its `largest`
 * @throws ServiceError `non_finite_input`
 */
export function checkFinite(name: string, pointer: string, tensor: Tensor, sizes?: BodySizes): Tensor {
  const { data } = tensor;
  if (data instanceof Int32Array || data instanceof Uint8Array) return tensor;
  const largest = sizes?.sizeOf(data) ?? sizeOf(data);
  if (largest < Number.POSITIVE_INFINITY) return { ...tensor, largest };
  refuseNonFinite(name, pointer, findNonFinite(data, { allowNegativeInfinity: isBias(name) }));
  return { ...tensor, largest: largestOf(tensor) };
}
