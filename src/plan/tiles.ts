import { isDevice, type Precision } from '../../kernels/backend.ts';
import type { Stage } from './plan.ts';

/** A tile runs about this long: long enough that 40 µs of hand-over do not count, short enough that a cancelled request stops soon. */
export const TILE_SECONDS = 0.02;
/** A plan shorter than this goes over to one thread in one piece: hand-overs would cost more than a second thread gives. */
export const ONE_PIECE_SECONDS = 1e-3;
/** Work below this is not worth splitting among threads. */
export const WORTH_SPLITTING_SECONDS = 0.5e-3;
/** Tiles for each thread where rows differ in cost: the threads then end within an eighth of each other. */
const UNEVEN_PIECES = 4;
/** Kernels work on blocks of rows; tiles that hold whole blocks leave no ragged ends. */
const ROW_BLOCK = 64;
/** Rows that fast products take together at most, four panels (kernels/native/src/fast.h). */
const FAST_PANELS = 256;

/** Rows [first, last) of a stage in every slice's numbering. */
export interface RowRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Cuts the rows of one slice of a stage into tiles of about `TILE_SECONDS`, and into at least enough for all threads where the stage
 * is worth it. Stages whose tiles repeat work (prefix, eliminate) are cut for the threads only.
 */
export function cutRows(rows: number, { seconds, step }: Stage, slices: number, threads: number): RowRange[] {
  const byTime = repeatsWork(step) ? 1 : Math.ceil(seconds / TILE_SECONDS);
  const wanted = isUneven(step) ? UNEVEN_PIECES * threads : threads;
  const byThreads = seconds * slices > WORTH_SPLITTING_SECONDS ? Math.ceil(wanted / slices) : 1;
  const enough = Math.max(1, byTime, byThreads);
  // Three tiles on two threads take as long as four: whole rounds leave no thread without work in the last one.
  const pieces = Math.min(rows, enough > 1 && slices % threads !== 0 ? Math.ceil(enough / threads) * threads : enough);
  let size = Math.ceil(rows / pieces);
  const block = rowBlock(step, rows);
  if (size > ROW_BLOCK || step.kind === 'cycle') size = Math.ceil(size / block) * block;
  const ranges: RowRange[] = [];
  for (let first = 0; first < rows; first += size) ranges.push({ first, last: Math.min(rows, first + size) });
  return ranges;
}

/** A cycle's rows are the lanes of a panel, or of the panels that a fast product takes together: fewer cost as much as all of them. */
function rowBlock(step: Stage['step'], rows: number): number {
  const panels = step.kind === 'cycle' && step.product !== 'gemm' && step.order.length === 3 && rows >= 2 * FAST_PANELS;
  return panels ? FAST_PANELS : ROW_BLOCK;
}

/** A tile of these starts by doing once more what the tiles before it did. */
function repeatsWork(step: Stage['step']): boolean {
  return step.kind === 'prefix' || step.kind === 'eliminate' || step.kind === 'scan';
}

/** Under a causal mask later rows cost more than earlier ones, so equal tiles would leave threads idle. */
function isUneven(step: Stage['step']): boolean {
  if (step.kind === 'attend') return step.band?.highest === Number.POSITIVE_INFINITY;
  return 'masks' in step && step.masks.some(({ highest }) => highest === Number.POSITIVE_INFINITY);
}

/** Modelled wall-clock milliseconds: stages run level by level, their tiles spread over the threads. */
export function modelledMs(stages: readonly Stage[], slices: number, threads: number, precision: Precision): number {
  const total = stages.reduce((sum, { seconds }) => sum + seconds, 0) * slices;
  const handOver = Math.max(...stages.map(({ backend }) => backend.rates[precision]?.tileSeconds ?? 0));
  if (total < ONE_PIECE_SECONDS && stages.every(({ backend }) => !isDevice(backend.name))) return 1e3 * (total + handOver);
  let seconds = 0;
  for (const level of new Set(stages.map((stage) => stage.level))) {
    for (const stage of stages.filter((one) => one.level === level)) {
      const own = stage.seconds * slices;
      const spread =
        !isDevice(stage.backend.name) && own > WORTH_SPLITTING_SECONDS && (!repeatsWork(stage.step) || slices >= threads);
      seconds += spread ? own / threads : own;
    }
    seconds += handOver;
  }
  return 1e3 * seconds;
}
