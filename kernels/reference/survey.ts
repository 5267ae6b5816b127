/** Mean, extremes, norms and covariance of a tensor's rows, in two passes, and a third for weighted ones: what the bounds of math.md §3.1 and §3.3 are made of. */
import { type Matrix, SURVEYED_NORMS, type SurveyStep, type TileContext } from '../backend.ts';
import { addProgress, isCancelled } from './control.ts';
import { checkShape, checkTile } from './operands.ts';

/** Rows between two looks at the cancel flag. */
const LOOK = 256;

/** The one tile of the step. @throws Error when the operands' shapes contradict each other */
export function runSurvey(step: SurveyStep<Matrix>, tile: TileContext): void {
  const { input, mean, extremes, norms, covariance, bias, weighted } = step;
  const { rows: n, cols } = input;
  checkShape('survey: input', input, n, cols);
  checkShape('survey: mean', mean, 1, cols);
  checkShape('survey: extremes', extremes, 2, cols);
  checkShape('survey: norms', norms, 2, Math.min(norms?.cols ?? 1, SURVEYED_NORMS));
  checkShape('survey: covariance', covariance, cols, cols);
  checkShape('survey: bias', bias, n, 1);
  checkShape('survey: weighted', weighted, weighted?.rows === 1 ? 1 : 1 + cols, cols);
  checkTile(tile, 1);
  if (!measureColumns(step, tile.control) || !measureRows(step, tile.control) || !weighRows(step, tile.control)) return;
  addProgress(tile.control, 1);
}

function measureColumns({ input, mean, extremes }: SurveyStep<Matrix>, control: Int32Array): boolean {
  const { rows: n, cols } = input;
  const sums = new Float64Array(cols);
  const counts = new Float64Array(cols);
  extremes.data.fill(Infinity, 0, cols);
  extremes.data.fill(-Infinity, cols, 2 * cols);
  for (let row = 0, at = 0; row < n; row++) {
    if (row % LOOK === 0 && isCancelled(control)) return false;
    for (let c = 0; c < cols; c++, at++) {
      const value = input.data[at];
      if (!Number.isFinite(value)) continue;
      sums[c] += value;
      counts[c]++;
      if (value < extremes.data[c]) extremes.data[c] = value;
      if (value > extremes.data[cols + c]) extremes.data[cols + c] = value;
    }
  }
  for (let c = 0; c < cols; c++) {
    mean.data[c] = counts[c] === 0 ? 0 : sums[c] / counts[c];
    if (counts[c] > 0) continue;
    extremes.data[c] = 0;
    extremes.data[cols + c] = 0;
  }
  return true;
}

function measureRows({ input, mean, norms, covariance }: SurveyStep<Matrix>, control: Int32Array): boolean {
  if (norms === null && covariance === null) return true;
  const { rows: n, cols } = input;
  const largest = new Float64Array(2 * SURVEYED_NORMS);
  const row = new Float64Array(cols);
  const products = covariance === null ? null : new Float64Array(cols * cols);
  for (let l = 0; l < n; l++) {
    if (l % LOOK === 0 && isCancelled(control)) return false;
    for (let c = 0; c < cols; c++) row[c] = finite(input.data[l * cols + c] - mean.data[c]);
    keepNorms(row, largest, 0);
    if (products !== null) addProducts(row, products);
    for (let c = 0; c < cols; c++) row[c] = finite(input.data[l * cols + c]);
    keepNorms(row, largest, SURVEYED_NORMS);
  }
  for (let i = 0; norms !== null && i < 2 * norms.cols; i++) {
    const p = i % norms.cols;
    norms.data[i] = largest[i < norms.cols ? p : SURVEYED_NORMS + p] ** (1 / (1 + p));
  }
  if (covariance !== null && products !== null) {
    for (let i = 0; i < products.length; i++) covariance.data[i] = n === 0 ? 0 : products[i] / n;
  }
  return true;
}

/** Weights are taken against the largest, which is then one: their sum is at least that. */
function weighRows({ input, mean, bias, weighted }: SurveyStep<Matrix>, control: Int32Array): boolean {
  if (weighted === null) return true;
  if (bias === null) throw new Error('survey: weighted takes a bias');
  const { rows: n, cols } = input;
  const sums = new Float64Array(cols);
  const products = new Float64Array(weighted.rows > 1 ? cols * cols : 0);
  const row = new Float64Array(cols);
  let [most, total] = [Number.NEGATIVE_INFINITY, 0];
  for (let l = 0; l < n; l++) most = Math.max(most, bias.data[l]);
  for (let l = 0; l < n && most > Number.NEGATIVE_INFINITY; l++) {
    if (l % LOOK === 0 && isCancelled(control)) return false;
    const weight = Math.exp(bias.data[l] - most);
    total += weight;
    for (let c = 0; c < cols; c++) {
      row[c] = finite(input.data[l * cols + c] - mean.data[c]);
      sums[c] += weight * row[c];
    }
    if (products.length > 0) addProducts(row, products, weight);
  }
  for (let c = 0; c < cols; c++) weighted.data[c] = total > 0 ? sums[c] / total : 0;
  for (let i = 0; i < products.length; i++) weighted.data[cols + i] = total > 0 ? products[i] / total : 0;
  return true;
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}

/** largest[at + p - 1] = max of itself and Σ |x_c|^p. */
function keepNorms(row: Float64Array, largest: Float64Array, at: number): void {
  const sums = [0, 0, 0, 0, 0, 0, 0, 0];
  for (const entry of row) {
    const size = Math.abs(entry);
    let power = size;
    for (let p = 0; p < SURVEYED_NORMS; p++, power *= size) sums[p] += power;
  }
  for (let p = 0; p < SURVEYED_NORMS; p++) if (sums[p] > largest[at + p]) largest[at + p] = sums[p];
}

function addProducts(row: Float64Array, products: Float64Array, weight = 1): void {
  for (let a = 0, at = 0; a < row.length; a++) {
    for (let b = 0; b < row.length; b++) products[at++] += weight * row[a] * row[b];
  }
}
