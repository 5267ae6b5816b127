/**
 * Messages of a residual forest for a whole batch of assignments at once (math.md §6.2, §6.4). An edge is softmax attention whose queries
 * are composite, ∂h/∂x_c: for the assignment a and the parent's row l
 *
 *     query = scale (Σ_terms coefficient ∏ fixed rows ⊙ q_parent[l] + Σ_unary coefficient ∏ fixed rows)
 *
 * so that all pairs (a, l) are rows of one call while keys, biases and values are the same for all assignments, as they are for a leaf and
 * for a node whose children no assignment changes; other nodes take a call per assignment. A root that is not x1 is an edge whose parent has
 * one row. The root x1 is left to the caller.
 */
import type { ConditionedStep, Matrix } from '../backend.ts';
import { addWeights } from '../reference/assignments.ts';
import type { Node, Restriction } from '../reference/restriction.ts';
import type { Context } from './context.ts';
import { type SoftmaxProblem, type SoftmaxRows, softmaxRows } from './softmax.ts';

/** A message for every assignment of the batch, or one for all of them where none changes it. */
export interface BatchMessage {
  readonly rows: number; // of the parent
  readonly shared: boolean;
  readonly logSumExp: Float64Array; // [batch or 1, rows]
  readonly message: Float64Array | null; // [batch or 1, rows, dv]; null: all ones
}

/** A step with what its batches share. */
export interface DeviceForest {
  readonly context: Context;
  readonly step: ConditionedStep<Matrix>;
  readonly restriction: Restriction;
  readonly d: number;
  readonly dv: number;
  /** Rows of every variable in fp64, for the weights of fixed rows; index variable - 1. */
  readonly wide: readonly Float64Array[];
  /** Messages that no assignment changes, once they are there; by variable. */
  readonly constant: Map<number, BatchMessage>;
}

/** Messages of all nodes but x1, by variable. */
export function sendMessages(
  forest: DeviceForest,
  batch: readonly Int32Array[],
  isCancelled: () => boolean,
): Map<number, BatchMessage> {
  const messages = new Map<number, BatchMessage>();
  for (const node of forest.restriction.nodes) {
    if (node.variable === 1) continue;
    const known = forest.constant.get(node.variable);
    const message = known ?? sendMessage(forest, node, node.constant ? batch.slice(0, 1) : batch, messages, isCancelled);
    messages.set(node.variable, message);
    if (node.constant && !isCancelled()) forest.constant.set(node.variable, message);
  }
  return messages;
}

function sendMessage(
  forest: DeviceForest,
  node: Node,
  batch: readonly Int32Array[],
  messages: ReadonlyMap<number, BatchMessage>,
  isCancelled: () => boolean,
): BatchMessage {
  const children = node.children.map((child) => messages.get(child) as BatchMessage);
  const { variables } = forest.step;
  const rows = node.parent === 0 ? 1 : variables[node.parent - 1].queries.rows;
  const carries =
    forest.dv > 0 && (variables[node.variable - 1].values !== null || children.some(({ message }) => message !== null));
  const groups = children.every(({ shared }) => shared) ? [batch] : batch.map((assignment) => [assignment]);
  const found = groups.map((group, index) => {
    const gathered = gather(forest, node, children, index, carries);
    return softmaxRows(forest.context, edgeProblem(forest, node, group, rows, gathered), isCancelled);
  });
  return { rows, shared: node.constant, ...normalise(found, carries ? forest.dv : 0) };
}

/** What the keys of a node carry besides their rows: own bias and values, and what its children sent. */
interface Gathered {
  readonly bias: Float64Array;
  readonly values: Float64Array | null;
}

