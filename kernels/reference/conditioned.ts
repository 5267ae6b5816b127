/**
 * Any polynomial by conditioning (math.md §6.4): fix the cutset, solve the residual forest by messages, merge the assignments by an
 * online softmax:
 *
 *     m' = max(m, L);  z = z e^(m - m') + e^(L - m');  y = y e^(m - m') + u e^(L - m')
 *
 * n^(|C| + 2) d time an edge whose weight depends on the assignment, n^2 d once for one that does not; O(n (d + dv)) memory.
 */
import type { ConditionedStep, Matrix, TileContext } from '../backend.ts';
import { addProgress, isCancelled } from './control.ts';
import { addWeights, createForest, type Forest, solveForest } from './forest.ts';
import { checkPolynomial, checkTile } from './operands.ts';
import { type Restriction, restrict } from './restriction.ts';

/** Everything that outlives one assignment. */
interface Conditioning {
  readonly step: ConditionedStep<Matrix>;
  readonly restriction: Restriction;
  readonly forest: Forest;
  readonly hasX1: boolean; // x1 is in the cutset
  readonly partial: Partial;
  readonly shared: Float64Array; // [dv] factor of every output row of the assignment in hand
}

/** The running online softmax of the output rows in hand: all of x1, or the one row that is fixed. */
interface Partial {
  readonly rows: number;
  readonly maximum: Float64Array; // [rows]
  readonly total: Float64Array; // [rows]
  readonly sums: Float64Array; // [rows, dv]
}

/** Forests of this thread's last call, so that the tiles of one call share the messages that no assignment changes. */
let kept: { readonly callId: number; readonly conditioning: WeakRef<Conditioning> } | null = null;

/**
 * Cutset with x1: rows [firstRow, lastRow) of the output. Without: parts [firstRow, lastRow), n1 rows each.
 *
 * @throws Error when the operands' shapes contradict each other, or the forest does not fit the polynomial.
 */
export function runConditioned(step: ConditionedStep<Matrix>, tile: TileContext): void {
  const n1 = step.variables[0]?.queries.rows ?? 0;
  checkPolynomial(step, step.parts * n1);
  const conditioning = conditioningOf(step, tile.callId);
  const { hasX1, partial } = conditioning;
  checkParts(step, hasX1);
  checkTile(tile, hasX1 ? n1 : step.parts);
  for (let unit = tile.firstRow; unit < tile.lastRow; unit++) {
    const [first, last] = hasX1 ? [unit, unit + 1] : partRange(step, unit);
    partial.maximum.fill(-Infinity);
    partial.total.fill(0);
    partial.sums.fill(0);
    if (!foldAssignments(conditioning, first, last, tile.control)) return;
    storePartial(conditioning, unit * partial.rows);
    addProgress(tile.control, 1);
  }
}

function conditioningOf(step: ConditionedStep<Matrix>, callId: number): Conditioning {
  const last = kept?.callId === callId ? kept.conditioning.deref() : undefined;
  // The results' views may differ from tile to tile; they are the only operands that a tile writes.
  if (last !== undefined) return { ...last, step };
  const restriction = restrict(step);
  const forest = createForest(step, restriction);
  const hasX1 = step.cutset[0] === 1;
  const rows = hasX1 ? 1 : step.variables[0].queries.rows;
  const partial = {
    rows,
    maximum: new Float64Array(rows),
    total: new Float64Array(rows),
    sums: new Float64Array(rows * forest.dv),
  };
  const fresh = { step, restriction, forest, hasX1, partial, shared: new Float64Array(forest.dv) };
  kept = { callId, conditioning: new WeakRef(fresh) };
  return fresh;
}

function checkParts(step: ConditionedStep<Matrix>, hasX1: boolean): void {
  const { parts } = step;
  if (!Number.isInteger(parts) || parts < 1) throw new Error(`conditioned: ${parts} parts`);
  if (parts > 1 && (hasX1 || step.cutset.length === 0)) {
    throw new Error(`conditioned: ${parts} parts with the cutset {${step.cutset.join(', ')}}`);
  }
}

/** The part-th of `parts` contiguous ranges of the rows of the first cutset variable. */
function partRange(step: ConditionedStep<Matrix>, part: number): [number, number] {
  if (step.cutset.length === 0) return [0, 0];
  const n = step.variables[step.cutset[0] - 1].queries.rows;
  return [Math.floor((part * n) / step.parts), Math.floor(((part + 1) * n) / step.parts)];
}

