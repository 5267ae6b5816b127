/**
 * Any polynomial by conditioning (math.md §6.4) on the device: assignments of the cutset are taken in batches, their edges solved together
 * (forest.ts), and what they give is merged by an online softmax in fp64, here.
 *
 * n^(|C| + 2) d time an edge whose weight depends on the assignment; O(n (d + dv)) memory and a batch.
 */
import { CANCEL, type ConditionedStep, type Matrix, PROGRESS, type TileContext } from '../backend.ts';
import {
  addWeights,
  constantScore,
  createPartial,
  foldRow,
  multiplyFixedValues,
  type Partial,
  storePartial,
  visitAssignments,
} from '../reference/assignments.ts';
import { checkPolynomial, checkTile, widen } from '../reference/operands.ts';
import { type Node, restrict } from '../reference/restriction.ts';
import type { Context } from './context.ts';
import { type BatchMessage, type DeviceForest, gather, sendMessages } from './forest.ts';

/** Rows of composite queries that one batch may have, and numbers in its messages. */
const BATCH_ROWS = 4096;
const BATCH_NUMBERS = 2 ** 20;

/** Forests of the last call, so that its tiles share the messages that no assignment changes. */
let kept: { readonly callId: number; readonly forest: DeviceForest } | null = null;

/**
 * Cutset with x1: rows [firstRow, lastRow) of the output. Without: parts [firstRow, lastRow), n1 rows each.
 * @throws Error when the operands' shapes contradict each other, or the forest does not fit the polynomial
 */
export function runConditioned(context: Context, step: ConditionedStep<Matrix>, tile: TileContext): void {
  const n1 = step.variables[0]?.queries.rows ?? 0;
  checkPolynomial(step, step.parts * n1);
  const hasX1 = step.cutset[0] === 1;
  if (!(step.logSumExp.data instanceof Float32Array)) throw new Error('gpu: conditioned takes float32 operands');
  if (step.parts > 1 && (hasX1 || step.cutset.length === 0)) {
    throw new Error(`gpu: conditioned in ${step.parts} parts with the cutset {${step.cutset.join(', ')}}`);
  }
  checkTile(tile, hasX1 ? n1 : step.parts);
  const forest = forestOf(context, step, tile.callId);
  const { firstRow, lastRow, control } = tile;
  if (hasX1) {
    const partial = createPartial(lastRow - firstRow, forest.dv);
    if (!foldRange(forest, [firstRow, lastRow], partial, firstRow, control)) return;
    storePartial(partial, step, firstRow);
    Atomics.add(control, PROGRESS, lastRow - firstRow);
    return;
  }
  for (let part = firstRow; part < lastRow; part++) {
    const partial = createPartial(n1, forest.dv);
    if (!foldRange(forest, partRange(step, part), partial, null, control)) return;
    storePartial(partial, step, part * n1);
    Atomics.add(control, PROGRESS, 1);
  }
}

function forestOf(context: Context, step: ConditionedStep<Matrix>, callId: number): DeviceForest {
  if (kept?.callId === callId) return { ...kept.forest, step };
  const restriction = restrict(step);
  const wide = step.variables.map(({ queries }) => widen(queries));
  const d = step.variables[0].queries.cols;
  const forest = { context, step, restriction, d, dv: step.message?.cols ?? 0, wide, constant: new Map() };
  kept = { callId, forest };
  return forest;
}

/** The part-th of `parts` contiguous ranges of the rows of the first cutset variable. */
function partRange({ cutset, variables, parts }: ConditionedStep<Matrix>, part: number): [number, number] {
  if (cutset.length === 0) return [0, 0];
  const n = variables[cutset[0] - 1].queries.rows;
  return [Math.floor((part * n) / parts), Math.floor(((part + 1) * n) / parts)];
}

/** An assignment with the score of its fixed rows among themselves. */
interface Weighted {
  readonly assignment: Int32Array;
  readonly constant: number;
}