/** A node's own log-weights and values with what its children sent for one assignment of the batch. */
export function gather(
  { step, dv }: DeviceForest,
  { variable }: Node,
  children: readonly BatchMessage[],
  index: number,
  carries: boolean,
): Gathered {
  const { queries, values, bias } = step.variables[variable - 1];
  const n = queries.rows;
  const sum = bias === null ? new Float64Array(n) : Float64Array.from(bias.data);
  const product = !carries ? null : values === null ? new Float64Array(n * dv).fill(1) : Float64Array.from(values.data);
  for (const child of children) {
    const first = child.shared ? 0 : index * n;
    for (let l = 0; l < n; l++) sum[l] += child.logSumExp[first + l];
    if (product === null || child.message === null) continue;
    for (let at = 0; at < n * dv; at++) product[at] *= child.message[first * dv + at];
  }
  return { bias: sum, values: product };
}

function edgeProblem(
  forest: DeviceForest,
  node: Node,
  group: readonly Int32Array[],
  rows: number,
  { bias, values }: Gathered,
): SoftmaxProblem {
  const { step, d } = forest;
  const { queries } = step.variables[node.variable - 1];
  return {
    nq: group.length * rows,
    nk: queries.rows,
    d,
    dv: values === null ? 0 : forest.dv,
    queries: compositeQueries(forest, node, group, rows),
    keys: queries.data,
    bias,
    values,
    ...limits(node, group, rows, queries.rows),
  };
}

/** [group · rows, d], the scale in them. */
function compositeQueries(forest: DeviceForest, node: Node, group: readonly Int32Array[], rows: number): Float32Array {
  const { step, d, wide } = forest;
  const composite = new Float32Array(group.length * rows * d);
  const parent = node.parent === 0 ? null : step.variables[node.parent - 1].queries.data;
  const [weight, own] = [new Float64Array(d), new Float64Array(d)];
  for (const [index, assignment] of group.entries()) {
    own.fill(0);
    weight.fill(0);
    addWeights(wide, node.unary, assignment, step.scale, own);
    addWeights(wide, node.terms, assignment, step.scale, weight);
    for (let l = 0, at = index * rows * d; l < rows; l++) {
      for (let c = 0; c < d; c++, at++) composite[at] = own[c] + (parent === null ? 0 : weight[c] * parent[l * d + c]);
    }
  }
  return composite;
}

/** Keys that the edge's band and the masks towards fixed rows leave; null where there are neither. */
function limits(node: Node, group: readonly Int32Array[], rows: number, n: number): Pick<SoftmaxProblem, 'low' | 'high'> {
  const { band, masks } = node;
  const unbounded = band.lowest === Number.NEGATIVE_INFINITY && band.highest === Number.POSITIVE_INFINITY;
  if (unbounded && masks.length === 0) return { low: null, high: null };
  const [low, high] = [new Int32Array(group.length * rows), new Int32Array(group.length * rows)];
  for (const [index, assignment] of group.entries()) {
    let [first, last] = [0, n - 1];
    for (const { fixed, lowest, highest } of masks) {
      first = Math.max(first, assignment[fixed - 1] + lowest);
      last = Math.min(last, assignment[fixed - 1] + highest);
    }
    for (let l = 0, at = index * rows; l < rows; l++, at++) {
      // Capped, because the limits may be infinite; a first key beyond the last admits none.
      low[at] = Math.min(Math.max(first, l - band.highest), n);
      high[at] = Math.max(Math.min(last, l - band.lowest), -1);
    }
  }
  return { low, high };
}

function normalise(found: readonly SoftmaxRows[], dv: number): Pick<BatchMessage, 'logSumExp' | 'message'> {
  const count = found.reduce((sum, { total }) => sum + total.length, 0);
  const logSumExp = new Float64Array(count);
  const message = dv === 0 ? null : new Float64Array(count * dv);
  let row = 0;
  for (const { maximum, total, sums } of found) {
    for (let r = 0; r < total.length; r++, row++) {
      logSumExp[row] = total[r] === 0 ? Number.NEGATIVE_INFINITY : maximum[r] + Math.log(total[r]);
      for (let c = 0; message !== null && c < dv; c++) message[row * dv + c] = total[r] === 0 ? 0 : sums[r * dv + c] / total[r];
    }
  }
  return { logSumExp, message };
}
