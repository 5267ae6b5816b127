/** Features of the output's rows times the contracted sums (math.md §3.5): u = y / z and L = ln z, in O(r (dv + 1)) a row. */
import type { ApplyStep, Matrix, TileContext } from '../backend.ts';
import { addProgress, isCancelled } from './control.ts';
import { featureRows } from './feature-rows.ts';
import { featureCount, writeFeatures } from './feature-table.ts';
import { checkShape, checkTile, widen } from './operands.ts';

/** Rows between two reports of progress. */
const REPORT = 64;

/** Rows [firstRow, lastRow). @throws Error when the operands' shapes contradict each other */
export function runApply(step: ApplyStep<Matrix>, tile: TileContext): void {
  const { queries, degree, result, resultShift, message, logSumExp } = step;
  const r = featureCount(queries.cols, degree);
  const cols = result.cols;
  checkShape('apply: result', result, r, cols);
  checkShape('apply: resultShift', resultShift, 1, 1);
  checkShape('apply: message', message, queries.rows, cols - 1);
  checkShape('apply: logSumExp', logSumExp, queries.rows, 1);
  checkTile(tile, queries.rows);
  const rows = featureRows('apply', step);
  const wide = widen(result);
  const shift = resultShift.data[0];
  const features = new Float64Array(r);
  const sums = new Float64Array(cols);
  for (let row = tile.firstRow; row < tile.lastRow; row++) {
    if (row % REPORT === 0 && isCancelled(tile.control)) return;
    const tilt = rows.read(row);
    sums.fill(0);
    if (shift !== -Infinity) {
      writeFeatures(rows.y, degree, features, 0);
      for (let f = 0, at = 0; f < r; f++) for (let c = 0; c < cols; c++) sums[c] += features[f] * wide[at++];
    }
    storeRow(step, row, sums, shift + tilt);
    if ((row + 1) % REPORT === 0 || row + 1 === tile.lastRow) addProgress(tile.control, 1 + (row % REPORT));
  }
}

/** A sum of weights that is not positive is outside every certificate: it goes out as NaN, which the engine refuses. */
function storeRow({ message, logSumExp }: ApplyStep<Matrix>, row: number, sums: Float64Array, shift: number): void {
  const z = sums[sums.length - 1];
  logSumExp.data[row] = shift === -Infinity ? -Infinity : Math.log(z) + shift;
  if (message === null) return;
  for (let c = 0; c < message.cols; c++) message.data[row * message.cols + c] = shift === -Infinity ? 0 : z > 0 ? sums[c] / z : NaN;
}
