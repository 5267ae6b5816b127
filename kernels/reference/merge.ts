/** Joins partial messages over disjoint sets of tuples (math.md §6.4): L = LSE_p L_p, u = Σ_p e^(L_p - L) u_p. */
import type { Matrix, MergeStep, TileContext } from '../backend.ts';
import { addProgress, isCancelled } from './control.ts';
import { checkShape, checkTile } from './operands.ts';

/**
 * Rows [firstRow, lastRow) of `message` [rows, dv] and `logSumExp` [rows, 1].
 *
 * @throws Error when the operands' shapes contradict each other.
 */
export function runMerge(step: MergeStep<Matrix>, tile: TileContext): void {
  const rows = step.logSumExp.rows;
  checkOperands(step, rows);
  checkTile(tile, rows);
  for (let row = tile.firstRow; row < tile.lastRow; row++) {
    if (isCancelled(tile.control)) return;
    mergeRow(step, row, rows);
    addProgress(tile.control, 1);
  }
}

function mergeRow(step: MergeStep<Matrix>, row: number, rows: number): void {
  const { parts, logSumExps, message, messages } = step;
  let maximum = -Infinity;
  for (let p = 0; p < parts; p++) maximum = Math.max(maximum, logSumExps.data[p * rows + row]);

  let total = 0;
  if (maximum !== -Infinity) {
    for (let p = 0; p < parts; p++) total += Math.exp(logSumExps.data[p * rows + row] - maximum);
  }
  step.logSumExp.data[row] = total === 0 ? -Infinity : maximum + Math.log(total);
  if (message === null) return;

  for (let c = 0; c < message.cols; c++) {
    let sum = 0;
    for (let p = 0; p < parts && total !== 0; p++) {
      const partial = messages === null ? 1 : messages.data[(p * rows + row) * message.cols + c];
      sum += Math.exp(logSumExps.data[p * rows + row] - maximum) * partial;
    }
    message.data[row * message.cols + c] = total === 0 ? 0 : sum / total;
  }
}

function checkOperands(step: MergeStep<Matrix>, rows: number): void {
  const { parts, message, messages } = step;
  if (!Number.isInteger(parts) || parts < 1) throw new Error(`merge: ${parts} parts`);
  checkShape('merge: logSumExps', step.logSumExps, parts * rows, 1);
  checkShape('merge: logSumExp', step.logSumExp, rows, 1);
  if (message === null) return;
  checkShape('merge: messages', messages, parts * rows, message.cols);
  checkShape('merge: message', message, rows, message.cols);
}
