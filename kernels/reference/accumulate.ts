/** Sums of features over the rows of one variable (math.md §3.5). Per row C(D + g, g) (dv + 2) multiply-adds; memory that of the sums. */
import type { AccumulateStep, Matrix, TileContext } from '../backend.ts';
import { addProgress, isCancelled } from './control.ts';
import { type FeatureRows, featureRows } from './feature-rows.ts';
import { featureCount, writeFeatures } from './feature-table.ts';
import { checkShape, checkTile } from './operands.ts';
import { rangeOfPart } from './parts.ts';

/** Rows between two looks at the cancel flag. */
const LOOK = 64;

/** Parts [firstRow, lastRow). @throws Error when the operands' shapes contradict each other */
export function runAccumulate(step: AccumulateStep<Matrix>, tile: TileContext): void {
  const { queries, values, bias, parts, sums, shift, degree } = step;
  const r = featureCount(queries.cols, degree);
  const cols = (values?.cols ?? 0) + 1;
  checkShape('accumulate: values', values, queries.rows, cols - 1);
  checkShape('accumulate: bias', bias, queries.rows, 1);
  checkShape('accumulate: sums', sums, parts * r, cols);
  checkShape('accumulate: shift', shift, parts, 1);
  checkTile(tile, parts);
  const rows = featureRows('accumulate', step);
  for (let part = tile.firstRow; part < tile.lastRow; part++) {
    if (!accumulatePart(step, rows, part, r, cols, tile.control)) return;
    addProgress(tile.control, 1);
  }
}

function accumulatePart(
  step: AccumulateStep<Matrix>,
  rows: FeatureRows,
  part: number,
  r: number,
  cols: number,
  control: Int32Array,
): boolean {
  const [first, last] = rangeOfPart(step.queries.rows, part, step.parts);
  const weights = new Float64Array(last - first);
  let top = -Infinity;
  for (let row = first; row < last; row++) {
    const weight = rows.read(row) + (step.bias?.data[row] ?? 0);
    weights[row - first] = weight;
    if (weight > top) top = weight;
  }
  // The sums belong to the shift as it is stored.
  step.shift.data[part] = top;
  const shift = step.shift.data[part];
  const total = new Float64Array(r * cols);
  const features = new Float64Array(r);
  const x = new Float64Array(cols).fill(1);
  for (let row = first; row < last && top !== -Infinity; row++) {
    if ((row - first) % LOOK === 0 && isCancelled(control)) return false;
    const weight = Math.exp(weights[row - first] - shift);
    if (weight === 0) continue;
    rows.read(row);
    writeFeatures(rows.y, step.degree, features, 0);
    for (let c = 0; c + 1 < cols; c++) x[c] = weight * (step.values as Matrix).data[row * (cols - 1) + c];
    x[cols - 1] = weight;
    for (let f = 0, at = 0; f < r; f++) for (let c = 0; c < cols; c++) total[at++] += features[f] * x[c];
  }
  step.sums.data.set(total, part * r * cols);
  return true;
}
