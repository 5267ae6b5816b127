import type { Tensor } from './tensor.ts';

const MAGNITUDE = 0x7fffffff;
const INFINITE = 0x7f800000;
/** Values below which a view of their bits costs more than it saves. */
const FEW = 512;

/** Largest finite size of a tensor's values; 0 where there is none. Infinities, which only a bias may hold, do not count. */
export function largestOf({ largest, data }: Tensor): number {
  return largest ?? (data instanceof Float32Array && data.length > FEW ? largestSingle(data) : largestOfAny(data));
}

/** Bit patterns of floats without their sign are ordered as the sizes are, and whole numbers compare faster. */
function largestSingle(data: Float32Array): number {
  const words = new Int32Array(data.buffer, data.byteOffset, data.length);
  let a = 0;
  let b = 0;
  const even = words.length - (words.length % 2);
  for (let i = 0; i < even; i += 2) {
    const first = (words[i] as number) & MAGNITUDE;
    const second = (words[i + 1] as number) & MAGNITUDE;
    if (first > a) a = first;
    if (second > b) b = second;
  }
  if (even < words.length) a = Math.max(a, (words[even] as number) & MAGNITUDE);
  const most = Math.max(a, b);
  if (most >= INFINITE) return largestOfAny(data);
  return new Float32Array(Int32Array.of(most).buffer)[0] as number;
}

function largestOfAny(data: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < data.length; i++) {
    const size = Math.abs(data[i] as number);
    if (size > most && size < Number.POSITIVE_INFINITY) most = size;
  }
  return most;
}
