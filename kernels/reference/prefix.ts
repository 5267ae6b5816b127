/**
 * A root-causal tree of depth two in O(n^2 (d + dv)) an edge (math.md §7): every grandchild edge keeps, for each row of the child, an
 * online softmax over the keys l_g <= i, and these states grow with the output row i = l_1:
 *
 *     out[i] = softmax_{l_c <= i}( s_1c + b_c + Σ_g L_g[l_c] )  applied to  V_c ⊙ ∏_g u_g[l_c]
 *
 * Output rows go in blocks, and within a block the child's rows take turns, so that one state is in hand at a time. Each state takes its
 * keys in order and each output row the child's rows in order, one by one, wherever the blocks lie: a tile may begin anywhere without
 * changing a bit. What a thread's last tile left is kept: a later tile of the same call goes on from it, an earlier one starts anew.
 *
 * Memory O(nc (dv + 2)) a grandchild, and the operands in fp64. One grandchild, n = 1024, d = dv = 64, one thread of a 2-core container
 * (noisy): 0.31 s, in eight tiles 0.32 s; the last 128 rows alone 0.17 s. A causal `attend` of that size takes 0.05 s.
 */
import type { Matrix, PrefixStep, TileContext, VariableOperands } from '../backend.ts';
import { addProgress, isCancelled } from './control.ts';
import { catchUp, foldKeys, type GrowingSoftmax, scoreRow } from './growing-softmax.ts';
import { checkShape, checkTile, widen } from './operands.ts';
import { scoreKeys } from './softmax.ts';

const ROW_BLOCK = 32;

interface Prefix {
  readonly step: PrefixStep<Matrix>;
  readonly d: number;
  readonly dv: number;
  readonly root: Float64Array; // [n1, d], times scale and coefficient
  readonly child: Float64Array; // [nc, d]
  readonly bias: Float64Array; // [nc]
  readonly values: Float64Array | null; // [nc, dv]; null: all ones
  readonly edges: readonly GrowingSoftmax[];
  /** How many keys of every edge the states of a row of the child hold. */
  readonly folded: Int32Array; // [nc]
  readonly scores: Float64Array; // [n1], of the child's row in hand
  readonly zeros: Float64Array; // [n1]
  readonly product: Float64Array; // [dv]
  // The running online softmax of the block of output rows in hand.
  readonly maximum: Float64Array; // [ROW_BLOCK]
  readonly total: Float64Array; // [ROW_BLOCK]
  readonly sums: Float64Array; // [ROW_BLOCK, dv]
}

/** This thread's last call, with the first output row that its states have not passed. */
let kept: { readonly callId: number; readonly nextRow: number; readonly prefix: WeakRef<Prefix> } | null = null;

/**
 * Rows [firstRow, lastRow) of `message` [n1, dv] and `logSumExp` [n1, 1].
 *
 * @throws Error when the operands' shapes contradict each other.
 */
export function runPrefix(step: PrefixStep<Matrix>, tile: TileContext): void {
  const { firstRow, lastRow, control, callId } = tile;
  checkOperands(step);
  checkTile(tile, step.queries.rows);
  const last = kept?.callId === callId && kept.nextRow <= firstRow ? kept.prefix.deref() : undefined;
  // A cancelled tile leaves states between two rows.
  kept = null;
  const prefix = last === undefined ? createPrefix(step) : { ...last, step };
  for (let row = firstRow; row < lastRow; row += ROW_BLOCK) {
    const end = Math.min(row + ROW_BLOCK, lastRow);
    if (isCancelled(control) || !catchUpEdges(prefix, row, end, control) || !computeRows(prefix, row, end, control)) return;
    addProgress(control, end - row);
  }
  kept = { callId, nextRow: lastRow, prefix: new WeakRef(prefix) };
}

function createPrefix(step: PrefixStep<Matrix>): Prefix {
  const { queries, child, scale } = step;
  const n1 = queries.rows;
  const dv = step.message?.cols ?? 0;
  return {
    step,
    d: queries.cols,
    dv,
    root: scaled(queries, scale * step.coefficient),
    child: widen(child.queries),
    bias: biasOf(child),
    values: valuesOf(child, dv),
    edges: step.grandchildren.map(({ operands, coefficient }) => createEdge(step, operands, scale * coefficient, dv)),
    folded: new Int32Array(child.queries.rows),
    scores: new Float64Array(n1),
    zeros: new Float64Array(n1),
    product: new Float64Array(dv),
    maximum: new Float64Array(ROW_BLOCK),
    total: new Float64Array(ROW_BLOCK),
    sums: new Float64Array(ROW_BLOCK * dv),
  };
}

function createEdge(step: PrefixStep<Matrix>, operands: VariableOperands<Matrix>, factor: number, dv: number): GrowingSoftmax {
  const child = step.child.queries;
  const values = valuesOf(operands, dv);
  return {
    n: operands.queries.rows,
    d: child.cols,
    dv,
    queries: widen(child),
    keys: scaled(operands.queries, factor),
    bias: biasOf(operands),
    values,
    maximum: new Float64Array(child.rows).fill(-Infinity),
    total: new Float64Array(child.rows),
    sums: new Float64Array(values === null ? 0 : child.rows * dv),
    scores: new Float64Array(operands.queries.rows),
  };
}

