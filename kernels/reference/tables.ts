/**
 * Tables (L, u) of an elimination and the sum over one variable v with neighbours a and b (math.md §2.2, §6.5): with A, B and C the
 * products of the factors on (a, v), on (b, v) and on v alone,
 *
 *     L[a, b] = LSE_v( A_L[a, v] + B_L[b, v] + C_L[v] ),   u[a, b] = the same softmax's average of A_u ⊙ B_u ⊙ C_u ⊙ V_v
 *
 * in logarithms throughout, so that any range of scores will do. n^3 exponentials and 3 n^3 dv flops; without b, n^2 of them.
 *
 * Versions tried, the diamond with n = 192, dv = 64, CPU time of one thread of a 2-core container: one v at a time in the products of
 * two tables 1.3 s (kept), four at a time 1.6 s.
 */
import type { Band } from '../backend.ts';
import { isCancelled } from './control.ts';
import { addValues } from './softmax.ts';

/** Over no, one or two variables: row-major, the lower variable first. */
export interface Table {
  readonly logSumExp: Float64Array;
  readonly message: Float64Array | null; // [.., dv]; null: all ones
}

/** A table seen from a neighbour (its rows) and from the variable that is summed out (its columns). */
export interface View extends Table {
  readonly rowStride: number;
  readonly columnStride: number;
}

export interface Sum {
  readonly na: number; // 1 without a
  readonly nb: number; // 1 without b
  readonly nv: number;
  readonly dv: number;
  readonly values: Float64Array | null; // [nv, dv]
  readonly own: readonly View[]; // one row
  readonly left: readonly View[]; // rows of a
  readonly right: readonly View[]; // rows of b
  /** On row of a minus row of b, as numbered here. */
  readonly band: Band;
  readonly output: Table;
  /** Multiply into the output instead of writing it. */
  readonly joins: boolean;
}

/** Arrays that are used again once they are given back; their contents are whatever was left there. */
export interface Pool {
  readonly take: (length: number) => Float64Array;
  readonly give: (array: Float64Array) => void;
}

export function createPool(): Pool {
  const idle = new Map<number, Float64Array[]>();
  return {
    take: (length) => idle.get(length)?.pop() ?? new Float64Array(length),
    give: (array) => {
      const arrays = idle.get(array.length);
      if (arrays === undefined) idle.set(array.length, [array]);
      else arrays.push(array);
    },
  };
}

/** What one entry of the output needs; `scores` and `left` are those of the row of a in hand. */
interface Scratch {
  readonly sum: Sum;
  readonly scores: Float64Array; // [nv] own and left
  readonly rightScores: Float64Array; // [nb, nv]
  readonly right: View | null; // averages of the right side; null: all ones
  readonly weights: Float64Array; // [nv]
  readonly average: Float64Array; // [dv]
  left: Float64Array | null; // [nv, dv] averages of own and left, values included; null: all ones
  from: number; // columns outside [from, to) have no weight in this row of a
  to: number;
}

/** Fills the output. Gives false when cancelled. */
export function sumOut(sum: Sum, pool: Pool, control: Int32Array): boolean {
  const { na, nb, nv, dv, own, left } = sum;
  const taken: Float64Array[] = [];
  const take = (length: number) => {
    const array = pool.take(length);
    taken.push(array);
    return array;
  };
  const ownScores = take(nv).fill(0);
  addScores(own, 0, ownScores, 0, nv);
  const ownAverages = hasMessage(own) ? multiplied(own, 0, sum.values, take(nv * dv), 0, nv, dv) : sum.values;
  const leftAverages = hasMessage(left) ? take(nv * dv) : null;
  const rightScores = take(nb * nv).fill(0);
  for (let b = 0; b < nb; b++) {
    if (isCancelled(control)) return false;
    addScores(sum.right, b, rightScores, b * nv, nv);
  }
  const right = rightAverages(sum, take, control);
  if (right === false) return false;
  const scratch: Scratch = {
    sum,
    scores: take(nv),
    rightScores,
    right,
    weights: take(nv),
    average: take(dv),
    left: ownAverages,
    from: 0,
    to: nv,
  };
  for (let a = 0; a < na; a++) {
    scratch.scores.set(ownScores);
    addScores(left, a, scratch.scores, 0, nv);
    trim(scratch);
    if (leftAverages !== null) scratch.left = multiplied(left, a, ownAverages, leftAverages, 0, nv, dv);
    if (!fillRow(scratch, a, control)) return false;
  }
  for (const array of taken) pool.give(array);
  return true;
}

function hasMessage(views: readonly View[]): boolean {
  return views.some(({ message }) => message !== null);
}

