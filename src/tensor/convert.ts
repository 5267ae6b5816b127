import { allocateData } from './allocate.ts';
import { roundToHalf } from './half.ts';
import { sizeByVectors } from './largest.ts';
import type { Lease } from './lease.ts';
import type { DType, FloatDType, Tensor, TensorData } from './tensor.ts';

/** Up to so many values are written one by one: to what is shared the engine writes no faster, and its call takes 0.1 µs. */
const FEW = 256;

/**
 * Values in a new array of a type, in shared memory, rounded to nearest even straight from their own precision. Values beyond the
 * type's range become infinite: the caller decides whether that is an error. For int32 and bool the values must fit already.
 * @param lease whose memory the array lies in
 */
export function convert(values: ArrayLike<number>, dtype: DType, lease?: Lease): TensorData {
  const data = allocateData(dtype, values.length, lease, true);
  if (dtype === 'float16' || dtype === 'bfloat16') roundToHalf(dtype, values, data as Float32Array);
  else if (values.length > FEW) data.set(values);
  else for (let i = 0; i < values.length; i++) data[i] = values[i] as number;
  return data;
}

/**
 * The tensor in the precision that kernels compute in. A tensor that is held so already is returned with its data shared, not copied;
 * half types are held as float32 (tensor.ts), so casting them to float32 costs nothing.
 */
export function cast(tensor: Tensor, dtype: FloatDType): Tensor {
  const { shape, data } = tensor;
  if (tensor.dtype === dtype) return tensor;
  if (dtype === 'float32' && data instanceof Float32Array) return { ...tensor, dtype, data };
  return { dtype, shape, data: convert(data, dtype) };
}

export interface NonFinite {
  readonly count: number;
  /** Flat index of the first one; -1 where there is none. */
  readonly firstIndex: number;
}

export interface NonFiniteOptions {
  /** Lets -Infinity pass: in a bias it means "not this key" (api.md §2). */
  readonly allowNegativeInfinity?: boolean;
}

const NONE: NonFinite = { count: 0, firstIndex: -1 };

/** Counts NaN and infinities. One pass at about 8 GB/s where there is none, or at the speed of memory by vectors. */
export function findNonFinite(data: ArrayLike<number>, options: NonFiniteOptions = {}): NonFinite {
  if (isAllFinite(data)) return NONE;
  const allow = options.allowNegativeInfinity === true;
  let count = 0;
  let firstIndex = -1;
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (Number.isFinite(value) || (allow && value === Number.NEGATIVE_INFINITY)) continue;
    if (count === 0) firstIndex = i;
    count++;
  }
  return { count, firstIndex };
}

/** x * 0 is 0 for finite x and NaN otherwise; four sums keep the additions independent. */
function isAllFinite(data: ArrayLike<number>): boolean {
  const size = sizeByVectors(data);
  if (size !== null) return size < Number.POSITIVE_INFINITY;
  const whole = data.length - (data.length % 4);
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let i = 0; i < whole; i += 4) {
    a += (data[i] as number) * 0;
    b += (data[i + 1] as number) * 0;
    c += (data[i + 2] as number) * 0;
    d += (data[i + 3] as number) * 0;
  }
  for (let i = whole; i < data.length; i++) a += (data[i] as number) * 0;
  return a + b + c + d === 0;
}
