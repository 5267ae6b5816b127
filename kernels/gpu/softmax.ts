/**
 * Softmax attention on the device, of any size: blocks of rows by blocks of keys, each padded to a bucket and run by the four programs of
 * programs.ts, and the blocks of keys merged by an online softmax in fp64:
 *
 *     m' = max(m, M);  z = z e^(m - m') + Z e^(M - m');  y = y e^(m - m') + Y e^(M - m')
 *
 * 2 nq nk (d + dv) flops and nq nk exponentials; per block rows · keys · 8 bytes on the device. Blocks without an admissible key are passed over.
 */
import type { Context } from './context.ts';
import { type BlockProgram, FLOOR, LONGEST_BLOCK, MASKED } from './programs.ts';

/** Attention in host memory; operands are those of kernels/backend.ts. */
export interface SoftmaxProblem {
  readonly nq: number;
  readonly nk: number;
  readonly d: number;
  readonly dv: number;
  /** [nq, d], the scale in them. */
  readonly queries: ArrayLike<number>;
  readonly keys: ArrayLike<number>; // [nk, d]
  readonly bias: ArrayLike<number> | null; // [nk]
  readonly values: ArrayLike<number> | null; // [nk, dv]
  /** Row r sees the keys low[r] .. high[r], both inclusive; null: all. */
  readonly low: Int32Array | null;
  readonly high: Int32Array | null;
}

/** Rows of an online softmax; `total` is 0 where no key was admissible. */
export interface SoftmaxRows {
  readonly maximum: Float64Array; // [nq]
  readonly total: Float64Array; // [nq]
  readonly sums: Float64Array; // [nq, dv]
}

/** Gives what was computed so far where `isCancelled` says so; it is then of no use. */
export function softmaxRows(context: Context, problem: SoftmaxProblem, isCancelled: () => boolean): SoftmaxRows {
  const { nq, nk, d, dv } = problem;
  const rows = {
    maximum: new Float64Array(nq).fill(Number.NEGATIVE_INFINITY),
    total: new Float64Array(nq),
    sums: new Float64Array(nq * dv),
  };
  for (let firstKey = 0; firstKey < nk; firstKey += LONGEST_BLOCK) {
    const keys = Math.min(LONGEST_BLOCK, nk - firstKey);
    for (let firstRow = 0; firstRow < nq; firstRow += LONGEST_BLOCK) {
      if (isCancelled()) return rows;
      const block = { firstRow, rows: Math.min(LONGEST_BLOCK, nq - firstRow), firstKey, keys };
      if (!isSeen(problem, block)) continue;
      const program = context.block(block.rows, keys, d, dv);
      fillBlock(program, problem, block);
      mergeBlock(rows, program.run(), block, dv, program.bucket.width);
    }
  }
  return rows;
}

interface Block {
  readonly firstRow: number;
  readonly rows: number;
  readonly firstKey: number;
  readonly keys: number;
}

function isSeen({ low, high }: SoftmaxProblem, { firstRow, rows, firstKey, keys }: Block): boolean {
  if (low === null || high === null) return true;
  for (let row = firstRow; row < firstRow + rows; row++) {
    if (Math.max(low[row], firstKey) <= Math.min(high[row], firstKey + keys - 1)) return true;
  }
  return false;
}

function fillBlock({ bucket, operands }: BlockProgram, problem: SoftmaxProblem, { firstRow, rows, firstKey, keys }: Block): void {
  const { d, dv, bias, values, low, high } = problem;
  fillRows(operands.queries, bucket.width, problem.queries, firstRow, rows, d);
  fillRows(operands.keys, bucket.width, problem.keys, firstKey, keys, d);
  fillRows(operands.values, bucket.width, values, firstKey, keys, dv);
  for (let l = 0; l < keys; l++) operands.bias[l] = Math.max(bias?.[firstKey + l] ?? 0, MASKED);
  operands.bias.fill(MASKED, keys);
  for (let r = 0; r < rows; r++) {
    operands.low[r] = clamp((low?.[firstRow + r] ?? 0) - firstKey, bucket.keys);
    operands.high[r] = clamp((high?.[firstRow + r] ?? problem.nk) - firstKey, bucket.keys);
  }
}

/** Limits beyond the block are all the same to it, and stay exact in fp32. */
function clamp(limit: number, keys: number): number {
  return Math.min(Math.max(limit, -1), keys);
}

/** Rows first .. first + count of [.., cols] into [.., width], the rest zeros; no source: all zeros. */
function fillRows(
  target: Float32Array,
  width: number,
  source: ArrayLike<number> | null,
  first: number,
  count: number,
  cols: number,
): void {
  target.fill(0);
  if (source === null) return;
  for (let row = 0; row < count; row++) {
    const from = (first + row) * cols;
    for (let c = 0, at = row * width; c < cols; c++, at++) target[at] = source[from + c];
  }
}

function mergeBlock(rows: SoftmaxRows, found: readonly Float32Array[], block: Block, dv: number, width: number): void {
  const { maximum, total, sums } = rows;
  for (let r = 0; r < block.rows; r++) {
    const row = block.firstRow + r;
    const result = found[r];
    const peak = result[width + 1];
    if (peak < FLOOR) continue;
    const most = Math.max(maximum[row], peak);
    const [kept, added] = [maximum[row] === Number.NEGATIVE_INFINITY ? 0 : Math.exp(maximum[row] - most), Math.exp(peak - most)];
    maximum[row] = most;
    total[row] = total[row] * kept + result[width] * added;
    for (let c = 0, at = row * dv; c < dv; c++, at++) sums[at] = sums[at] * kept + result[c] * added;
  }
}
