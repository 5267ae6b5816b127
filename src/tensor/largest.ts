import type { Tensor, TensorData } from './tensor.ts';

const MAGNITUDE = 0x7fffffff;
const INFINITE = 0x7f800000;
/** Values below which a view of their bits costs more than it saves. */
const FEW = 512;

/** Largest finite size of a tensor's values; 0 where there is none. Infinities, which only a bias may hold, do not count. */
export function largestOf({ largest, data }: Tensor): number {
  if (largest !== undefined) return largest;
  const most = sizeOf(data);
  return most < Number.POSITIVE_INFINITY ? most : largestFinite(data);
}

/** Largest size of the values, Infinity where one is NaN or infinite: one pass answers both questions, at about 4 GB/s. */
export function sizeOf(data: TensorData | Float64Array): number {
  if (data instanceof Float32Array && data.length > FEW) return sizeOfSingle(data);
  let most = 0;
  // Math.max hands NaN on.
  for (let i = 0; i < data.length; i++) most = Math.max(most, Math.abs(data[i] as number));
  return Number.isNaN(most) ? Number.POSITIVE_INFINITY : most;
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