function addScores(views: readonly View[], row: number, scores: Float64Array, offset: number, nv: number): void {
  for (const { logSumExp, rowStride, columnStride } of views) {
    for (let v = 0, at = row * rowStride; v < nv; v++, at += columnStride) scores[offset + v] += logSumExp[at];
  }
}

/** target[v] = start[v] ⊙ ∏ messages[row, v] from `offset` on; `start` null: all ones. */
function multiplied(
  views: readonly View[],
  row: number,
  start: Float64Array | null,
  target: Float64Array,
  offset: number,
  nv: number,
  dv: number,
): Float64Array {
  if (start === null) target.fill(1, offset, offset + nv * dv);
  else target.set(start, offset);
  for (const { message, rowStride, columnStride } of views) {
    if (message === null) continue;
    for (let v = 0, to = offset; v < nv; v++) {
      let at = (row * rowStride + v * columnStride) * dv;
      for (let c = 0; c < dv; c++) target[to++] *= message[at++];
    }
  }
  return target;
}

/** One table's averages are read where they stand; several are multiplied into one. False when cancelled. */
function rightAverages(sum: Sum, take: (length: number) => Float64Array, control: Int32Array): View | null | false {
  const { nb, nv, dv } = sum;
  const carrying = sum.right.filter(({ message }) => message !== null);
  if (carrying.length <= 1) return carrying[0] ?? null;
  const message = take(nb * nv * dv);
  for (let b = 0; b < nb; b++) {
    if (isCancelled(control)) return false;
    multiplied(carrying, b, null, message, b * nv * dv, nv, dv);
  }
  return { logSumExp: message, message, rowStride: nv, columnStride: 1 };
}

/** Masks leave ranges of columns. */
function trim(scratch: Scratch): void {
  const { scores } = scratch;
  let from = 0;
  let to = scores.length;
  while (from < to && scores[from] === -Infinity) from++;
  while (from < to && scores[to - 1] === -Infinity) to--;
  scratch.from = from;
  scratch.to = to;
}

function fillRow(scratch: Scratch, a: number, control: Int32Array): boolean {
  const { sum, average } = scratch;
  const { nb, dv, band, output, joins } = sum;
  const { logSumExp, message } = output;
  for (let b = 0; b < nb; b++) {
    if (isCancelled(control)) return false;
    const at = a * nb + b;
    const inBand = band.lowest <= a - b && a - b <= band.highest;
    // What stands there already may be empty too.
    const wanted = inBand && !(joins && logSumExp[at] === -Infinity);
    const found = wanted ? averageOver(scratch, b) : -Infinity;
    logSumExp[at] = joins && found !== -Infinity ? logSumExp[at] + found : found;
    if (message === null) continue;
    for (let c = 0, to = at * dv; c < dv; c++, to++) {
      if (found === -Infinity) message[to] = 0;
      else message[to] = joins ? message[to] * average[c] : average[c];
    }
  }
  return true;
}

/** The softmax over v for row b: its log-sum-exp, and in `average` its mean of all that carries values. */
function averageOver(scratch: Scratch, b: number): number {
  const { sum, scores, rightScores, weights, average, from, to } = scratch;
  const offset = b * sum.nv;
  let maximum = -Infinity;
  for (let v = from; v < to; v++) {
    const score = scores[v] + rightScores[offset + v];
    weights[v] = score;
    if (score > maximum) maximum = score;
  }
  if (maximum === -Infinity) return -Infinity;
  let total = 0;
  for (let v = from; v < to; v++) {
    const weight = Math.exp(weights[v] - maximum);
    weights[v] = weight;
    total += weight;
  }
  average.fill(0);
  addAverages(scratch, b, total);
  for (let c = 0; c < average.length; c++) average[c] /= total;
  return maximum + Math.log(total);
}

/** average += Σ_v weight ⊙ left ⊙ right. */
function addAverages({ sum, left, right, weights, average, from, to }: Scratch, b: number, total: number): void {
  const { dv } = sum;
  if (right === null || right.message === null) {
    if (left === null) average.fill(total);
    else addValues(weights, left, average, 0, dv, from, to);
    return;
  }
  const { message, rowStride, columnStride } = right;
  for (let v = from; v < to; v++) {
    const weight = weights[v];
    if (weight === 0) continue;
    let at = (b * rowStride + v * columnStride) * dv;
    if (left === null) {
      for (let c = 0; c < dv; c++) average[c] += weight * message[at++];
    } else {
      for (let c = 0, l = v * dv; c < dv; c++) average[c] += weight * left[l++] * message[at++];
    }
  }
}
