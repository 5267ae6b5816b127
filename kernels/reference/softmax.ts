/**
 * Blocked online-softmax attention in fp64, the one inner loop of this back end (math.md §6.1).
 *
 *     u[r] = softmax_c( <w ⊙ Q[r], K[c]> + b[c] ) X[c],   L[r] = LSE_c of the same
 *
 * Keys are taken in blocks at multiples of KEY_BLOCK, whatever rows a tile holds, and a row never looks at another one: that is why a
 * tile may be cut anywhere without changing a bit. Cost 2 nq nk (d + dv) flops and nq nk exponentials; memory O(blocks * (d + dv)).
 *
 * Versions tried, n = 2048, d = dv = 64, fp32 operands, one thread of a 2-core container (noisy): one key at a time 0.63 s; four keys
 * at a time in both inner loops 0.42 s (kept); blocks of 64 rows and 128 keys 0.46 s, of 32 and 32 0.42 s.
 */
import type { FloatArray } from '../backend.ts';
import { isCancelled } from './control.ts';

const ROW_BLOCK = 32;
const KEY_BLOCK = 64;

export interface SoftmaxProblem {
  readonly queries: FloatArray; // [nq, d]
  readonly weight: Float64Array; // [d], multiplies every query; holds the scale
  readonly keys: FloatArray; // [nk, d]
  readonly bias: FloatArray | null; // [nk]
  readonly values: FloatArray | null; // [nk, dv]; null: all ones
  readonly nk: number;
  readonly dv: number;
  /** Key c counts for row r iff lowest <= r - c <= highest. */
  readonly lowest: number;
  readonly highest: number;
  readonly message: FloatArray | null; // [nq, dv]
  readonly logSumExp: FloatArray; // [nq]
}

/** Blocks of operands, widened to fp64, and the running softmax of each row of the block. */
interface Workspace {
  readonly queries: Float64Array; // [ROW_BLOCK, d]
  readonly keys: Float64Array; // [KEY_BLOCK, d]
  readonly values: Float64Array; // [KEY_BLOCK, dv]
  readonly bias: Float64Array; // [KEY_BLOCK]
  readonly scores: Float64Array; // [KEY_BLOCK]
  readonly maximum: Float64Array; // [ROW_BLOCK]
  readonly total: Float64Array; // [ROW_BLOCK]
  readonly sums: Float64Array; // [ROW_BLOCK, dv]
}

/** Computes rows [firstRow, lastRow) of `message` and `logSumExp`. Gives false when it stopped because the request was cancelled. */
export function attendRows(problem: SoftmaxProblem, firstRow: number, lastRow: number, control: Int32Array): boolean {
  const workspace = createWorkspace(problem, Math.min(ROW_BLOCK, lastRow - firstRow));
  for (let row = firstRow; row < lastRow; row += ROW_BLOCK) {
    if (!attendRowBlock(problem, row, Math.min(row + ROW_BLOCK, lastRow), workspace, control)) return false;
  }
  return true;
}

function createWorkspace(problem: SoftmaxProblem, rows: number): Workspace {
  const d = problem.weight.length;
  const dv = sumsColumns(problem);
  const keys = Math.min(KEY_BLOCK, problem.nk);
  return {
    queries: new Float64Array(rows * d),
    keys: new Float64Array(keys * d),
    values: new Float64Array(keys * dv),
    bias: new Float64Array(keys),
    scores: new Float64Array(keys),
    maximum: new Float64Array(rows),
    total: new Float64Array(rows),
    sums: new Float64Array(rows * dv),
  };
}

/** Columns of the sums of values: none when nobody asks for the message, or when it is all ones. */
function sumsColumns(problem: SoftmaxProblem): number {
  return problem.message === null || problem.values === null ? 0 : problem.dv;
}

function attendRowBlock(
  problem: SoftmaxProblem,
  firstRow: number,
  lastRow: number,
  workspace: Workspace,
  control: Int32Array,
): boolean {
  const { nk, lowest, highest } = problem;
  const rows = lastRow - firstRow;
  loadQueries(problem, firstRow, rows, workspace);

  // The keys that at least one row of this block may see.
  const firstKey = Math.max(0, firstRow - highest);
  const lastKey = Math.min(nk, lastRow - 1 - lowest + 1);
  for (let key = Math.floor(firstKey / KEY_BLOCK) * KEY_BLOCK; key < lastKey; key += KEY_BLOCK) {
    const keys = Math.min(KEY_BLOCK, nk - key);
    if (!loadKeys(problem, key, keys, workspace)) continue;
    for (let i = 0; i < rows; i++) {
      if (isCancelled(control)) return false;
      const from = Math.max(0, firstRow + i - highest - key);
      const to = Math.min(keys, firstRow + i - lowest + 1 - key);
      if (from < to) foldKeys(problem, workspace, i, from, to);
    }
  }

  for (let i = 0; i < rows; i++) storeRow(problem, firstRow + i, workspace, i);
  return true;
}

