import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FloatArray, Precision } from '../../../kernels/backend.ts';
import { SETS_AND_PRECISIONS } from './sets.ts';

/** In a place of its own between numbers that must not be seen, at any offset. */
function placed(precision: Precision, values: readonly number[], offset: number): FloatArray {
  const length = values.length + offset + 1;
  const array = precision === 'float64' ? new Float64Array(length) : new Float32Array(length);
  array.fill(Number.NaN);
  const view = array.subarray(offset, offset + values.length);
  view.set(values);
  return view;
}

/** The definition, value by value. */
function expected(values: FloatArray): number {
  let most = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) return Number.POSITIVE_INFINITY;
    most = Math.max(most, Math.abs(value));
  }
  return most;
}

describe.each(SETS_AND_PRECISIONS)('the largest size on $isa in $precision', ({ backend, precision }) => {
  const sizeOf = (values: readonly number[], offset = 0): number => {
    const view = placed(precision, values, offset);
    const size = backend.sizeOf?.(view) as number;
    expect(size).toBe(expected(view));
    return size;
  };
  const double = precision === 'float64';
  const SMALLEST = double ? 2 ** -1074 : 2 ** -149;
  const LARGEST = double ? Number.MAX_VALUE : 3.4028234663852886e38;

  it('is that of any values', () => {
    const value = double ? fc.double({ noNaN: true, noDefaultInfinity: true }) : fc.float({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(fc.array(value, { maxLength: 300 }), fc.nat(7), (values, offset) => {
        sizeOf(values, offset);
      }),
      { numRuns: 300, seed: 20262 },
    );
  });

  it.each([
    [[], 0],
    [[0], 0],
    [[-0], 0],
    [[SMALLEST, -0], SMALLEST],
    [[0, -SMALLEST], SMALLEST],
    [[-LARGEST, 1], LARGEST],
  ])('of %j is %d', (values, size) => {
    expect(sizeOf(values)).toBe(size);
  });

  it('is found in every place, and so is what is not finite', () => {
    const negativeNaN = new Float64Array(new BigUint64Array([0xfff8_0000_0000_0001n]).buffer)[0];
    for (const length of [1, 63, 64, 65, 130, 1000]) {
      for (let at = 0; at < length; at += length > 200 ? 37 : 1) {
        const values = Array<number>(length).fill(-0.5);
        values[at] = -2;
        expect(sizeOf(values, at % 5)).toBe(2);
        for (const wrong of [Number.NaN, negativeNaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
          values[at] = wrong;
          expect(sizeOf(values, at % 5)).toBe(Number.POSITIVE_INFINITY);
        }
      }
    }
  });

  it('is seen in shared memory, and not of what is no float', () => {
    const shared = new Float32Array(new SharedArrayBuffer(4096)).fill(-3);
    expect(backend.sizeOf?.(shared)).toBe(3);
    for (const wrong of [new Int32Array(4), [1, 2], null])
      expect(() => backend.sizeOf?.(wrong as unknown as FloatArray)).toThrow(/native kernels: x/);
  });
});
