/** Pseudo-random numbers that depend on where they stand and not on what was drawn before: tiles may come in any order. */

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
  const radius = Math.sqrt(-2 * Math.log(1 - uniform(seed, stream, 2 * index)));
  return radius * Math.cos(2 * Math.PI * uniform(seed, stream, 2 * index + 1));
}
