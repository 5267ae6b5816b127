/**
 * Pseudo-random numbers that depend on where they stand and not on what was drawn before: tiles may come in any order. Made of +, -, *, / and
 * sqrt alone, which round alike everywhere: the native back end draws the same ones, bit for bit (kernels/native/src/draws.cc).
 */

/** 32 bits from a seed and three counters: rounds of multiply and shift after each, as in integer hash functions. */
function mix(seed: number, a: number, b: number, c: number): number {
  let h = (seed | 0) ^ Math.imul(Math.floor(seed / 2 ** 32) + 1, 0x85ebca6b);
  for (const word of [a, b, c]) {
    h = Math.imul(h ^ word, 0x9e3779b1);
    h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h ^= h >>> 16;
  }
  return h >>> 0;
}

/** Uniform in [0, 1), 53 bits. */
export function uniform(seed: number, stream: number, index: number): number {
  return ((mix(seed, stream, index, 0) >>> 5) * 2 ** 26 + (mix(seed, stream, index, 1) >>> 6)) / 2 ** 53;
}

/** Uniform among 0 .. n-1. */
export function drawIndex(seed: number, stream: number, index: number, n: number): number {
  return Math.min(n - 1, Math.floor(uniform(seed, stream, index) * n));
}

/** Standard normal, by Box and Muller. */
export function normal(seed: number, stream: number, index: number): number {
  const radius = Math.sqrt(-2 * logarithm(1 - uniform(seed, stream, 2 * index)));
  return radius * cosine(uniform(seed, stream, 2 * index + 1));
}

const bits = new DataView(new ArrayBuffer(8));

/** ln x for a normal x: x = 2^e m, m in [0.75, 1.5); ln m = 2 artanh s, s = (m - 1) / (m + 1). */
export function logarithm(x: number): number {
  bits.setFloat64(0, x);
  const high = bits.getUint32(0);
  let exponent = (high >>> 20) - 1023;
  bits.setUint32(0, (high & 0xfffff) | 0x3ff00000);
  let m = bits.getFloat64(0);
  if (m >= 1.5) {
    m /= 2;
    exponent += 1;
  }
  const s = (m - 1) / (m + 1);
  const t = s * s;
  let sum = 0;
  for (let k = 27; k >= 1; k -= 2) sum = sum * t + 1 / k;
  return exponent * Math.LN2 + 2 * s * sum;
}

/** cos 2πu, u in [0, 1): a quarter turn at a time, |angle| <= π / 4. */
export function cosine(u: number): number {
  const quarter = Math.floor(4 * u + 0.5);
  const angle = 6.283185307179586 * (u - quarter / 4);
  const t = angle * angle;
  const odd = quarter % 2 === 1;
  let sum = 0;
  for (let k = odd ? 19 : 18; k >= 2; k -= 2) sum = (1 - sum) * t * (1 / (k * (k - 1)));
  const value = odd ? angle * (1 - sum) : 1 - sum;
  return quarter % 4 === 0 || quarter % 4 === 3 ? value : -value;
}
