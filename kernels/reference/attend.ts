/** One edge of a tree: flash-style softmax attention that also gives its log-sum-exp (math.md §6.1). The loop is in softmax.ts. */
import type { AttendStep, Matrix, TileContext } from '../backend.ts';
import { addProgress, isCancelled } from './control.ts';
import { checkShape, checkTile } from './operands.ts';
import { attendRows, type SoftmaxProblem } from './softmax.ts';

/** Rows between two reports of progress; a multiple of the kernel's own block of rows. */
const ROWS_PER_REPORT = 64;

/**
 * Rows [firstRow, lastRow) of `message` [nq, dv] and `logSumExp` [nq, 1]. 2 nq nk (d + dv) flops, memory O(d + dv).
 *
 * @throws Error when the operands' shapes contradict each other.
 */
export function runAttend(step: AttendStep<Matrix>, tile: TileContext): void {
  const nq = step.queries?.rows ?? 1;
  checkOperands(step, nq);
  checkTile(tile, nq);
  const problem = softmaxProblem(step);
  for (let row = tile.firstRow; row < tile.lastRow; row += ROWS_PER_REPORT) {
    const end = Math.min(row + ROWS_PER_REPORT, tile.lastRow);
    if (isCancelled(tile.control) || !attendRows(problem, row, end, tile.control)) return;
    addProgress(tile.control, end - row);
  }
}

function softmaxProblem(step: AttendStep<Matrix>): SoftmaxProblem {
  const { queries, keys } = step;
  return {
    // Without queries the inner products are those of vectors of length zero: each score is the bias alone.
    queries: queries?.data ?? keys.data.subarray(0, 0),
    weight: new Float64Array(queries?.cols ?? 0).fill(step.scale),
    keys: queries === null ? keys.data.subarray(0, 0) : keys.data,
    bias: step.keyBias?.data ?? null,
    values: step.values?.data ?? null,
    nk: keys.rows,
    dv: step.message?.cols ?? 0,
    lowest: step.band?.lowest ?? -Infinity,
    highest: step.band?.highest ?? Infinity,
    message: step.message?.data ?? null,
    logSumExp: step.logSumExp.data,
  };
}

function checkOperands(step: AttendStep<Matrix>, nq: number): void {
  const { queries, keys, values, message } = step;
  const dv = message?.cols ?? values?.cols ?? 0;
  if (queries !== null) checkShape('attend: queries', queries, queries.rows, keys.cols);
  checkShape('attend: keys', keys, keys.rows, keys.cols);
  checkShape('attend: keyBias', step.keyBias, keys.rows, 1);
  checkShape('attend: values', values, keys.rows, dv);
  checkShape('attend: message', message, nq, dv);
  checkShape('attend: logSumExp', step.logSumExp, nq, 1);
}
