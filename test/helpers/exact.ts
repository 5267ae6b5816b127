/** Rounding by exact integer arithmetic: slow, and independent of every rounding that the engine does. */

export interface FloatType {
  /** Bits of the significand, the hidden one included. */
  readonly precision: number;
  /** Exponent of the smallest normal value, 2^minExponent. */
  readonly minExponent: number;
  readonly maxExponent: number;
}

export const FLOAT_TYPES = {
  float16: { precision: 11, minExponent: -14, maxExponent: 15 },
  bfloat16: { precision: 8, minExponent: -126, maxExponent: 127 },
  float32: { precision: 24, minExponent: -126, maxExponent: 127 },
} as const satisfies Record<string, FloatType>;

/** The value of a bit pattern of a half type. */
export function valueOfBits(dtype: 'float16' | 'bfloat16', bits: number): number {
  const { precision, minExponent } = FLOAT_TYPES[dtype];
  const fractionBits = precision - 1;
  const exponentBits = 15 - fractionBits;
  const sign = bits >>> 15 ? -1 : 1;
  const exponent = (bits >>> fractionBits) & (2 ** exponentBits - 1);
  const fraction = bits & (2 ** fractionBits - 1);
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  const significand = exponent === 0 ? fraction : fraction + 2 ** fractionBits;
  return sign * significand * 2 ** (Math.max(exponent, 1) - 1 + minExponent - fractionBits);
}

/** A finite double as an integer times a power of two. */
function parts(value: number): { integer: bigint; power: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(value));
  const bits = view.getBigUint64(0);
  const biased = Number(bits >> 52n);
  const fraction = bits & ((1n << 52n) - 1n);
  return biased === 0 ? { integer: fraction, power: -1074 } : { integer: fraction | (1n << 52n), power: biased - 1075 };
}

/** The nearest value of a type, ties to even; infinite beyond its range. */
export function roundExactly(value: number, type: FloatType): number {
  if (!Number.isFinite(value) || value === 0) return value;
  const { integer, power } = parts(value);
  const top = integer.toString(2).length - 1 + power;
  const unit = Math.max(top, type.minExponent) - (type.precision - 1);
  let rounded: bigint;
  if (unit <= power) rounded = integer << BigInt(power - unit);
  else {
    const shift = BigInt(unit - power);
    const twice = integer << 1n;
    rounded = twice >> (shift + 1n);
    const rest = integer - (rounded << shift);
    const half = 1n << (shift - 1n);
    if (rest > half || (rest === half && (rounded & 1n) === 1n)) rounded += 1n;
  }
  const largest = (2n ** BigInt(type.precision) - 1n) << BigInt(type.maxExponent - type.precision + 1 - unit);
  const magnitude = rounded > largest ? Number.POSITIVE_INFINITY : Number(rounded) * 2 ** unit;
  return value < 0 ? -magnitude : magnitude;
}
