/**
 * Moving sums of features (math.md §3.5, masks): a row that enters a window is added to its sums, one that leaves is taken out again, in fp64
 * whatever the operands. Per row (t + 1) C(D + g, g) (dv + 1) multiply-adds; memory that of the sums.
 *
 * Taking out what was added leaves a rounding error of at most u times all that ever went through. So the sums of windows are added up anew
 * every REFRESH rows, and whenever what went through weighs SCAN_LOSS times what is left: rows of large bias that have left would drown it.
 */
import { type FeatureMap, type Matrix, SCAN_LOSS, type ScanStep, type TileContext } from '../backend.ts';
import { addProgress, isCancelled } from './control.ts';
import { type FeatureRows, featureRows } from './feature-rows.ts';
import { binomial, featureCount, multisets, writeFeatures } from './feature-table.ts';
import { checkShape, checkTile } from './operands.ts';

const REFRESH = 1024;

/** The moving sums of one variable. */
interface Window {
  readonly rows: FeatureRows;
  readonly count: number;
  readonly values: Matrix | null;
  readonly cols: number;
  readonly weights: Float64Array; // e^(log-weight - shift)
  readonly shift: number;
  readonly lowest: number;
  readonly highest: number;
  readonly sums: Float64Array; // [r, cols]
  /** Rows [first, last) are in the sums. */
  first: number;
  last: number;
  /** Sum of the weights of all rows that went into the sums since these were zero. */
  passed: number;
}

/** Rows [firstRow, lastRow). @throws Error when the operands' shapes contradict each other */
export function runScan(step: ScanStep<Matrix>, tile: TileContext): void {
  const { root, others, coefficients, message, logSumExp } = step;
  const degree = coefficients.length - 1;
  const r = featureCount(root.queries.cols, degree);
  checkShape('scan: message', message, root.queries.rows, message?.cols ?? 0);
  checkShape('scan: logSumExp', logSumExp, root.queries.rows, 1);
  checkTile(tile, root.queries.rows);
  const rows = featureRows('scan', root);
  const windows = others.map((other) => openWindow(other, r));
  const weights = termWeights(step, r);
  const features = new Float64Array(r);
  const offset = offsetOf(step);
  for (let row = tile.firstRow; row < tile.lastRow; row++) {
    if (isCancelled(tile.control)) return;
    for (const window of windows) if (!moveTo(window, row, degree, features, tile.control)) return;
    const tilt = rows.read(row);
    writeFeatures(rows.y, degree, features, 0);
    for (let f = 0; f < r; f++) features[f] *= weights[f];
    storeRow(step, windows, features, row, tilt + offset);
    addProgress(tile.control, 1);
  }
}

function offsetOf({ offsets }: ScanStep<Matrix>): number {
  let total = 0;
  for (const { left, right, factor } of offsets) {
    for (let c = 0; c < left.cols; c++) total += factor * left.data[c] * right.data[c];
  }
  return total;
}

/** c_k k!/α! factor^k of every feature α, k = |α|. */
function termWeights({ root, coefficients, factor }: ScanStep<Matrix>, r: number): Float64Array {
  const weights = new Float64Array(r);
  let f = 0;
  for (const coordinates of multisets(root.queries.cols, coefficients.length - 1)) {
    let weight = coefficients[coordinates.length] * factor ** coordinates.length;
    // k!/α!, a coordinate at a time.
    let repeated = 0;
    coordinates.forEach((c, i) => {
      repeated = i > 0 && coordinates[i - 1] === c ? repeated + 1 : 1;
      weight *= binomial(i + 1, 1) / repeated;
    });
    weights[f++] = weight;
  }
  return weights;
}

