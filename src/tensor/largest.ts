import type { Tensor, TensorData } from './tensor.ts';

const MAGNITUDE = 0x7fffffff;
const INFINITE = 0x7f800000;
/** Values below which a view of their bits costs more than it saves. */
const FEW = 512;
/** And a call out of JavaScript. */
const FEW_FOR_VECTORS = 64;

/** What `sizeOf` says of floats, by other means. */
export type SizeOf = (values: Float32Array | Float64Array) => number;

let vectorSizeOf: SizeOf | null = null;

/** Has this thread look with the machine's vector units, which its kernels bring: 25 GB/s from the cache. `null`: by the loops below. */
export function useSizeOf(sizeOf: SizeOf | null): void {
  vectorSizeOf = sizeOf;
}

/** Largest finite size of a tensor's values; 0 where there is none. Infinities, which only a bias may hold, do not count. */
export function largestOf({ largest, data }: Tensor): number {
  if (largest !== undefined) return largest;
  const most = sizeOf(data);
  return most < Number.POSITIVE_INFINITY ? most : largestFinite(data);
}

/** Largest size of the values, Infinity where one is NaN or infinite: one pass answers both questions, at 4 GB/s by these loops. */
export function sizeOf(data: TensorData | Float64Array): number {
  const seen = sizeByVectors(data);
  if (seen !== null) return seen;
  if (data instanceof Float32Array && data.length > FEW) return sizeOfSingle(data);
  // Four at once, so that none waits for the one before it. Math.max hands NaN on.
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = data.length - (data.length % 4);
  for (let i = 0; i < whole; i += 4) {
    a = Math.max(a, Math.abs(data[i] as number));
    b = Math.max(b, Math.abs(data[i + 1] as number));
    c = Math.max(c, Math.abs(data[i + 2] as number));
    d = Math.max(d, Math.abs(data[i + 3] as number));
  }
  for (let i = whole; i < data.length; i++) a = Math.max(a, Math.abs(data[i] as number));
  const most = Math.max(a, b, c, d);
  return Number.isNaN(most) ? Number.POSITIVE_INFINITY : most;
}

/** The same by the machine's vector units; null where there are none, and of what they do not see or is too short for a call. */
export function sizeByVectors(data: ArrayLike<number>): number | null {
  if (vectorSizeOf === null || data.length <= FEW_FOR_VECTORS) return null;
  return data instanceof Float32Array || data instanceof Float64Array ? vectorSizeOf(data) : null;
}

/** Bit patterns of floats without their sign are ordered as the sizes are, and whole numbers compare faster; four at once, faster still. */
function sizeOfSingle(data: Float32Array): number {
  const words = new Int32Array(data.buffer, data.byteOffset, data.length);
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = words.length - (words.length % 4);
  for (let i = 0; i < whole; i += 4) {
    const first = (words[i] as number) & MAGNITUDE;
    const second = (words[i + 1] as number) & MAGNITUDE;
    const third = (words[i + 2] as number) & MAGNITUDE;
    const fourth = (words[i + 3] as number) & MAGNITUDE;
    if (first > a) a = first;
    if (second > b) b = second;
    if (third > c) c = third;
    if (fourth > d) d = fourth;
  }
  for (let i = whole; i < words.length; i++) a = Math.max(a, (words[i] as number) & MAGNITUDE);
  const most = Math.max(a, b, c, d);
  if (most >= INFINITE) return Number.POSITIVE_INFINITY;
  return new Float32Array(Int32Array.of(most).buffer)[0] as number;
}

function largestFinite(data: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < data.length; i++) {
    const size = Math.abs(data[i] as number);
    if (size > most && size < Number.POSITIVE_INFINITY) most = size;
  }
  return most;
}
