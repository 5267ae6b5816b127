import { describe, expect, it } from 'vitest';
import type { FloatArray } from '../../../kernels/backend.ts';
import { addon, SETS } from './sets.ts';

/** Distance in units in the last place of the fp32 number nearest to `exact`, for normal numbers. */
function ulps32(actual: number, exact: number): number {
  const exponent = Math.max(Math.floor(Math.log2(exact)), -126);
  return Math.abs(actual - exact) / 2 ** (exponent - 23);
}

/** Every `stride`-th float of [lowest, -2^-30] in order of its bits, a block at a time. */
function* floatBlocks(lowest: number, stride: number): Generator<Float32Array> {
  const bits = new Uint32Array(1 << 16);
  const view = new Float32Array(bits.buffer);
  const end = new Uint32Array(new Float32Array([lowest]).buffer)[0];
  let next = new Uint32Array(new Float32Array([-(2 ** -30)]).buffer)[0];
  while (next <= end) {
    for (let i = 0; i < bits.length; i++, next += stride) bits[i] = Math.min(next, end);
    yield view;
  }
}

/** The exponentials of the kernels: `lowest` is where the smallest normal number lies, in fp32 and in fp64. */
const FUNCTIONS = [
  { name: 'exponentials', exact: Math.exp, lowest: [-87.34, -708.4] },
  // 2^x by way of e^x would lose 0.7 |x| units; the power operator does not.
  { name: 'powers', exact: (x: number): number => 2 ** x, lowest: [-126.001, -1022.001] },
] as const;

describe.each(SETS.flatMap((set) => FUNCTIONS.map((one) => ({ ...set, ...one }))))(
  '$name on $isa',
  ({ index, name, exact, lowest }) => {
    it('is within 2 ulp on a dense grid down to the smallest normal number in fp32', () => {
      let [worst, relative] = [0, 0];
      const y = new Float32Array(1 << 16);
      for (const x of floatBlocks(Math.ceil(lowest[0]), 61)) {
        addon[name](index, x, y);
        for (let i = 0; i < x.length; i++) {
          const error = ulps32(y[i], exact(x[i]));
          if (error > worst) worst = error;
          relative = Math.max(relative, Math.abs(y[i] / exact(x[i]) - 1));
        }
      }
      expect(worst).toBeLessThanOrEqual(2);
      // Certificates of what is pruned count on it (src/plan/approximate/careful.ts).
      expect(relative).toBeLessThanOrEqual(2.2 * 2 ** -24);
      expect(worst).toBeGreaterThan(0.4);
    });

    it('is as close to Math in fp64 as two functions of 1 ulp are', () => {
      const x = Float64Array.from({ length: 200_000 }, (_, i) => Math.ceil(lowest[1]) * ((i + 0.37) / 200_000));
      const y = new Float64Array(x.length);
      addon[name](index, x, y);
      const worst = x.reduce((most, argument, i) => Math.max(most, Math.abs(y[i] / exact(argument) - 1)), 0);
      // Without a fused multiply-add the two halves of ln 2 cost about half an ulp more.
      expect(worst).toBeLessThanOrEqual(3 * 2 ** -52);
    });

    it('takes the small positive arguments of a maximum that is not taken anew', () => {
      const x = Float32Array.from({ length: 1000 }, (_, i) => i / 100);
      const y = x.slice();
      addon[name](index, x, y);
      expect(Math.max(...Array.from(y, (value, i) => ulps32(value, exact(x[i]))))).toBeLessThanOrEqual(2);
    });

    it.each([
      { type: 'fp32', from: (list: number[]): FloatArray => Float32Array.from(list), smallest: 2 ** -126, below: lowest[0] },
      { type: 'fp64', from: (list: number[]): FloatArray => Float64Array.from(list), smallest: 2 ** -1022, below: lowest[1] },
    ])('gives exact ends and never a subnormal number in $type', ({ from, smallest, below }) => {
      const x = from([0, -0, -Infinity, below, -2000, -1e30, ...Array.from({ length: 999 }, (_, i) => below - i / 10)]);
      const y = x.slice();
      addon[name](index, x, y);
      expect(Array.from(y.subarray(0, 6))).toEqual([1, 1, 0, 0, 0, 0]);
      expect(y.every((value) => value === 0 || value >= smallest)).toBe(true);
      const near = from(Array.from({ length: 1000 }, (_, i) => below + (i - 500) / 1e5));
      const values = near.slice();
      addon[name](index, near, values);
      expect(values.every((value) => value === 0 || value >= smallest)).toBe(true);
    });

    it('writes no further than the array goes', () => {
      const buffer = new Float32Array(40).fill(7);
      addon[name](index, new Float32Array(21), buffer.subarray(3, 24));
      expect(Array.from(buffer)).toEqual(Array.from({ length: 40 }, (_, i) => (i >= 3 && i < 24 ? 1 : 7)));
    });
  },
);
