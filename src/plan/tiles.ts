import type { Stage } from './plan.ts';

/** A tile runs about this long: long enough that 40 µs of hand-over do not count, short enough that a cancelled request stops soon. */
export const TILE_SECONDS = 0.02;
/** Work below this is not worth splitting among threads. */
const WORTH_SPLITTING_SECONDS = 0.5e-3;
/** Kernels work on blocks of rows; tiles that hold whole blocks leave no ragged ends. */
const ROW_BLOCK = 64;

/** Rows [first, last) of a stage in every slice's numbering. */
export interface RowRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Cuts the rows of one slice of a stage into tiles of about `TILE_SECONDS`, and into at least enough for all threads where the stage
 * is worth it.
 */
export function cutRows(rows: number, seconds: number, slices: number, threads: number): RowRange[] {
  const byTime = Math.ceil(seconds / TILE_SECONDS);
  const byThreads = seconds * slices > WORTH_SPLITTING_SECONDS ? Math.ceil(threads / slices) : 1;
  const pieces = Math.min(rows, Math.max(1, byTime, byThreads));
  let size = Math.ceil(rows / pieces);
  if (size > ROW_BLOCK) size = Math.ceil(size / ROW_BLOCK) * ROW_BLOCK;
  const ranges: RowRange[] = [];
  for (let first = 0; first < rows; first += size) ranges.push({ first, last: Math.min(rows, first + size) });
  return ranges;
}

/** Modelled wall-clock seconds of stages whose tiles run on `threads` threads. */
export function parallelSeconds(stages: readonly Stage[], slices: number, threads: number): number {
  return stages.reduce((sum, stage) => {
    const total = stage.seconds * slices;
    return sum + (total > WORTH_SPLITTING_SECONDS ? total / threads : total);
  }, 0);
}
