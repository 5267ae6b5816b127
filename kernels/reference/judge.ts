/**
 * Empirical Bernstein bound on a self-normalised estimate, entry by entry.
 *
 * With w the weights of m independent uniform tuples, v one channel of their values and A the exact answer, X = w (v - A) has mean zero and
 * an interval of length e^S R around it, S the largest score. Maurer and Pontil (2009, theorem 4, both sides): with probability 1 - δ,
 *   |mean X| <= k sqrt(mean X^2) + c,  k = sqrt(2 ln(4/δ) / (m - 1)),  c = 7 e^S R ln(4/δ) / (3 (m - 1)).
 * The estimate is A' = Σ w v / Σ w, hence |A' - A| mean w = |mean X|. A is not known, but by the triangle inequality
 * sqrt(mean w^2 (v - A)^2) <= sqrt(mean w^2 (v - A')^2) + |A' - A| sqrt(mean w^2), which solves to
 *   |A' - A| <= (k sqrt(mean w^2 (v - A')^2) + c) / (mean w - k sqrt(mean w^2)).
 * What is rounded on the way is counted in: the second moment is a difference of numbers that may be much larger than it.
 */
import type { JudgeStep, Matrix, TileContext } from '../backend.ts';
import { addProgress } from './control.ts';
import { checkShape, checkTile } from './operands.ts';

/** Rows [firstRow, lastRow). @throws Error when the operands' shapes contradict each other */
export function runJudge(step: JudgeStep<Matrix>, tile: TileContext): void {
  const { message, logSumExp, moments, squaredLogSumExp, samples, bound, scaled, drawnFrom } = step;
  const n = logSumExp.rows;
  checkShape('judge: logSumExp', logSumExp, n, 1);
  checkShape('judge: message', message, n, message?.cols ?? 0);
  checkShape('judge: moments', moments, n, 2 * (message?.cols ?? 0));
  checkShape('judge: squaredLogSumExp', squaredLogSumExp, n, 1);
  checkShape('judge: bound', bound, n, 1);
  checkShape('judge: scaled', scaled, n, 1);
  checkTile(tile, n);
  const logTuples = drawnFrom.reduce((sum, { rows }) => sum + Math.log(rows), 0);
  for (let row = tile.firstRow; row < tile.lastRow; row++) {
    bound.data[row] = message === null || moments === null ? 0 : largestBound(step, message, moments, row);
    scaled.data[row] = logSumExp.data[row] + logTuples - Math.log(samples);
  }
  addProgress(tile.control, tile.lastRow - tile.firstRow);
}

function largestBound(step: JudgeStep<Matrix>, message: Matrix, moments: Matrix, row: number): number {
  const { samples, logOdds, range, largestScore, rounding } = step;
  const sum = step.logSumExp.data[row];
  // No weight at all among the samples says nothing about the others.
  if (samples < 2 || sum === -Infinity) return Infinity;
  const k = Math.sqrt((2 * logOdds) / (samples - 1));
  const meanLog = sum - Math.log(samples);
  // sqrt(mean w^2) / mean w
  const spread = (1 + 2 * rounding) * Math.exp(step.squaredLogSumExp.data[row] / 2 - sum) * Math.sqrt(samples);
  const denominator = 1 - k * spread;
  if (!(denominator > 0)) return Infinity;
  const c = ((1 + 2 * rounding) * 7 * range * logOdds * Math.exp(largestScore - meanLog)) / (3 * (samples - 1));
  const dv = message.cols;
  let variance = 0;
  for (let i = 0; i < dv; i++) {
    const mean = message.data[row * dv + i];
    const first = moments.data[row * 2 * dv + i];
    const second = moments.data[row * 2 * dv + dv + i];
    const lost = 4 * rounding * (second + 2 * Math.abs(mean * first) + mean * mean);
    variance = Math.max(variance, second - 2 * mean * first + mean * mean + lost);
  }
  return (k * spread * Math.sqrt(variance) + c) / denominator;
}
