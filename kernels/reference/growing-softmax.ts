/**
 * Softmax states that grow key by key (math.md §7): for each row j of the child of a root-causal tree, an online softmax over the first
 * keys of a grandchild. A state takes its keys strictly in order and by the same arithmetic however many are offered at a time, so its
 * bits depend only on how many it has taken.
 */
import { isCancelled } from './control.ts';
import { scoreKeys } from './softmax.ts';

const ROW_BLOCK = 32;
const KEY_BLOCK = 64;

/** A grandchild's edge with its states. The log-sum-exp of row j is maximum[j] + ln total[j], its message sums[j] / total[j]. */
export interface GrowingSoftmax {
  readonly n: number;
  readonly d: number;
  readonly dv: number;
  readonly queries: Float64Array; // [nc, d], the child's
  readonly keys: Float64Array; // [n, d], times scale and coefficient
  readonly bias: Float64Array; // [n]
  readonly values: Float64Array | null; // [n, dv]; null: all ones
  readonly maximum: Float64Array; // [nc]
  readonly total: Float64Array; // [nc], 0 while no key counts
  readonly sums: Float64Array; // [nc, dv], empty without values
  readonly scores: Float64Array; // [n], of the row in hand
}

/** Shows rows [0, lastRow) the keys [folded[j], lastKey) that they lack, blocks of rows against blocks of keys. False when cancelled. */
export function catchUp(
  edge: GrowingSoftmax,
  folded: Int32Array,
  skip: Float64Array, // a row whose entry is -Infinity is left alone
  lastRow: number,
  lastKey: number,
  control: Int32Array,
): boolean {
  const keys = Math.min(lastKey, edge.n);
  for (let block = 0; block < lastRow; block += ROW_BLOCK) {
    const end = Math.min(block + ROW_BLOCK, lastRow);
    for (let key = 0; key < keys; key += KEY_BLOCK) {
      const to = Math.min(key + KEY_BLOCK, keys);
      for (let j = block; j < end; j++) {
        const from = Math.max(key, folded[j]);
        if (from >= to || skip[j] === -Infinity) continue;
        if (isCancelled(control)) return false;
        scoreRow(edge, j, from, to);
        foldKeys(edge, j, from, to);
      }
    }
  }
  return true;
}

/** Scores of row j against keys [from, to), for `foldKeys`. */
export function scoreRow(edge: GrowingSoftmax, j: number, from: number, to: number): void {
  scoreKeys(edge.queries, j * edge.d, edge.keys, edge.bias, edge.scores, edge.d, from, Math.min(to, edge.n));
}

/**
 * Row j meets keys [from, to), whose scores stand ready. Where none of the next four raises the maximum they share one pass over the
 * sums, added in the order and to the bits of one by one.
 */
export function foldKeys(edge: GrowingSoftmax, j: number, from: number, to: number): void {
  const { maximum, scores } = edge;
  const end = Math.min(to, edge.n);
  let l = from;
  while (l < end) {
    const shift = maximum[j];
    if (l + 4 <= end && scores[l] <= shift && scores[l + 1] <= shift && scores[l + 2] <= shift && scores[l + 3] <= shift) {
      // Four scores of -Infinity against a maximum that is still -Infinity must not be subtracted.
      if (shift !== -Infinity) foldFour(edge, j, l);
      l += 4;
    } else {
      if (scores[l] !== -Infinity) foldOne(edge, j, l);
      l++;
    }
  }
}

function foldOne(edge: GrowingSoftmax, j: number, l: number): void {
  const { maximum, total, sums, values, dv } = edge;
  const score = edge.scores[l];
  const first = j * dv;
  const last = first + dv;
  if (score > maximum[j]) {
    const factor = maximum[j] === -Infinity ? 0 : Math.exp(maximum[j] - score);
    maximum[j] = score;
    total[j] *= factor;
    if (values !== null) for (let c = first; c < last; c++) sums[c] *= factor;
  }
  const weight = Math.exp(score - maximum[j]);
  total[j] += weight;
  if (values === null) return;
  for (let c = first, at = l * dv; c < last; c++) sums[c] += weight * values[at++];
}

function foldFour(edge: GrowingSoftmax, j: number, l: number): void {
  const { total, sums, values, scores, dv } = edge;
  const shift = edge.maximum[j];
  const w0 = Math.exp(scores[l] - shift);
  const w1 = Math.exp(scores[l + 1] - shift);
  const w2 = Math.exp(scores[l + 2] - shift);
  const w3 = Math.exp(scores[l + 3] - shift);
  total[j] = total[j] + w0 + w1 + w2 + w3;
  if (values === null) return;
  let at0 = l * dv;
  let at1 = at0 + dv;
  let at2 = at1 + dv;
  let at3 = at2 + dv;
  for (let c = j * dv; c < (j + 1) * dv; c++) {
    sums[c] = sums[c] + w0 * values[at0++] + w1 * values[at1++] + w2 * values[at2++] + w3 * values[at3++];
  }
}
