import { endianness } from 'node:os';
import { allocateData, WIRE_BYTES } from './allocate.ts';
import { narrowHalf, widenHalf } from './half.ts';
import type { Lease } from './lease.ts';
import { reserve } from './memory.ts';
import type { DType, Tensor, TensorData } from './tensor.ts';

if (endianness() !== 'LE')
  throw new Error('Tensor bytes are little-endian and copied as they are: a little-endian machine is needed');

/** Beyond, bytes are copied tensor by tensor. */
const FEW_BYTES = 1 << 12;

function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/**
 * Little-endian row-major bytes as values in shared memory. Bytes that are there already, aligned to their type, and need no conversion
 * become the tensor's memory as they are: the caller gives them away. Everything else is copied once, halves widened on the way.
 * @param bytes exactly `count` elements; the caller has checked the length. Bytes of bool other than 0 count as true.
 * @param lease whose memory the copy lies in
 */
export function fromBytes(bytes: Uint8Array, dtype: DType, lease?: Lease): TensorData {
  const count = bytes.length / WIRE_BYTES[dtype];
  const memory = bytes.buffer;
  if (memory instanceof SharedArrayBuffer && isNative(dtype) && bytes.byteOffset % WIRE_BYTES[dtype] === 0) {
    return viewOf(memory, bytes.byteOffset, dtype, count);
  }
  const data = allocateData(dtype, count, lease, true);
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

/** Few bytes that are not in shared memory, copied there as one: the tensors among them are then views of it. Others as they are. */
export function sharedBytes(bytes: Uint8Array, lease?: Lease): Uint8Array {
  if (bytes.length === 0 || bytes.length > FEW_BYTES || bytes.buffer instanceof SharedArrayBuffer) return bytes;
  const { memory, offset } = reserve(bytes.length, lease, true);
  const copy = new Uint8Array(memory, offset, bytes.length);
  copy.set(bytes);
  return copy;
}

/** The tensor that `fromBytes` makes, with the bytes of a float16 one where they can stay as they are. */
export function tensorFromBytes(bytes: Uint8Array, dtype: DType, shape: readonly number[], lease?: Lease): Tensor {
  const data = fromBytes(bytes, dtype, lease);
  const { buffer, byteOffset } = bytes;
  if (dtype !== 'float16' || !(buffer instanceof SharedArrayBuffer) || byteOffset % 2 !== 0) return { dtype, shape, data };
  return { dtype, shape, data, half: new Uint16Array(buffer, byteOffset, data.length) };
}

/** The same of the bytes `[begin, end)`, of which no view is made where they are a view of their own already. */
export function tensorAt(
  bytes: Uint8Array,
  begin: number,
  end: number,
  dtype: DType,
  shape: readonly number[],
  lease?: Lease,
): Tensor {
  const { buffer } = bytes;
  const offset = bytes.byteOffset + begin;
  const width = WIRE_BYTES[dtype];
  const isInPlace = buffer instanceof SharedArrayBuffer && isNative(dtype) && offset % width === 0;
  if (!isInPlace) return tensorFromBytes(bytes.subarray(begin, end), dtype, shape, lease);
  return { dtype, shape, data: viewOf(buffer, offset, dtype, (end - begin) / width) };
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
  const native = nativeArray(dtype);
  return bytesOf(data instanceof native ? data : native.from(data));
}

/** Bytes that `toBytes` has to make; 0 where it hands on the tensor's own memory. */
export function conversionBytes({ dtype, data }: Tensor): number {
  const isKept = dtype !== 'float16' && dtype !== 'bfloat16' && data instanceof nativeArray(dtype);
  return isKept ? 0 : data.length * WIRE_BYTES[dtype];
}

/** Types whose bytes on the wire are those in memory, whatever they hold. */
export function isNative(dtype: DType): boolean {
  return dtype === 'float32' || dtype === 'float64' || dtype === 'int32';
}

/** Values of a native type as they lie in shared memory. */
export function viewOf(memory: SharedArrayBuffer, offset: number, dtype: DType, count: number): TensorData {
  if (dtype === 'float64') return new Float64Array(memory, offset, count);
  return dtype === 'int32' ? new Int32Array(memory, offset, count) : new Float32Array(memory, offset, count);
}

function nativeArray(dtype: DType) {
  if (dtype === 'float64') return Float64Array;
  if (dtype === 'int32') return Int32Array;
  return dtype === 'bool' ? Uint8Array : Float32Array;
}
