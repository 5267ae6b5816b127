import { fail } from '../errors.ts';

const MAX_RANK = 32;

/** True for an array of at most 32 non-negative safe integers. */
export function isShape(value: unknown): value is number[] {
  return Array.isArray(value) && value.length <= MAX_RANK && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/**
 * Number of elements of a shape; 1 for a scalar, 0 where a dimension is 0. The other dimensions of an empty tensor count against the
 * limit too, so that no later product of some of them can overflow.
 * @param limit the largest count allowed; the product never grows past it, so it cannot overflow
 * @throws ServiceError `invalid_request` for what is no shape, `too_large` beyond the limit (both at `pointer`)
 */
export function elementCount(shape: readonly number[], limit = Number.MAX_SAFE_INTEGER, pointer = ''): number {
  if (!isShape(shape)) {
    const detail = `A shape is an array of at most ${MAX_RANK} non-negative integers`;
    fail('invalid_request', detail, { errors: [{ pointer, detail }] });
  }
  let product = 1;
  for (const size of shape) {
    product *= Math.max(size, 1);
    if (product > limit) refuse(shape, limit, pointer);
  }
  return shape.includes(0) ? 0 : product;
}

export function isSameShape(one: readonly number[], other: readonly number[]): boolean {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}

function refuse(shape: readonly number[], limit: number, pointer: string): never {
  const actual = shape.reduce((product, size) => Math.min(product * Math.max(size, 1), Number.MAX_SAFE_INTEGER), 1);
  const detail = `The shape [${shape.slice(0, 8).join(', ')}] asks for more than ${limit} elements (MAX_BODY_BYTES)`;
  fail('too_large', detail, { errors: [{ pointer, detail }], limit, actual, setting: 'MAX_BODY_BYTES' });
}
