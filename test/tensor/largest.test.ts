import { describe, expect, it } from 'vitest';
import { convert } from '../../src/tensor/convert.ts';
import { largestOf } from '../../src/tensor/largest.ts';
import type { DType } from '../../src/tensor/tensor.ts';
import { random } from '../helpers/random.ts';

/** Long enough for both ways to look. */
const padded = (values: readonly number[]): number[] => [...Array<number>(600).fill(0), ...values];
const of = (values: readonly number[], dtype: DType = 'float32'): number =>
  largestOf({ dtype, shape: [values.length], data: convert(values, dtype) });

describe('largestOf', () => {
  it.each([
    [[], 0],
    [[0, -0], 0],
    [[-3, 2], 3],
    [[1, -2, 5], 5],
    [[1, 2, -7], 7],
    [[2 ** -149, 0, 0], 2 ** -149],
    [[1, Number.NEGATIVE_INFINITY, -4], 4],
    [[Number.NEGATIVE_INFINITY], 0],
    [[3.4028234663852886e38, 1], 3.4028234663852886e38],
  ])('of %j is %d', (values, expected) => {
    expect(of(values)).toBe(expected);
    expect(of(values, 'float64')).toBe(expected);
    expect(of(padded(values))).toBe(expected);
  });

  it('is what a plain loop finds, whatever the length', () => {
    const next = random(7);
    for (const length of [1, 2, 3, 49, 512, 513, 514, 1001]) {
      const values = Array.from({ length }, () => Math.fround((next() - 0.5) * 10 ** (20 * next())));
      expect(of(values)).toBe(Math.max(...values.map(Math.abs)));
    }
  });

  it('is taken as it is where it is known', () => {
    expect(largestOf({ dtype: 'float32', shape: [1], data: convert([1], 'float32'), largest: 9 })).toBe(9);
  });
});
