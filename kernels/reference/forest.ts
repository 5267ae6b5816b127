/**
 * Messages of the residual forest under one assignment of the cutset (math.md §6.1, §6.2, §6.4): each edge is one attention call whose
 * queries are the parent's rows times the weight that the fixed rows leave on that edge.
 */
import type { ConditionedStep, Matrix } from '../backend.ts';
import { addWeights } from './assignments.ts';
import { widen } from './operands.ts';
import type { Node, Restriction } from './restriction.ts';
import { attendRows } from './softmax.ts';

/** One free variable with everything that its message needs; the arrays are filled anew for every assignment. */
interface NodeState {
  readonly node: Node;
  readonly children: readonly NodeState[];
  readonly n: number;
  readonly queries: Float64Array; // [n, d]
  readonly values: Float64Array | null; // [n, dv]
  readonly unary: Float64Array | null; // [n]
  readonly bias: Float64Array; // [n] unary + terms + children's L; -Infinity outside [first, last)
  readonly product: Float64Array | null; // [n, dv] values ⊙ children's u; null: all ones
  /** Towards the parent's rows, or [1, dv] at a root that is not x1. */
  readonly message: Float64Array | null;
  readonly logSumExp: Float64Array;
  first: number;
  last: number;
  /** Set once the message of a constant node stands. */
  done: boolean;
}

export interface Forest {
  readonly d: number;
  readonly dv: number;
  readonly scale: number;
  /** Rows of every variable in fp64, from which fixed rows are read; index variable - 1. */
  readonly rows: readonly Float64Array[];
  readonly states: readonly NodeState[]; // children before parents
  /** State of x1 when it is free. */
  readonly root: NodeState | null;
}

export function createForest(step: ConditionedStep<Matrix>, restriction: Restriction): Forest {
  const d = step.variables[0].queries.cols;
  const dv = step.message?.cols ?? 0;
  const rows = step.variables.map(({ queries }) => widen(queries));
  const states: NodeState[] = [];
  for (const node of restriction.nodes) {
    const { queries, values, bias } = step.variables[node.variable - 1];
    const children = states.filter((state) => state.node.parent === node.variable);
    const n = queries.rows;
    const parentRows = node.parent === 0 ? 1 : step.variables[node.parent - 1].queries.rows;
    const carries = step.message !== null && (values !== null || children.some((child) => child.message !== null));
    states.push({
      node,
      children,
      n,
      queries: rows[node.variable - 1],
      values: values === null || step.message === null ? null : widen(values),
      unary: bias === null ? null : widen(bias),
      bias: new Float64Array(n),
      product: carries ? new Float64Array(n * dv) : null,
      message: carries ? new Float64Array(parentRows * dv) : null,
      logSumExp: new Float64Array(parentRows),
      first: 0,
      last: n,
      done: false,
    });
  }
  const root = states.find((state) => state.node.variable === 1) ?? null;
  return { d, dv, scale: step.scale, rows, states, root };
}

/**
 * Sends all messages. `assignment[v - 1]` is the row of the fixed variable v. Afterwards `root.bias` and `root.product` hold x1's
 * results and every other root's `logSumExp` and `message` its component's number and vector. Gives false when cancelled.
 */
export function solveForest(forest: Forest, assignment: Int32Array, control: Int32Array): boolean {
  for (const state of forest.states) restrictRange(state, assignment);
  for (const state of forest.states) {
    if (state.done) continue;
    fillBias(forest, state, assignment);
    fillProduct(forest, state);
    if (state === forest.root) continue;
    if (!sendMessage(forest, state, assignment, control)) return false;
    state.done = state.node.constant;
  }
  return true;
}

/** Masks between this variable and fixed ones leave a range of rows. */
function restrictRange(state: NodeState, assignment: Int32Array): void {
  state.first = 0;
  state.last = state.n;
  for (const { fixed, lowest, highest } of state.node.masks) {
    state.first = Math.max(state.first, assignment[fixed - 1] + lowest);
    state.last = Math.min(state.last, assignment[fixed - 1] + highest + 1);
  }
  state.last = Math.max(state.first, state.last);
  if (state.first >= state.n) state.first = state.last = state.n;
}

function fillBias(forest: Forest, state: NodeState, assignment: Int32Array): void {
  const { node, bias, unary, queries, first, last } = state;
  const { d } = forest;
  bias.fill(-Infinity);
  bias.fill(0, first, last);
  for (const child of state.children) {
    for (let l = first; l < last; l++) bias[l] += child.logSumExp[l];
  }
  if (unary !== null) {
    for (let l = first; l < last; l++) bias[l] += unary[l];
  }
  if (node.unary.length === 0) return;
  const weight = new Float64Array(d);
  addWeights(forest.rows, node.unary, assignment, forest.scale, weight);
  for (let l = first, at = first * d; l < last; l++) {
    let inner = 0;
    for (let c = 0; c < d; c++, at++) inner += weight[c] * queries[at];
    bias[l] += inner;
  }
}

function fillProduct(forest: Forest, state: NodeState): void {
  const { product, values } = state;
  if (product === null) return;
  const from = state.first * forest.dv;
  const to = state.last * forest.dv;
  if (values === null) product.fill(1, from, to);
  else product.set(values.subarray(from, to), from);
  for (const { message } of state.children) {
    if (message === null) continue;
    for (let at = from; at < to; at++) product[at] *= message[at];
  }
}

/** Attention from the parent's rows, or the plain softmax-average over this root's rows (queries of length zero). */
function sendMessage(forest: Forest, state: NodeState, assignment: Int32Array, control: Int32Array): boolean {
  const { node } = state;
  const parent = forest.states.find((other) => other.node.variable === node.parent);
  const weight = new Float64Array(parent === undefined ? 0 : forest.d);
  addWeights(forest.rows, node.terms, assignment, forest.scale, weight);
  const problem = {
    queries: parent === undefined ? state.queries.subarray(0, 0) : parent.queries,
    weight,
    keys: parent === undefined ? state.queries.subarray(0, 0) : state.queries,
    bias: state.bias,
    values: state.product,
    nk: state.n,
    dv: forest.dv,
    lowest: node.band.lowest,
    highest: node.band.highest,
    message: state.message,
    logSumExp: state.logSumExp,
  };
  if (parent === undefined) return attendRows(problem, 0, 1, control);
  // A constant message outlives this assignment, so it needs the parent's rows beyond the range that the assignment leaves.
  if (node.constant) return attendRows(problem, 0, parent.n, control);
  return attendRows(problem, parent.first, parent.last, control);
}
