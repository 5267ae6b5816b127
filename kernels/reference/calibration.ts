/** Measures what one thread of this back end sustains, by running the kernels themselves on small operands. */
import { CONTROL_CELLS, type FloatArray, type Matrix, type Precision, type Rates } from '../backend.ts';
import { runAttend } from './attend.ts';
import { runCombine } from './combine.ts';

/** Wall time for one precision. */
const BUDGET_MS = 80;
/** Rounds within which the kernels are compiled by the JIT; on a busy machine the budget alone ends before that. */
const MIN_ROUNDS = 120;
/** Both precisions together stay under 200 ms whatever else the machine does. */
const LIMIT_MS = 98;
const ROWS = 32;
const KEYS = 64;
const D = 64;
const COPIED = 256;
/** Not measured here: a tile's cost beyond its arithmetic is the message to the thread and back, which the kernels do not see. */
const TILE_SECONDS = 2e-5;

/** `now` gives milliseconds. */
export function measureRates(precision: Precision, now: () => number): Rates {
  const runs = [scoresOnly(precision), fullAttend(precision), copyRows(precision, COPIED)];
  const [scores, attendSeconds, copySeconds] = bestSeconds(now, runs) as [number, number, number];
  const exponentialSeconds = scores / (ROWS * KEYS);
  const elementBytes = precision === 'float64' ? 8 : 4;
  // At worst the exponentials are taken for half of the time, so that noise cannot give a rate below zero.
  const arithmeticSeconds = Math.max(attendSeconds - scores, attendSeconds / 2);
  return {
    flopsPerSecond: (4 * ROWS * KEYS * D) / arithmeticSeconds,
    exponentialsPerSecond: 1 / exponentialSeconds,
    bytesPerSecond: (2 * COPIED * D * elementBytes) / copySeconds,
    tileSeconds: TILE_SECONDS,
  };
}

/**
 * The fastest run of each, in seconds. They take turns: all are seen early, when the JIT has not compiled them, and late, and whatever
 * disturbs the machine for a while disturbs them all.
 */
function bestSeconds(now: () => number, runs: readonly (() => void)[]): number[] {
  const best = runs.map(() => Infinity);
  const start = now();
  let before = start;
  for (let round = 0; before - start < (round < MIN_ROUNDS ? LIMIT_MS : BUDGET_MS); round++)
    for (const [index, run] of runs.entries()) {
      run();
      const after = now();
      best[index] = Math.min(best[index] as number, after - before);
      before = after;
    }
  // A clock may be coarser than one run.
  return best.map((ms) => Math.max(ms, 1e-3) / 1000);
}

function matrix(precision: Precision, rows: number, cols: number): Matrix {
  const data: FloatArray = precision === 'float64' ? new Float64Array(rows * cols) : new Float32Array(rows * cols);
  for (let at = 0; at < data.length; at++) data[at] = Math.sin(at);
  return { data, rows, cols };
}

function fullAttend(precision: Precision): () => void {
  return attendRunner(
    matrix(precision, ROWS, D),
    matrix(precision, KEYS, D),
    matrix(precision, KEYS, D),
    matrix(precision, ROWS, D),
  );
}

/** One coordinate and no values: nearly all of the time goes into exponentials and what surrounds them. */
function scoresOnly(precision: Precision): () => void {
  return attendRunner(matrix(precision, ROWS, 1), matrix(precision, KEYS, 1), null, null);
}

function attendRunner(queries: Matrix, keys: Matrix, values: Matrix | null, message: Matrix | null): () => void {
  const precision = queries.data instanceof Float64Array ? 'float64' : 'float32';
  const logSumExp = matrix(precision, ROWS, 1);
  const tile = { firstRow: 0, lastRow: ROWS, control: new Int32Array(CONTROL_CELLS), callId: -1 };
  const step = { kind: 'attend', queries, keys, keyBias: null, values, scale: 1 / D, band: null, message, logSumExp } as const;
  return () => runAttend(step, tile);
}

function copyRows(precision: Precision, rows: number): () => void {
  const factors = [matrix(precision, rows, D)];
  const product = matrix(precision, rows, D);
  const tile = { firstRow: 0, lastRow: rows, control: new Int32Array(CONTROL_CELLS), callId: -1 };
  return () => runCombine({ kind: 'combine', factors, product, addends: [], sum: null }, tile);
}
