/**
 * The shortest decimals that read back to the same float32, float16 or bfloat16, straight to ASCII.
 *
 * For each count of digits p, n = round(x·10^(p-1-e)) is the nearest decimal; it reads back when n·10^(e+1-p) lies less than half a unit
 * in the last place from x. All of it is fp64 arithmetic on integers below 10^9: its error is under 1e-8 of that half unit, which the
 * margin in the tables covers, and at the full digits of the type the nearest decimal always reads back.
 * Decimals on an exact tie are passed over: not every reader rounds ties to even.
 *
 * Versions tried, ms for 2^20 normally distributed float32 (bench/codecs.ts): toPrecision 6..9 with a test each 576; the engine's 17 digits
 * of the widened value 131, and 1.8 times the bytes; this 71.
 */
import type { FloatDType } from '../tensor/tensor.ts';

type NarrowDType = Exclude<FloatDType, 'float64'>;

/** Digits that always suffice: ceil(1 + bits·log10 2). */
const FULL_DIGITS = { float32: 9, float16: 5, bfloat16: 4 } as const satisfies Record<NarrowDType, number>;
/** Exponents below this (as biased by float32) share its unit in the last place: subnormals. */
const LOWEST = { float32: 1, float16: 113, bfloat16: 1 } as const satisfies Record<NarrowDType, number>;
const FRACTION_BITS = { float32: 23, float16: 10, bfloat16: 7 } as const satisfies Record<NarrowDType, number>;
const MARGIN = 1 - 1e-7;

/** Longest text of one value: sign, nine digits, a point, up to five zeros, or an exponent. */
export const MAX_DECIMAL_BYTES = 24;

const POWERS = Float64Array.from({ length: 64 }, (_, k) => Number(`1e${k}`));
/** floor(log10) of the smallest value of each biased exponent. */
const DECIMAL_EXPONENT = Int32Array.from({ length: 256 }, (_, biased) => Math.floor((biased - 127) * Math.log10(2)));

export interface DecimalFormat {
  readonly digits: number;
  readonly lowest: number;
  /** Half a unit in the last place, by biased float32 exponent. */
  readonly halfUnits: Float64Array;
}

function formatOf(dtype: NarrowDType): DecimalFormat {
  const lowest = LOWEST[dtype];
  const halfUnits = Float64Array.from(
    { length: 256 },
    (_, biased) => 2 ** (Math.max(biased, lowest) - 127 - FRACTION_BITS[dtype] - 1) * MARGIN,
  );
  return { digits: FULL_DIGITS[dtype], lowest, halfUnits };
}

export const DECIMAL_FORMATS = {
  float32: formatOf('float32'),
  float16: formatOf('float16'),
  bfloat16: formatOf('bfloat16'),
} as const satisfies Record<NarrowDType, DecimalFormat>;

/**
 * Writes one finite value at `pos` and returns the position after it.
 * @param word the value's float32 bits
 */
export function writeDecimal(out: Uint8Array, pos: number, value: number, word: number, format: DecimalFormat): number {
  let at = pos;
  if (word >>> 31 === 1) out[at++] = 0x2d;
  const x = Math.abs(value);
  if (x === 0) {
    out[at++] = 0x30;
    return at;
  }
  const biased = (word >>> 23) & 0xff;
  const above = format.halfUnits[biased] as number;
  // Below a power of two the values lie twice as close.
  const below = (word & 0x7fffff) === 0 && biased > format.lowest ? above / 2 : above;
  let exponent = biased === 0 ? Math.floor(Math.log10(x)) : (DECIMAL_EXPONENT[biased] as number);
  if (x >= scale(1, exponent + 1)) exponent++;

  let digits = format.digits - 1;
  let number = Math.floor(scale(x, digits - 1 - exponent) + 0.5);
  if (!readsBack(number, exponent + 1 - digits, x, below, above)) {
    digits++;
    number = Math.floor(scale(x, digits - 1 - exponent) + 0.5);
  } else {
    while (digits > 1) {
      const shorter = Math.floor(scale(x, digits - 2 - exponent) + 0.5);
      if (!readsBack(shorter, exponent + 2 - digits, x, below, above)) break;
      number = shorter;
      digits--;
    }
  }
  if (number === POWERS[digits]) {
    number = 1;
    digits = 1;
    exponent++;
  }
  return layOut(out, at, number | 0, digits, exponent);
}

function scale(x: number, power: number): number {
  return power >= 0 ? x * (POWERS[power] as number) : x / (POWERS[-power] as number);
}

function readsBack(number: number, power: number, x: number, below: number, above: number): boolean {
  const distance = scale(number, power) - x;
  return distance < above && -distance < below;
}

/** 123 with exponent 1 is 12.3; plain from 10^-5 to 10^15, with an exponent outside. */
function layOut(out: Uint8Array, pos: number, number: number, digits: number, exponent: number): number {
  if (exponent < -5 || exponent > 15) {
    const at = layOut(out, pos, number, digits, 0);
    out[at] = 0x65;
    out[at + 1] = exponent < 0 ? 0x2d : 0x2b;
    const size = Math.abs(exponent);
    return putDigits(out, at + 2, size, size > 9 ? 2 : 1);
  }
  if (exponent < 0) {
    out[pos] = 0x30;
    out[pos + 1] = 0x2e;
    return putDigits(out, putZeros(out, pos + 2, -1 - exponent), number, digits);
  }
  const fraction = digits - 1 - exponent;
  if (fraction <= 0) {
    return putZeros(out, putDigits(out, pos, number, digits), -fraction);
  }
  const unit = POWERS[fraction] as number;
  const whole = (number / unit) | 0;
  const at = putDigits(out, pos, whole, exponent + 1);
  out[at] = 0x2e;
  return putDigits(out, at + 1, (number - whole * unit) | 0, fraction);
}

/** By hand: hardly ever more than two, and mostly none. */
function putZeros(out: Uint8Array, pos: number, count: number): number {
  for (let i = 0; i < count; i++) out[pos + i] = 0x30;
  return pos + count;
}

function putDigits(out: Uint8Array, pos: number, number: number, digits: number): number {
  let rest = number;
  for (let i = pos + digits - 1; i >= pos; i--) {
    const next = (rest / 10) | 0;
    out[i] = 0x30 + rest - next * 10;
    rest = next;
  }
  return pos + digits;
}
