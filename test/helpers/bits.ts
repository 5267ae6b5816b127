import { FLOAT_TYPES, roundExactly, valueOfBits } from './exact.ts';

/** Element types as bytes, written and read without the project's converters. */

export const FLOATS = ['float16', 'bfloat16', 'float32', 'float64'] as const;
export type Float = (typeof FLOATS)[number];

const bitsByValue = new Map<'float16' | 'bfloat16', Map<number, number>>(
  (['float16', 'bfloat16'] as const).map((dtype) => [
    dtype,
    new Map(Array.from({ length: 65536 }, (_, bits) => [valueOfBits(dtype, bits), bits])),
  ]),
);

/** The nearest value of the type, ties to even. */
export function nearest(dtype: Float, value: number): number {
  return dtype === 'float64' ? value : roundExactly(value, FLOAT_TYPES[dtype]);
}

/** Little-endian bytes of values that are exact in the type. */
export function toBase64(dtype: Float, values: readonly number[]): string {
  const width = { float16: 2, bfloat16: 2, float32: 4, float64: 8 }[dtype];
  const bytes = Buffer.alloc(values.length * width);
  values.forEach((value, i) => {
    if (dtype === 'float64') bytes.writeDoubleLE(value, i * width);
    else if (dtype === 'float32') bytes.writeFloatLE(value, i * width);
    else {
      const bits = Object.is(value, -0) ? 0x8000 : value === 0 ? 0 : bitsByValue.get(dtype)?.get(value);
      if (bits === undefined) throw new Error(`${value} is no ${dtype}`);
      bytes.writeUInt16LE(bits, i * width);
    }
  });
  return bytes.toString('base64');
}

export function fromBase64(dtype: Float, text: string): number[] {
  const bytes = Buffer.from(text, 'base64');
  const width = { float16: 2, bfloat16: 2, float32: 4, float64: 8 }[dtype];
  return Array.from({ length: bytes.length / width }, (_, i) => {
    if (dtype === 'float64') return bytes.readDoubleLE(i * width);
    if (dtype === 'float32') return bytes.readFloatLE(i * width);
    return valueOfBits(dtype, bytes.readUInt16LE(i * width));
  });
}