function loadQueries(problem: SoftmaxProblem, firstRow: number, rows: number, workspace: Workspace): void {
  const { weight } = problem;
  const { queries, maximum, total, sums } = workspace;
  const d = weight.length;
  queries.set(problem.queries.subarray(firstRow * d, (firstRow + rows) * d));
  for (let i = 0, at = 0; i < rows; i++) {
    for (let c = 0; c < d; c++, at++) queries[at] *= weight[c];
  }
  maximum.fill(-Infinity);
  total.fill(0);
  sums.fill(0);
}

/** Gives false when the bias forbids every key of the block, so that padding costs nothing. */
function loadKeys(problem: SoftmaxProblem, firstKey: number, keys: number, workspace: Workspace): boolean {
  const d = problem.weight.length;
  const dv = sumsColumns(problem);
  if (problem.bias !== null) {
    let any = false;
    for (let j = 0; j < keys; j++) {
      workspace.bias[j] = problem.bias[firstKey + j];
      any ||= workspace.bias[j] !== -Infinity;
    }
    if (!any) return false;
  }
  workspace.keys.set(problem.keys.subarray(firstKey * d, (firstKey + keys) * d));
  if (dv > 0 && problem.values !== null) {
    workspace.values.set(problem.values.subarray(firstKey * dv, (firstKey + keys) * dv));
  }
  return true;
}

/** One row of the block meets keys [from, to) of the block in hand. */
function foldKeys(problem: SoftmaxProblem, workspace: Workspace, row: number, from: number, to: number): void {
  const { scores, maximum, total, sums } = workspace;
  const d = problem.weight.length;
  const dv = sumsColumns(problem);
  scoreKeys(workspace.queries, row * d, workspace.keys, workspace.bias, scores, d, from, to);

  let blockMaximum = -Infinity;
  for (let j = from; j < to; j++) if (scores[j] > blockMaximum) blockMaximum = scores[j];
  if (blockMaximum === -Infinity) return;

  if (blockMaximum > maximum[row]) {
    const factor = maximum[row] === -Infinity ? 0 : Math.exp(maximum[row] - blockMaximum);
    maximum[row] = blockMaximum;
    total[row] *= factor;
    for (let c = row * dv; c < (row + 1) * dv; c++) sums[c] *= factor;
  }

  const shift = maximum[row];
  let sum = 0;
  for (let j = from; j < to; j++) {
    scores[j] = Math.exp(scores[j] - shift);
    sum += scores[j];
  }
  total[row] += sum;
  if (dv > 0) addValues(scores, workspace.values, sums, row * dv, dv, from, to);
}

/** scores[j] = <query, key j> + bias j, four keys at a time so that a loaded query coordinate serves four products. */
export function scoreKeys(
  queries: Float64Array,
  query: number,
  keys: Float64Array,
  bias: Float64Array,
  scores: Float64Array,
  d: number,
  from: number,
  to: number,
): void {
  let j = from;
  for (; j + 4 <= to; j += 4) {
    let at0 = j * d;
    let at1 = at0 + d;
    let at2 = at1 + d;
    let at3 = at2 + d;
    let s0 = bias[j];
    let s1 = bias[j + 1];
    let s2 = bias[j + 2];
    let s3 = bias[j + 3];
    for (let c = query; c < query + d; c++) {
      const q = queries[c];
      s0 += q * keys[at0++];
      s1 += q * keys[at1++];
      s2 += q * keys[at2++];
      s3 += q * keys[at3++];
    }
    scores[j] = s0;
    scores[j + 1] = s1;
    scores[j + 2] = s2;
    scores[j + 3] = s3;
  }
  for (; j < to; j++) {
    let at = j * d;
    let s = bias[j];
    for (let c = query; c < query + d; c++) s += queries[c] * keys[at++];
    scores[j] = s;
  }
}

/** sums += weights · values over keys [from, to), four keys at a time so that a sum is loaded and stored once for four products. */
export function addValues(
  weights: Float64Array,
  values: Float64Array,
  sums: Float64Array,
  sum: number,
  dv: number,
  from: number,
  to: number,
): void {
  let j = from;
  for (; j + 4 <= to; j += 4) {
    const w0 = weights[j];
    const w1 = weights[j + 1];
    const w2 = weights[j + 2];
    const w3 = weights[j + 3];
    let at0 = j * dv;
    let at1 = at0 + dv;
    let at2 = at1 + dv;
    let at3 = at2 + dv;
    for (let c = sum; c < sum + dv; c++) {
      sums[c] += w0 * values[at0++] + w1 * values[at1++] + (w2 * values[at2++] + w3 * values[at3++]);
    }
  }
  for (; j < to; j++) {
    const w = weights[j];
    let at = j * dv;
    for (let c = sum; c < sum + dv; c++) sums[c] += w * values[at++];
  }
}

function storeRow(problem: SoftmaxProblem, row: number, workspace: Workspace, i: number): void {
  const { message, dv } = problem;
  const total = workspace.total[i];
  problem.logSumExp[row] = total === 0 ? -Infinity : workspace.maximum[i] + Math.log(total);
  if (message === null) return;
  if (problem.values === null) {
    message.fill(total === 0 ? 0 : 1, row * dv, (row + 1) * dv);
    return;
  }
  for (let c = 0; c < dv; c++) message[row * dv + c] = total === 0 ? 0 : workspace.sums[i * dv + c] / total;
}