/** Every assignment whose first cutset variable lies in [first, last). Gives false when cancelled. */
function foldAssignments(conditioning: Conditioning, first: number, last: number, control: Int32Array): boolean {
  const { step, forest } = conditioning;
  const { cutset, variables } = step;
  const assignment = new Int32Array(variables.length);
  const sizes = cutset.map((variable, index) => (index === 0 ? last - first : variables[variable - 1].queries.rows));
  const count = sizes.reduce((product, size) => product * size, 1);
  for (let number = 0; number < count; number++) {
    if (isCancelled(control)) return false;
    // Digits of `number`, the last cutset variable fastest.
    for (let i = cutset.length - 1, rest = number; i >= 0; i--) {
      assignment[cutset[i] - 1] = (i === 0 ? first : 0) + (rest % sizes[i]);
      rest = Math.floor(rest / sizes[i]);
    }
    const constant = constantScore(conditioning, assignment);
    if (constant === -Infinity) continue;
    if (!solveForest(forest, assignment, control)) return false;
    foldAssignment(conditioning, assignment, constant);
  }
  return true;
}

/** Score of the fixed variables among themselves; -Infinity when a bias or a mask forbids the assignment. */
function constantScore(conditioning: Conditioning, assignment: Int32Array): number {
  const { step, restriction, forest } = conditioning;
  for (const { row, column, lowest, highest } of restriction.masks) {
    const difference = assignment[row - 1] - assignment[column - 1];
    if (difference < lowest || difference > highest) return -Infinity;
  }
  let score = 0;
  for (const variable of restriction.cutset) score += step.variables[variable - 1].bias?.data[assignment[variable - 1]] ?? 0;
  if (score === -Infinity || restriction.constants.length === 0) return score;
  const weight = new Float64Array(forest.d);
  addWeights(forest, restriction.constants, assignment, forest.scale, weight);
  for (let c = 0; c < weight.length; c++) score += weight[c];
  return score;
}

function foldAssignment(conditioning: Conditioning, assignment: Int32Array, constant: number): void {
  const { forest, partial } = conditioning;
  const logWeight = constant + shareFactors(conditioning, assignment);
  if (logWeight === -Infinity) return;
  if (forest.root === null) {
    foldRow(conditioning, 0, logWeight, null);
    return;
  }
  for (let row = 0; row < partial.rows; row++) foldRow(conditioning, row, logWeight + forest.root.bias[row], forest.root.product);
}

/** Fills `shared` with what multiplies every row: fixed value rows and the components without x1. Gives their log-weight. */
function shareFactors(conditioning: Conditioning, assignment: Int32Array): number {
  const { step, forest, shared } = conditioning;
  const dv = shared.length;
  shared.fill(1);
  for (const variable of step.cutset) {
    const values = step.variables[variable - 1].values;
    if (values === null) continue;
    for (let c = 0; c < dv; c++) shared[c] *= values.data[assignment[variable - 1] * dv + c];
  }
  let logWeight = 0;
  for (const state of forest.states) {
    if (state.node.parent !== 0 || state === forest.root) continue;
    logWeight += state.logSumExp[0];
    for (let c = 0; c < dv && state.message !== null; c++) shared[c] *= state.message[c];
  }
  return logWeight;
}

/** The online merge of one output row with u = shared ⊙ messages[row]. */
function foldRow(conditioning: Conditioning, row: number, logSumExp: number, messages: Float64Array | null): void {
  if (logSumExp === -Infinity) return;
  const { partial, shared } = conditioning;
  const { maximum, total, sums } = partial;
  const dv = shared.length;
  const from = row * dv;
  if (logSumExp > maximum[row]) {
    const factor = maximum[row] === -Infinity ? 0 : Math.exp(maximum[row] - logSumExp);
    maximum[row] = logSumExp;
    total[row] *= factor;
    for (let c = 0; c < dv; c++) sums[from + c] *= factor;
  }
  const weight = Math.exp(logSumExp - maximum[row]);
  total[row] += weight;
  for (let c = 0; c < dv; c++) sums[from + c] += weight * shared[c] * (messages === null ? 1 : messages[from + c]);
}

function storePartial(conditioning: Conditioning, firstRow: number): void {
  const { step, partial } = conditioning;
  const dv = conditioning.shared.length;
  for (let row = 0; row < partial.rows; row++) {
    const total = partial.total[row];
    step.logSumExp.data[firstRow + row] = total === 0 ? -Infinity : partial.maximum[row] + Math.log(total);
    if (step.message === null) continue;
    for (let c = 0; c < dv; c++) {
      step.message.data[(firstRow + row) * dv + c] = total === 0 ? 0 : partial.sums[row * dv + c] / total;
    }
  }
}
