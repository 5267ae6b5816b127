/**
 * A polynomial as control variate of a sample, judged entry by entry.
 *
 * With N tuples, Z = mean e^x over all of them and P = mean p(x) known exactly, r = e^x - p(x), X = r (v - A) and A the exact answer: the
 * estimate is A' = (mean p v + mean_m r v) / D, D = P + mean_m r, and mean_m X - E X = D (A' - A). X lies in an interval of length `range`, so by
 * Maurer and Pontil (2009, theorem 4, both sides) with probability 1 - δ
 *   D |A' - A| <= k s + c,  k = sqrt(2 ln(4/δ) / m),  c = 7 range ln(4/δ) / (3 (m - 1)),
 * s^2 = (m / (m - 1)) mean_m X^2, at least the sample's variance. A is not known, but s <= s' + |A' - A| s_r with A' for A in s' and s_r of r alone
 * (Minkowski), which solves to |A' - A| <= (k s' + c) / (D - k s_r). What is rounded on the way is counted in. Where D is not positive the sample
 * says nothing, and the answer is the polynomial's.
 */
import type { Matrix, ResidualStep, TileContext } from '../backend.ts';
import { addProgress, isCancelled } from './control.ts';
import { checkShape, checkTile } from './operands.ts';

/** Rows [firstRow, lastRow). @throws Error when the operands' shapes contradict each other */
export function runResidual(step: ResidualStep<Matrix>, tile: TileContext): void {
  checkOperands(step);
  checkTile(tile, step.queries.rows);
  const logTuples = step.drawnFrom.reduce((sum, { rows }) => sum + Math.log(rows), 0);
  const sums = new Float64Array(2 + 3 * step.values.cols);
  for (let row = tile.firstRow; row < tile.lastRow; row++) {
    if (isCancelled(tile.control)) return;
    if (logTuples === Number.NEGATIVE_INFINITY) settleNothing(step, row);
    else {
      sampleRow(step, row, sums);
      settleRow(step, row, sums, logTuples);
    }
    addProgress(tile.control, 1);
  }
}

function checkOperands(step: ResidualStep<Matrix>): void {
  const { queries, keys, bias, values, moments, average, logSum, message, bound, scaled } = step;
  const [n, m, dv] = [queries.rows, keys.rows, values.cols];
  checkShape('residual: queries', queries, n, keys.cols);
  checkShape('residual: bias', bias, m, 1);
  checkShape('residual: values', values, m, dv);
  checkShape('residual: moments', moments, m, 2 * dv);
  checkShape('residual: average', average, n, dv);
  checkShape('residual: message', message, n, dv);
  for (const one of [logSum, bound, scaled]) checkShape('residual: a column', one, n, 1);
}

/** [Σ r, Σ r v, Σ r^2, Σ r^2 v, Σ r^2 v^2]. */
function sampleRow({ queries, keys, bias, moments, coefficients }: ResidualStep<Matrix>, row: number, sums: Float64Array): void {
  const [d, cols] = [keys.cols, moments.cols];
  const dv = cols / 2;
  sums.fill(0);
  for (let i = 0; i < keys.rows; i++) {
    let x = bias.data[i];
    for (let c = 0; c < d; c++) x += queries.data[row * d + c] * keys.data[i * d + c];
    const r = Math.exp(x) - coefficients.reduceRight((sum, one) => sum * x + one, 0);
    sums[0] += r;
    sums[1 + dv] += r * r;
    for (let c = 0; c < dv; c++) sums[1 + c] += r * moments.data[i * cols + c];
    for (let c = 0; c < cols; c++) sums[2 + dv + c] += r * r * moments.data[i * cols + c];
  }
}

/** There is no tuple. */
function settleNothing({ message, bound, scaled }: ResidualStep<Matrix>, row: number): void {
  message.data.fill(0, row * message.cols, (row + 1) * message.cols);
  bound.data[row] = 0;
  scaled.data[row] = Number.NEGATIVE_INFINITY;
}

function settleRow(step: ResidualStep<Matrix>, row: number, sums: Float64Array, logTuples: number): void {
  const { keys, average, logSum, logOdds, range, most, rounding, message, bound, scaled } = step;
  const [m, dv] = [keys.rows, message.cols];
  const known = Math.exp(logSum.data[row] - logTuples);
  // No more than p itself where the sample leaves no weight.
  const part = known + sums[0] / m > 0 ? 1 / m : 0;
  const total = known + sums[0] * part;
  const [k, c] = [Math.sqrt((2 * logOdds) / m), (7 * range * logOdds) / (3 * (m - 1))];
  const own = 1 + 2 * rounding.sum;
  const spread = own * Math.sqrt((sums[1 + dv] / m) * (m / (m - 1))) + rounding.weight;
  const least = total - rounding.weight - k * spread;
  let worst = 0;
  for (let i = 0; i < dv; i++) {
    const value = (known * average.data[row * dv + i] + sums[1 + i] * part) / total;
    message.data[row * dv + i] = value;
    const [square, first, second] = [sums[1 + dv], sums[2 + dv + i], sums[2 + 2 * dv + i]].map((sum) => sum / m);
    const lost = 4 * rounding.sum * (second + 2 * Math.abs(value * first) + value * value * square);
    const variance = Math.max(0, second - 2 * value * first + value * value * square + lost) * (m / (m - 1));
    worst = Math.max(worst, k * (Math.sqrt(variance) + 2 * most * rounding.weight) + 2 * most * rounding.weight);
  }
  bound.data[row] = m > 1 && part > 0 && least > 0 ? (worst + c) / least : Number.POSITIVE_INFINITY;
  scaled.data[row] = Math.log(total) + logTuples;
}
