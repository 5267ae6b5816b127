import type { AttentionRequest, Operand } from '../contract/request.ts';
import { allocate } from '../tensor/allocate.ts';
import type { Compiler } from './compiler.ts';
import { exactProblem, inPrecision, type Task } from './planned-task.ts';
import type { MeasuredError } from './result.ts';

/** The exact answer, in float64, on the rows of the output by which an approximate one is to be judged. */
export interface Measurement extends Task {
  readonly type: MeasuredError['type'];
  /** Rows of the approximate output, ascending; row i of the exact one is rows[i] where `gathered`, rows[i] itself where not. */
  readonly rows: readonly number[];
  readonly gathered: boolean;
}

/**
 * What has to run for an error report, or null where none was asked for. Sampled rows alone are computed where that says the same: under a
 * mask, or with padded rows, what a row may see depends on where it stands, and all rows are.
 */
export function planMeasurement(request: AttentionRequest, compile: Compiler): Measurement | null {
  const { errorReport } = request;
  if (errorReport === null) return null;
  const n = request.problem.rows[0] as number;
  const { type } = errorReport;
  const rows = type === 'full' ? Array.from({ length: n }, (_, row) => row) : drawRows(n, errorReport.rows, errorReport.seed);
  const gathered = rows.length < n && request.problem.mask.type === 'none' && request.lengths === null;
  const wide = inPrecision(request, 'float64');
  const exact = gathered ? onRows(wide, rows) : wide;
  const problem = { ...exactProblem(exact.problem), algorithm: 'auto', backend: 'auto' } as const;
  return { request: { ...exact, problem }, plan: compile(problem), type, rows, gathered };
}

/** Distinct rows by seed, ascending: a partial shuffle by a small generator of its own (xorshift32). */
export function drawRows(n: number, count: number, seed: number): number[] {
  let state = (Math.imul(seed + 1, 0x9e3779b1) ^ Math.floor(seed / 2 ** 32)) >>> 0 || 1;
  const draw = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor(((state >>> 0) / 2 ** 32) * below);
  };
  // Only the places that were touched: n may be large and count small.
  const moved = new Map<number, number>();
  const at = (i: number): number => moved.get(i) ?? i;
  const rows = Array.from({ length: Math.min(count, n) }, (_, i) => {
    const j = i + draw(n - i);
    const row = at(j);
    moved.set(j, at(i));
    return row;
  });
  return rows.sort((a, b) => a - b);
}

/** The request on some rows of x1 only. */
function onRows(request: AttentionRequest, rows: readonly number[]): AttentionRequest {
  const operands = new Map(request.operands);
  for (const name of ['q1', 'b1']) {
    const operand = operands.get(name);
    if (operand !== undefined) operands.set(name, gather(operand, rows));
  }
  const { problem } = request;
  return { ...request, operands, problem: { ...problem, rows: [rows.length, ...problem.rows.slice(1)] } };
}

function gather(operand: Operand, rows: readonly number[]): Operand {
  const { tensor, batch, heads, cols } = operand;
  const taken = allocate(tensor.dtype, [batch, heads, rows.length, cols]);
  for (let slice = 0; slice < batch * heads; slice++) {
    rows.forEach((row, i) => {
      const from = (slice * operand.rows + row) * cols;
      taken.data.set(tensor.data.subarray(from, from + cols), (slice * rows.length + i) * cols);
    });
  }
  return { ...operand, tensor: taken, rows: rows.length };
}

/** Compares [slices, n1, dv] with the exact [slices, n1 or rows, dv], in units in the last place of `precision` too. */
export function compare(
  approximate: ArrayLike<number>,
  exact: ArrayLike<number>,
  { type, rows, gathered }: Measurement,
  { slices, n, precision }: { readonly slices: number; readonly n: number; readonly precision: 'float32' | 'float64' },
): MeasuredError {
  const dv = approximate.length / (slices * n);
  const exactRows = gathered ? rows.length : n;
  let [maxAbsError, sum, squares, norm, maxUlp, worstRow] = [0, 0, 0, 0, 0, rows[0] ?? 0];
  for (let slice = 0; slice < slices; slice++) {
    rows.forEach((row, i) => {
      const from = (slice * n + row) * dv;
      const to = (slice * exactRows + (gathered ? i : row)) * dv;
      for (let c = 0; c < dv; c++) {
        const value = exact[to + c] as number;
        const error = Math.abs((approximate[from + c] as number) - value);
        if (error > maxAbsError) [maxAbsError, worstRow] = [error, row];
        sum += error;
        squares += error * error;
        norm += value * value;
        maxUlp = Math.max(maxUlp, error / unitInTheLastPlace(value, precision));
      }
    });
  }
  const count = Math.max(1, slices * rows.length * dv);
  const relativeFrobenius = squares === 0 ? 0 : Math.sqrt(squares / Math.max(norm, Number.MIN_VALUE));
  return {
    type,
    rows: rows.length,
    maxAbsError,
    meanAbsError: sum / count,
    rmse: Math.sqrt(squares / count),
    relativeFrobenius: Math.min(relativeFrobenius, Number.MAX_VALUE),
    maxUlp: Math.min(maxUlp, Number.MAX_VALUE),
    worstRow,
  };
}

/** The distance between a value and the next one of the precision, towards larger sizes. */
function unitInTheLastPlace(value: number, precision: 'float32' | 'float64'): number {
  const [bits, least] = precision === 'float32' ? [23, -149] : [52, -1074];
  const size = Math.abs(value);
  return size === 0 ? 2 ** least : 2 ** Math.max(least, Math.floor(Math.log2(size)) - bits);
}