/** Folds all assignments whose first cutset variable lies in `range`; `firstRow` is the first output row of a cutset with x1. */
function foldRange(
  forest: DeviceForest,
  range: readonly [number, number],
  partial: Partial,
  firstRow: number | null,
  control: Int32Array,
): boolean {
  const { step, restriction, wide } = forest;
  const size = batchSize(forest);
  let batch: Weighted[] = [];
  const isCancelled = (): boolean => Atomics.load(control, CANCEL) !== 0;
  const flush = (): void => {
    foldBatch(forest, batch, partial, firstRow, isCancelled);
    batch = [];
  };
  const done = visitAssignments(step, range, control, (assignment) => {
    const constant = constantScore(step, restriction, wide, assignment);
    if (constant === Number.NEGATIVE_INFINITY) return true;
    batch.push({ assignment: assignment.slice(), constant });
    if (batch.length === size) flush();
    return !isCancelled();
  });
  if (done && batch.length > 0) flush();
  return done && !isCancelled();
}

function batchSize({ step, restriction, d, dv }: DeviceForest): number {
  const rows = restriction.nodes.map(({ parent }) => (parent === 0 ? 1 : step.variables[parent - 1].queries.rows));
  const most = Math.max(1, ...rows);
  return Math.max(1, Math.floor(Math.min(BATCH_ROWS / most, BATCH_NUMBERS / (most * (d + dv + 1)))));
}

function foldBatch(
  forest: DeviceForest,
  batch: readonly Weighted[],
  partial: Partial,
  firstRow: number | null,
  isCancelled: () => boolean,
): void {
  const { restriction, step, dv } = forest;
  const assignments = batch.map(({ assignment }) => assignment);
  const messages = sendMessages(forest, assignments, isCancelled);
  if (isCancelled()) return;
  const root = restriction.nodes.find(({ variable }) => variable === 1) ?? null;
  const others = restriction.nodes.filter(({ parent, variable }) => parent === 0 && variable !== 1);
  const shared = new Float64Array(dv);
  for (const [index, { assignment, constant }] of batch.entries()) {
    multiplyFixedValues(step, assignment, shared);
    let logWeight = constant;
    for (const { variable } of others) logWeight += takeMessage(messages.get(variable) as BatchMessage, index, shared);
    if (logWeight === Number.NEGATIVE_INFINITY) continue;
    if (root === null) foldRow(partial, firstRow === null ? 0 : assignment[0] - firstRow, logWeight, shared, null);
    else foldRoot(forest, root, messages, index, assignment, { partial, logWeight, shared });
  }
}

/** Multiplies `shared` by a component's message and gives its log-weight. */
function takeMessage({ shared: isShared, logSumExp, message }: BatchMessage, index: number, shared: Float64Array): number {
  const at = isShared ? 0 : index;
  for (let c = 0; message !== null && c < shared.length; c++) shared[c] *= message[at * shared.length + c];
  return logSumExp[at];
}

interface Fold {
  readonly partial: Partial;
  readonly logWeight: number;
  readonly shared: Float64Array;
}

/** Every row of a free x1: its bias, what the fixed rows leave of monomials that hold it, and its children's messages. */
function foldRoot(
  forest: DeviceForest,
  root: Node,
  messages: ReadonlyMap<number, BatchMessage>,
  index: number,
  assignment: Int32Array,
  { partial, logWeight, shared }: Fold,
): void {
  const { step, wide, d, dv } = forest;
  const children = root.children.map((child) => messages.get(child) as BatchMessage);
  const { bias, values } = gather(forest, root, children, index, dv > 0 && children.some(({ message }) => message !== null));
  const weight = new Float64Array(d);
  addWeights(wide, root.unary, assignment, step.scale, weight);
  let [first, last] = [0, partial.rows - 1];
  for (const { fixed, lowest, highest } of root.masks) {
    first = Math.max(first, assignment[fixed - 1] + lowest);
    last = Math.min(last, assignment[fixed - 1] + highest);
  }
  for (let row = first; row <= last; row++) {
    let score = bias[row];
    for (let c = 0; c < d && root.unary.length > 0; c++) score += weight[c] * wide[0][row * d + c];
    foldRow(partial, row, logWeight + score, shared, values);
  }
}
