import { describe, expect, it, onTestFinished } from 'vitest';
import { load } from '../../kernels/native/index.ts';
import { convert, findNonFinite } from '../../src/tensor/convert.ts';
import { largestOf, type SizeOf, sizeOf, useSizeOf } from '../../src/tensor/largest.ts';
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

describe('by vectors', () => {
  const { sizeOf: bySet } = load();
  let calls = 0;
  const counted: SizeOf = (values) => {
    calls++;
    return (bySet as SizeOf)(values);
  };

  it.each(['float32', 'float64'] as const)('%s are looked at with the same outcome, and errors name the same place', (dtype) => {
    const next = random(11);
    for (const length of [3, 64, 65, 700]) {
      for (const odd of [null, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const values = Array.from({ length }, () => next() - 0.5);
        if (odd !== null) values[Math.floor(next() * length)] = odd;
        const data = convert(values, dtype);
        const look = () => [
          sizeOf(data),
          largestOf({ dtype, shape: [length], data }),
          findNonFinite(data),
          findNonFinite(data, { allowNegativeInfinity: true }),
        ];
        const byLoops = look();
        useSizeOf(counted);
        onTestFinished(() => useSizeOf(null));
        const before = calls;
        expect(look()).toEqual(byLoops);
        expect(calls > before).toBe(length > 64);
        useSizeOf(null);
      }
    }
  });

  it('leaves whole numbers and truth values to the loops', () => {
    useSizeOf(() => 1 / 0);
    onTestFinished(() => useSizeOf(null));
    expect(sizeOf(convert(Array(100).fill(-5), 'int32'))).toBe(5);
    expect(findNonFinite(convert(Array(100).fill(1), 'bool')).count).toBe(0);
  });
});
