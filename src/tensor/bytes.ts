import { endianness } from 'node:os';
import { allocateData, WIRE_BYTES } from './allocate.ts';
import { narrowHalf, widenHalf } from './half.ts';
import type { DType, Tensor, TensorData } from './tensor.ts';

if (endianness() !== 'LE')
  throw new Error('Tensor bytes are little-endian and copied as they are: a little-endian machine is needed');

function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/**
 * Little-endian row-major bytes, at any alignment, to shared memory: one copy, halves widened on the way.
 * @param bytes exactly `count` elements; the caller has checked the length. Bytes of bool other than 0 count as true.
 */
export function fromBytes(bytes: Uint8Array, dtype: DType): TensorData {
  const count = bytes.length / WIRE_BYTES[dtype];
  const data = allocateData(dtype, count);
  if (dtype === 'float16' || dtype === 'bfloat16') {
    // A copy by the constructor: slice() of a Buffer is a view.
    const aligned = bytes.byteOffset % 2 === 0 ? bytes : new Uint8Array(bytes);
    widenHalf(dtype, new Uint16Array(aligned.buffer, aligned.byteOffset, count), data as Float32Array);
    return data;
  }
  bytesOf(data).set(bytes);
  if (dtype === 'bool') for (let i = 0; i < count; i++) if (data[i] !== 0) data[i] = 1;
  return data;
}

/**
 * The tensor's values as little-endian bytes of its own dtype, rounded to nearest even where `data` is wider. Where nothing is to be
 * converted the result is a view of the tensor's memory.
 */
export function toBytes(tensor: Tensor): Uint8Array {
  const { dtype, data } = tensor;
  if (dtype === 'float16' || dtype === 'bfloat16') {
    const bits = new Uint16Array(data.length);
    narrowHalf(dtype, data, bits);
    return bytesOf(bits);
  }
  const native = allocateNative(dtype);
  return bytesOf(data instanceof native ? data : native.from(data));
}

function allocateNative(dtype: DType) {
  if (dtype === 'float64') return Float64Array;
  if (dtype === 'int32') return Int32Array;
  return dtype === 'bool' ? Uint8Array : Float32Array;
}
