/**
 * Where everything of a residual forest stands in an arena: operands once, and for as many assignments of the cutset as go through the
 * device together ("slices") what depends on the assignment (math.md §6.4).
 */
import type { ConditionedStep, Matrix } from '../backend.ts';
import type { Node, Restriction } from '../reference/restriction.ts';
import type { Layout } from './arena.ts';
import { NONE } from './shaders/fields.ts';
import { HALF_QUERIES, HALF_VALUES, roomFor } from './shaders/operands.ts';

/** Slice s stands s strides further; a stride of 0 is one for all slices. */
export interface Span {
  readonly at: number; // or NONE
  readonly stride: number;
}

/** Of a message that is not computed: all ones, or of weight one. */
export const LEFT_OUT: Span = { at: NONE, stride: 0 };

/** How a node's message gets to its parent: scores with each pair of rows, or the shared exponential matrix of a cycle's edge. */
export type EdgeKind = 'attend' | 'product';

/** Numbers of a cycle's edge, and of the certificate of each row (cycle.ts). */
export interface ProductPlaces {
  readonly matrix: number; // [parentRows, n], NONE at the root
  readonly maxima: number; // [parentRows]
  readonly weights: number; // [slices, n]
  readonly loose: number; // [slices, n], NONE at a leaf
  readonly tops: number; // [assignments of the whole run, 2]
}

/** One free variable: its operands, what is computed of them and when, and the edge to its parent. */
export interface NodePlan {
  readonly node: Node;
  readonly children: readonly NodePlan[];
  readonly n: number;
  /** Rows that masks with fixed variables leave of the n, at most: what a slice keeps, counted from the first of its range. */
  readonly width: number;
  /** Rows of the message: 1 at a root, all of the parent's where it is sent once, and else what a slice keeps of them. */
  readonly parentRows: number;
  /** `halves`: HALF_QUERIES and HALF_VALUES where they are (shaders/operands.ts). */
  readonly operands: { readonly queries: number; readonly values: number; readonly bias: number; readonly halves: number };
  /** Log-weights and values of the rows with what the children sent. */
  readonly sum: Span; // [width], or [n] where it is the operand itself; likewise the product
  readonly product: Span;
  /** When they are computed: never where they are the operands themselves. */
  readonly filled: 'never' | 'once' | 'always';
  readonly message: Span; // [parentRows, dv]
  readonly logSumExp: Span;
  readonly sent: 'never' | 'once' | 'always';
  /** Of the edge, where no assignment changes it. */
  readonly scale: number;
  /** Tables that the host fills for every assignment (assignment-tables.ts). */
  readonly weights: number; // [slices, d] or NONE
  readonly unary: number; // [slices, d] or NONE
  readonly ranges: number; // [slices, 2] or NONE
  readonly edge: ProductPlaces | null;
}

/** All offsets of a run, in places of its arena. */
export interface ForestPlan {
  readonly d: number;
  readonly dv: number; // 0 without a message
  readonly slices: number;
  readonly nodes: readonly NodePlan[]; // children before parents
  /** x1 where it is free. */
  readonly root: NodePlan | null;
  /** The host's tables: all between `tables` and `tablesEnd`. */
  readonly tables: number;
  readonly tablesEnd: number;
  readonly constants: number; // [slices] score of the fixed variables
  readonly factors: number; // [slices, dv] product of their values, or NONE
  readonly members: number; // [slices] which problem it belongs to (shaders/members.ts)
  readonly groups: number; // [slices, 3] (shaders/fold.ts): the slices of one row of x1, or where x1 is free of one problem
  readonly groupRows: number; // 1, or n1
  /** What multiplies every row of a slice: constants and factors with the components without x1. */
  readonly weight: number; // [slices]
  readonly factor: number; // [slices, dv] or NONE
  /** Problems, and how far apart stand what their slices share. */
  readonly memberCount: number;
  readonly memberStride: number;
  readonly resultRows: number; // of all problems
  readonly state: number; // [resultRows, columns, 3]
  readonly message: number; // [resultRows, dv], then
  readonly logSumExp: number; // [resultRows]
}

/** What a plan is made for, besides the step. */
export interface ForestSize {
  readonly slices: number;
  readonly memberCount: number;
  readonly memberStride: number;
  readonly resultRows: number; // of all problems
  readonly edges: EdgeKind;
  /** Whether an operand stands in half precision. */
  readonly isHalf: (operand: Matrix) => boolean;
}

/**
 * `fixed` takes what is the same for all tiles of a call, of one problem: it is laid out as often as there are problems. `layout` takes the rest,
 * and begins behind that.
 */