function openWindow(other: ScanStep<Matrix>['others'][number], r: number): Window {
  const { queries, values, bias, lowest, highest } = other;
  checkShape('scan: values', values, queries.rows, values?.cols ?? 0);
  checkShape('scan: bias', bias, queries.rows, 1);
  const rows = featureRows('scan', other satisfies FeatureMap<Matrix>);
  const weights = Float64Array.from({ length: queries.rows }, (_, l) => rows.read(l) + (bias?.data[l] ?? 0));
  let shift = -Infinity;
  for (const weight of weights) shift = Math.max(shift, weight);
  for (let l = 0; l < weights.length; l++) weights[l] = shift === -Infinity ? 0 : Math.exp(weights[l] - shift);
  const cols = (values?.cols ?? 0) + 1;
  const sums = new Float64Array(r * cols);
  return { rows, count: queries.rows, values, cols, weights, shift, lowest, highest, sums, first: 0, last: 0, passed: 0 };
}

function moveTo(window: Window, row: number, degree: number, features: Float64Array, control: Int32Array): boolean {
  const { count, lowest, highest } = window;
  const first = Math.max(0, Math.min(count, row - highest));
  const last = Math.max(first, Math.min(count, row - lowest + 1));
  if (first >= window.last || (first > 0 && first % REFRESH === 0) || drowned(window, first, last)) {
    window.sums.fill(0);
    window.first = first;
    window.last = first;
    window.passed = 0;
  }
  for (; window.last < last; window.last++) {
    if (window.last % 64 === 0 && isCancelled(control)) return false;
    window.passed += window.weights[window.last];
    addRow(window, window.last, 1, degree, features);
  }
  for (; window.first < first; window.first++) addRow(window, window.first, -1, degree, features);
  return true;
}

/** Whether rows that have left, or are about to, outweigh rows [first, last) by more than their rounding allows. */
function drowned({ weights, passed, first: before }: Window, first: number, last: number): boolean {
  if (first === 0 && before === 0) return false;
  let left = 0;
  for (let l = first; l < last; l++) left += weights[l];
  return passed > SCAN_LOSS * left;
}

function addRow(
  { rows, weights, values, cols, sums }: Window,
  l: number,
  sign: number,
  degree: number,
  features: Float64Array,
): void {
  const weight = sign * weights[l];
  if (weight === 0) return;
  rows.read(l);
  writeFeatures(rows.y, degree, features, 0);
  for (let f = 0, at = 0; f < features.length; f++) {
    const scaled = weight * features[f];
    for (let c = 0; c + 1 < cols; c++) sums[at++] += scaled * (values as Matrix).data[l * (cols - 1) + c];
    sums[at++] += scaled;
  }
}

/** y = Σ_f features Π_j sums_j and z the same of the last columns. */
function storeRow(step: ScanStep<Matrix>, windows: readonly Window[], features: Float64Array, row: number, tilt: number): void {
  const { message, logSumExp } = step;
  const empty = windows.some(({ first, last, weights }) => !hasWeight(weights, first, last));
  const dv = message?.cols ?? 0;
  const y = new Float64Array(dv);
  let z = 0;
  for (let f = 0; f < features.length && !empty; f++) {
    let product = features[f];
    for (const { sums, cols } of windows) product *= sums[f * cols + cols - 1];
    z += product;
    for (let c = 0; c < dv; c++) {
      let value = features[f];
      for (const { sums, cols } of windows) value *= sums[f * cols + (cols === 1 ? 0 : c)];
      y[c] += value;
    }
  }
  const shift = windows.reduce((sum, window) => sum + window.shift, tilt);
  logSumExp.data[row] = empty ? -Infinity : Math.log(z) + shift;
  // Weights that are not positive together are outside every certificate: NaN, which the engine refuses.
  for (let c = 0; c < dv; c++) (message as Matrix).data[row * dv + c] = empty ? 0 : z > 0 ? y[c] / z : NaN;
}

function hasWeight(weights: Float64Array, first: number, last: number): boolean {
  for (let l = last - 1; l >= first; l--) if (weights[l] > 0) return true;
  return false;
}
