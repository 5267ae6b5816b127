/** Seeded numbers for tests (mulberry32): the same case every time. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = state;
    word = Math.imul(word ^ (word >>> 15), word | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** rows×columns entries in ±amplitude, exact in float32. */
export function randomRows(next: () => number, rows: number, columns: number, amplitude: number): number[][] {
  return Array.from({ length: rows }, () => Array.from({ length: columns }, () => Math.fround((2 * next() - 1) * amplitude)));
}

/** Standard normal, by Box and Muller. */
export function normal(next: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}