function scaled({ data }: Matrix, factor: number): Float64Array {
  return Float64Array.from(data, (value) => factor * value);
}

function biasOf({ queries, bias }: VariableOperands<Matrix>): Float64Array {
  return bias === null ? new Float64Array(queries.rows) : widen(bias);
}

function valuesOf({ values }: VariableOperands<Matrix>, dv: number): Float64Array | null {
  return values === null || dv === 0 ? null : widen(values);
}

/** Every row of the child that the block's rows may see takes the keys before the block. */
function catchUpEdges(prefix: Prefix, firstRow: number, lastRow: number, control: Int32Array): boolean {
  const { folded, bias } = prefix;
  const rows = Math.min(lastRow, folded.length);
  for (const edge of prefix.edges) if (!catchUp(edge, folded, bias, rows, firstRow, control)) return false;
  for (let j = 0; j < rows; j++) folded[j] = firstRow;
  return true;
}

/** One block: each row of the child in turn grows by the block's keys and after each serves the output row of the same number. */
function computeRows(prefix: Prefix, firstRow: number, lastRow: number, control: Int32Array): boolean {
  const { child, bias, edges, folded, root, scores, zeros, d } = prefix;
  prefix.maximum.fill(-Infinity);
  prefix.total.fill(0);
  prefix.sums.fill(0);
  const children = Math.min(lastRow, folded.length);
  for (let j = 0; j < children; j++) {
    if (bias[j] === -Infinity) continue;
    if (isCancelled(control)) return false;
    const first = Math.max(firstRow, j);
    scoreKeys(child, j * d, root, zeros, scores, d, first, lastRow);
    for (const edge of edges) scoreRow(edge, j, firstRow, lastRow);
    for (let i = first; i < lastRow; i++) {
      // Row j enters at output row j with the block's earlier keys still to take.
      const from = i === first ? firstRow : i;
      for (const edge of edges) foldKeys(edge, j, from, i + 1);
      foldChild(prefix, j, i - firstRow, scores[i] + bias[j]);
    }
    folded[j] = lastRow;
  }
  for (let i = firstRow; i < lastRow; i++) storeRow(prefix, i, i - firstRow);
  return true;
}

/** The online softmax of one output row takes the child's row j, whose states stand at that output row. */
function foldChild(prefix: Prefix, j: number, row: number, score: number): void {
  const { edges, maximum, total, sums, values, product, dv } = prefix;
  let logWeight = score;
  let norm = 1;
  for (const edge of edges) {
    if (edge.total[j] === 0) return;
    logWeight += edge.maximum[j] + Math.log(edge.total[j]);
    if (edge.values !== null) norm *= edge.total[j];
  }
  const from = row * dv;
  if (logWeight > maximum[row]) {
    const factor = maximum[row] === -Infinity ? 0 : Math.exp(maximum[row] - logWeight);
    maximum[row] = logWeight;
    total[row] *= factor;
    for (let c = from; c < from + dv; c++) sums[c] *= factor;
  }
  const weight = Math.exp(logWeight - maximum[row]);
  total[row] += weight;
  // A total lies between 1, the weight of its maximum, and n: `norm` is far from the ends of fp64.
  const share = weight / norm;
  for (let c = 0, at = j * dv; c < dv; c++, at++) product[c] = values === null ? share : share * values[at];
  for (const edge of edges) {
    if (edge.values === null) continue;
    for (let c = 0, at = j * dv; c < dv; c++, at++) product[c] *= edge.sums[at];
  }
  for (let c = 0; c < dv; c++) sums[from + c] += product[c];
}

function storeRow(prefix: Prefix, i: number, row: number): void {
  const { step, dv } = prefix;
  const total = prefix.total[row];
  step.logSumExp.data[i] = total === 0 ? -Infinity : prefix.maximum[row] + Math.log(total);
  if (step.message === null) return;
  for (let c = 0; c < dv; c++) step.message.data[i * dv + c] = total === 0 ? 0 : prefix.sums[row * dv + c] / total;
}

function checkOperands(step: PrefixStep<Matrix>): void {
  const { queries, child, grandchildren, message } = step;
  const dv =
    message?.cols ?? child.values?.cols ?? grandchildren.find(({ operands }) => operands.values)?.operands.values?.cols ?? 0;
  checkShape('prefix: queries', queries, queries.rows, child.queries.cols);
  for (const operands of [child, ...grandchildren.map((grandchild) => grandchild.operands)]) {
    const n = operands.queries.rows;
    checkShape('prefix: keys', operands.queries, n, queries.cols);
    checkShape('prefix: values', operands.values, n, dv);
    checkShape('prefix: bias', operands.bias, n, 1);
  }
  checkShape('prefix: message', message, queries.rows, dv);
  checkShape('prefix: logSumExp', step.logSumExp, queries.rows, 1);
}