export function planForest(
  step: ConditionedStep<Matrix>,
  restriction: Restriction,
  fixed: Layout,
  layout: Layout,
  size: ForestSize,
): ForestPlan {
  const { slices, resultRows } = size;
  const d = step.variables[0].queries.cols;
  const dv = step.message?.cols ?? 0;
  const tables = layout.floats;
  const constants = layout.take(slices);
  const valued = restriction.cutset.some((variable) => step.variables[variable - 1].values !== null);
  const factors = valued && dv > 0 ? layout.take(slices * dv) : NONE;
  const members = layout.take(slices);
  const groups = layout.take(3 * slices);
  const hostTables = restriction.nodes.map((node) => takeTables(node, layout, slices, d));
  const tablesEnd = layout.floats;

  const nodes: NodePlan[] = [];
  for (const [index, node] of restriction.nodes.entries()) {
    const children = nodes.filter((other) => other.node.parent === node.variable);
    nodes.push({ ...planNode(step, restriction, node, children, fixed, layout, size), ...hostTables[index] });
  }
  const root = nodes.find(({ node }) => node.variable === 1) ?? null;
  const roots = nodes.filter((other) => other.node.parent === 0 && other !== root);
  const carries = roots.some(({ message }) => message.at !== NONE);
  return {
    d,
    dv,
    slices,
    nodes,
    root,
    tables,
    tablesEnd,
    constants,
    factors,
    members,
    groups,
    groupRows: restriction.cutset[0] === 1 ? 1 : step.variables[0].queries.rows,
    weight: roots.length > 0 ? layout.take(slices) : constants,
    factor: carries ? layout.take(slices * dv) : factors,
    memberCount: size.memberCount,
    memberStride: size.memberStride,
    resultRows,
    state: layout.take(3 * resultRows * Math.max(1, dv)),
    message: layout.take(resultRows * dv),
    logSumExp: layout.take(resultRows),
  };
}

const hasFixed = ({ fixed }: { readonly fixed: readonly number[] }): boolean => fixed.length > 0;

function takeTables(node: Node, layout: Layout, slices: number, d: number): Pick<NodePlan, 'weights' | 'unary' | 'ranges'> {
  return {
    weights: node.terms.some(hasFixed) ? layout.take(slices * d) : NONE,
    unary: node.unary.length > 0 ? layout.take(slices * d) : NONE,
    ranges: node.masks.length > 0 ? layout.take(2 * slices) : NONE,
  };
}

/** Two rows that one mask leaves to one fixed row are at most so far apart. */
function widthOf({ masks }: Node, n: number): number {
  return masks.reduce((width, { lowest, highest }) => Math.min(width, Math.max(1, highest - lowest + 1)), n);
}

type PlannedNode = Omit<NodePlan, 'weights' | 'unary' | 'ranges'>;

function planNode(
  step: ConditionedStep<Matrix>,
  { nodes }: Restriction,
  node: Node,
  children: readonly NodePlan[],
  fixed: Layout,
  layout: Layout,
  { slices, resultRows, edges, isHalf }: ForestSize,
): PlannedNode {
  const { queries, values, bias } = step.variables[node.variable - 1];
  const dv = step.message?.cols ?? 0;
  const n = queries.rows;
  const width = widthOf(node, n);
  const sent = node.variable === 1 && node.parent === 0 ? 'never' : node.constant ? 'once' : 'always';
  const parent = nodes.find(({ variable }) => variable === node.parent);
  const allRows = parent === undefined ? 1 : step.variables[parent.variable - 1].queries.rows;
  const parentRows = parent === undefined || sent === 'once' ? allRows : widthOf(parent, allRows);
  const operand = (matrix: Matrix) => fixed.take(roomFor(matrix.rows * matrix.cols, isHalf(matrix)));
  const operands = {
    queries: operand(queries),
    values: values !== null && dv > 0 ? operand(values) : NONE,
    bias: bias !== null ? fixed.take(n) : NONE,
    halves: (isHalf(queries) ? HALF_QUERIES : 0) | (values !== null && isHalf(values) ? HALF_VALUES : 0),
  };
  const own = node.unary.length === 0 && node.masks.length === 0;
  const filled = !own || children.some(({ sent }) => sent === 'always') ? 'always' : children.length > 0 ? 'once' : 'never';
  const span = (frequency: NodePlan['filled'], floats: number): Span => {
    if (frequency === 'always') return { at: layout.take(slices * floats), stride: floats };
    return { at: fixed.take(floats), stride: 0 };
  };
  const carries = operands.values !== NONE || children.some(({ message }) => message.at !== NONE);
  return {
    node,
    children,
    n,
    width,
    parentRows,
    operands,
    filled,
    sum: filled === 'never' ? { at: operands.bias, stride: 0 } : span(filled, width),
    // Without messages from below the values stay what they are, whatever happens to the log-weights.
    product: children.some(({ message }) => message.at !== NONE) ? span(filled, width * dv) : { at: operands.values, stride: 0 },
    sent,
    message: carries && sent !== 'never' ? span(sent, parentRows * dv) : LEFT_OUT,
    logSumExp: sent === 'never' ? LEFT_OUT : span(sent, parentRows),
    scale: step.scale * node.terms.reduce((sum, { coefficient }) => sum + coefficient, 0),
    edge: edges === 'product' ? takeEdge(node, children, fixed, layout, { n, parentRows, slices, resultRows }) : null,
  };
}

function takeEdge(
  { parent }: Node,
  children: readonly NodePlan[],
  fixed: Layout,
  layout: Layout,
  { n, parentRows, slices, resultRows }: Readonly<Record<'n' | 'parentRows' | 'slices' | 'resultRows', number>>,
): ProductPlaces {
  return {
    matrix: parent === 0 ? NONE : fixed.take(parentRows * n),
    maxima: parent === 0 ? NONE : fixed.take(parentRows),
    weights: parent === 0 ? NONE : layout.take(slices * n),
    loose: children.length > 0 ? layout.take(slices * n) : NONE,
    tops: layout.take(2 * resultRows),
  };
}
