/** One edge of a tree (math.md §6.1) on the device: blocks of softmax.ts, then u = y / z and L = m + ln z. */
import { type AttendStep, CANCEL, type Matrix, PROGRESS, type TileContext } from '../backend.ts';
import { checkShape, checkTile } from '../reference/operands.ts';
import type { Context } from './context.ts';
import { type SoftmaxProblem, type SoftmaxRows, softmaxRows } from './softmax.ts';

/**
 * Rows [firstRow, lastRow) of `message` [nq, dv] and `logSumExp` [nq, 1]. `dropBelow` is permission, not duty: every key is looked at.
 * @throws Error when the operands' shapes contradict each other
 */
export function runAttend(context: Context, step: AttendStep<Matrix>, tile: TileContext): void {
  const nq = step.queries?.rows ?? 1;
  checkOperands(step, nq);
  checkTile(tile, nq);
  const { firstRow, lastRow, control } = tile;
  const rows = softmaxRows(context, problemOf(step, firstRow, lastRow), () => Atomics.load(control, CANCEL) !== 0);
  if (Atomics.load(control, CANCEL) !== 0) return;
  storeRows(rows, step, firstRow, lastRow - firstRow);
  Atomics.add(control, PROGRESS, lastRow - firstRow);
}

function problemOf(step: AttendStep<Matrix>, firstRow: number, lastRow: number): SoftmaxProblem {
  const { queries, keys, keyBias, values, scale, message } = step;
  const { rows: nk } = keys;
  // Without queries every score is the bias alone: a query of length zero.
  const d = queries === null ? 0 : keys.cols;
  const nq = lastRow - firstRow;
  const scaled = Float32Array.from({ length: nq * d }, (_, at) => scale * (queries?.data[firstRow * d + at] ?? 0));
  return {
    nq,
    nk,
    d,
    dv: message?.cols ?? 0,
    queries: scaled,
    keys: keys.data,
    bias: keyBias?.data ?? null,
    values: message === null ? null : (values?.data ?? null),
    ...bandLimits(step.band, firstRow, nq, nk),
  };
}

/** Key c is admissible for row r iff lowest <= r - c <= highest, so it lies in [r - highest, r - lowest]. */
function bandLimits(
  band: AttendStep<Matrix>['band'],
  firstRow: number,
  nq: number,
  nk: number,
): Pick<SoftmaxProblem, 'low' | 'high'> {
  if (band === null) return { low: null, high: null };
  const limit = (key: number): number => Math.min(Math.max(key, -1), nk);
  return {
    low: Int32Array.from({ length: nq }, (_, r) => limit(firstRow + r - band.highest)),
    high: Int32Array.from({ length: nq }, (_, r) => limit(firstRow + r - band.lowest)),
  };
}

/** Writes rows of an online softmax as messages; (0, -Infinity) where no key was admissible. */
export function storeRows(
  rows: SoftmaxRows,
  to: { message: Matrix | null; logSumExp: Matrix },
  firstRow: number,
  count: number,
): void {
  const dv = to.message?.cols ?? 0;
  for (let r = 0; r < count; r++) {
    const total = rows.total[r];
    to.logSumExp.data[firstRow + r] = total === 0 ? Number.NEGATIVE_INFINITY : rows.maximum[r] + Math.log(total);
    for (let c = 0; c < dv && to.message !== null; c++) {
      to.message.data[(firstRow + r) * dv + c] = total === 0 ? 0 : rows.sums[r * dv + c] / total;
    }
  }
}

function checkOperands({ queries, keys, keyBias, values, message, logSumExp }: AttendStep<Matrix>, nq: number): void {
  const dv = message?.cols ?? values?.cols ?? 0;
  if (!(logSumExp.data instanceof Float32Array)) throw new Error('gpu: attend takes float32 operands');
  if (queries !== null) checkShape('attend: queries', queries, queries.rows, keys.cols);
  checkShape('attend: keys', keys, keys.rows, keys.cols);
  checkShape('attend: keyBias', keyBias, keys.rows, 1);
  checkShape('attend: values', values, keys.rows, dv);
  checkShape('attend: message', message, nq, dv);
  checkShape('attend: logSumExp', logSumExp, nq, 1);
}
