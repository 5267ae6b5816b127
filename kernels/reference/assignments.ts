/**
 * What the steps with a cutset share (math.md §6.4): the walk over the assignments, the weight of the fixed variables among themselves,
 * and the online softmax that merges what the assignments give:
 *
 *     m' = max(m, L);  z = z e^(m - m') + e^(L - m');  y = y e^(m - m') + u e^(L - m')
 */
import type { PairMask } from '../backend.ts';
import { isCancelled } from './control.ts';
import type { CutsetStep, Term } from './restriction.ts';

/** The running online softmax of the output rows in hand. */
export interface Partial {
  readonly rows: number;
  readonly dv: number;
  readonly maximum: Float64Array; // [rows]
  readonly total: Float64Array; // [rows]
  readonly sums: Float64Array; // [rows, dv]
}

export function createPartial(rows: number, dv: number): Partial {
  return {
    rows,
    dv,
    maximum: new Float64Array(rows).fill(-Infinity),
    total: new Float64Array(rows),
    sums: new Float64Array(rows * dv),
  };
}

export function clearPartial({ maximum, total, sums }: Partial): void {
  maximum.fill(-Infinity);
  total.fill(0);
  sums.fill(0);
}

/** Every assignment whose first cutset variable lies in [first, last), until `visit` gives false. Gives false then and when cancelled. */
export function visitAssignments(
  step: CutsetStep,
  [first, last]: readonly [number, number],
  control: Int32Array,
  visit: (assignment: Int32Array) => boolean,
): boolean {
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
    if (!visit(assignment)) return false;
  }
  return true;
}

/** weight[c] += factor Σ_terms a ∏ fixed rows[c]: what the fixed rows leave of monomials with the same free variables. */
export function addWeights(
  rows: readonly Float64Array[], // [n_j, d] by variable
  terms: readonly Term[],
  assignment: Int32Array,
  factor: number,
  weight: Float64Array,
): void {
  const d = weight.length;
  for (const { coefficient, fixed } of terms) {
    for (let c = 0; c < d; c++) {
      let product = factor * coefficient;
      for (const variable of fixed) product *= rows[variable - 1][assignment[variable - 1] * d + c];
      weight[c] += product;
    }
  }
}

/** Score of the fixed variables among themselves; -Infinity when a bias or a mask forbids the assignment. */
export function constantScore(
  step: CutsetStep,
  { constants, masks }: { readonly constants: readonly Term[]; readonly masks: readonly PairMask[] },
  rows: readonly Float64Array[],
  assignment: Int32Array,
): number {
  for (const { row, column, lowest, highest } of masks) {
    const difference = assignment[row - 1] - assignment[column - 1];
    if (difference < lowest || difference > highest) return -Infinity;
  }
  let score = 0;
  for (const variable of step.cutset) score += step.variables[variable - 1].bias?.data[assignment[variable - 1]] ?? 0;
  if (score === -Infinity || constants.length === 0) return score;
  const weight = new Float64Array(step.variables[0].queries.cols);
  addWeights(rows, constants, assignment, step.scale, weight);
  for (let c = 0; c < weight.length; c++) score += weight[c];
  return score;
}

/** shared = ∏ of the value rows of the fixed variables. */
export function multiplyFixedValues(step: CutsetStep, assignment: Int32Array, shared: Float64Array): void {
  const dv = shared.length;
  shared.fill(1);
  for (const variable of step.cutset) {
    const values = step.variables[variable - 1].values;
    if (values === null) continue;
    for (let c = 0; c < dv; c++) shared[c] *= values.data[assignment[variable - 1] * dv + c];
  }
}

/** The online merge of one output row with u = shared ⊙ messages[row]. */
export function foldRow(
  partial: Partial,
  row: number,
  logSumExp: number,
  shared: Float64Array, // [dv]
  messages: Float64Array | null, // [rows, dv]; null: all ones
): void {
  if (logSumExp === -Infinity) return;
  const { maximum, total, sums, dv } = partial;
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

/** Writes the merged rows to rows firstRow .. of the step's results; (0, -Infinity) where nothing was folded. */
export function storePartial(partial: Partial, step: CutsetStep, firstRow: number): void {
  const { dv } = partial;
  for (let row = 0; row < partial.rows; row++) {
    const total = partial.total[row];
    step.logSumExp.data[firstRow + row] = total === 0 ? -Infinity : partial.maximum[row] + Math.log(total);
    if (step.message === null) continue;
    for (let c = 0; c < dv; c++) {
      step.message.data[(firstRow + row) * dv + c] = total === 0 ? 0 : partial.sums[row * dv + c] / total;
    }
  }
}
