import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { narrowHalf, roundToHalf, widenHalf } from '../../src/tensor/half.ts';
import { FLOAT_TYPES, roundExactly, valueOfBits } from '../helpers/exact.ts';

const ALL = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
const HALVES = ['float16', 'bfloat16'] as const;

function narrowOne(dtype: 'float16' | 'bfloat16', value: number, source: 'float64' | 'float32'): number {
  const out = new Float32Array(1);
  roundToHalf(dtype, source === 'float64' ? Float64Array.of(value) : Float32Array.of(value), out);
  return out[0] as number;
}

/** Doubles near the half types' range, and right beside and on their ties. */
function doubles(dtype: 'float16' | 'bfloat16') {
  const { precision, minExponent, maxExponent } = FLOAT_TYPES[dtype];
  const tie = fc
    .tuple(
      fc.integer({ min: 2 ** (precision - 1), max: 2 ** precision }),
      fc.integer({ min: minExponent - 3, max: maxExponent }),
      fc.constantFrom(0, 2 ** -40, -(2 ** -40), 2 ** -24, -(2 ** -24), 2 ** -30),
    )
    .map(([significand, exponent, off]) => (significand + 0.5) * (1 + off) * 2 ** (exponent - precision + 1));
  const wide = fc.tuple(fc.double({ min: -2, max: 2, noNaN: true }), fc.integer({ min: minExponent - 26, max: maxExponent + 1 }));
  return fc.oneof(
    fc.double({ noNaN: true }),
    wide.map(([x, e]) => x * 2 ** e),
    tie,
    tie.map((x) => -x),
  );
}

describe.each(HALVES)('%s', (dtype) => {
  it('widens every pattern to its value and narrows it back to the pattern', () => {
    const wide = new Float32Array(65536);
    widenHalf(dtype, ALL, wide);
    const back32 = new Uint16Array(65536);
    const back64 = new Uint16Array(65536);
    narrowHalf(dtype, wide, back32);
    narrowHalf(dtype, Float64Array.from(wide), back64);
    for (let bits = 0; bits < 65536; bits++) {
      const value = valueOfBits(dtype, bits);
      if (!Object.is(wide[bits], value)) expect({ bits, value: wide[bits] }).toEqual({ bits, value });
      if (Number.isNaN(value)) {
        // A NaN stays a NaN; which one is the processor's business.
        expect(valueOfBits(dtype, back32[bits] as number)).toBeNaN();
        expect(valueOfBits(dtype, back64[bits] as number)).toBeNaN();
      } else if (back32[bits] !== bits || back64[bits] !== bits) {
        expect({ bits, back32: back32[bits], back64: back64[bits] }).toEqual({ bits, back32: bits, back64: bits });
      }
    }
  });

  it('rounds doubles once, to nearest even, as exact arithmetic does', () => {
    fc.assert(
      fc.property(doubles(dtype), (value) =>
        Object.is(narrowOne(dtype, value, 'float64'), roundExactly(value, FLOAT_TYPES[dtype])),
      ),
      { numRuns: 20_000 },
    );
  });

  it('rounds float32 values to nearest even', () => {
    fc.assert(
      fc.property(doubles(dtype).map(Math.fround), (value) =>
        Object.is(narrowOne(dtype, value, 'float32'), roundExactly(value, FLOAT_TYPES[dtype])),
      ),
      { numRuns: 20_000 },
    );
  });
});

describe('known values', () => {
  it.each([
    ['float16', 65519.99, 65504],
    ['float16', 65520, Number.POSITIVE_INFINITY],
    ['float16', 2 ** -25, 0],
    ['float16', 2 ** -25 * 1.0000001, 2 ** -24],
    ['float16', 1 + 2 ** -11, 1],
    ['float16', 1 + 2 ** -11 + 2 ** -40, 1 + 2 ** -10],
    ['bfloat16', 1 + 2 ** -8, 1],
    ['bfloat16', 1 + 2 ** -8 + 2 ** -40, 1 + 2 ** -7],
    ['bfloat16', 1 + 3 * 2 ** -8 - 2 ** -40, 1 + 2 ** -7],
    ['bfloat16', -3.4e38, Number.NEGATIVE_INFINITY],
    ['bfloat16', 1e300, Number.POSITIVE_INFINITY],
  ] as const)('%s of %d is %d', (dtype, value, wanted) => {
    expect(narrowOne(dtype, value, 'float64')).toBe(wanted);
  });
});
