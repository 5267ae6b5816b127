/**
 * The definition of poly-attention (math.md §1.2), the oracle of every other kernel: straight loops over all tuples (l2..lt) for each
 * l1, the score written as the formula has it, two passes (the largest score, then the sums). Nothing is shared, cached or reordered.
 *
 *     u[l1] = Σ e^(score) ∏_j V_j[l_j] / Σ e^(score),   score = Σ_j b_j[l_j] + scale Σ_i a_i Σ_c ∏_{j in S_i} Q_j[l_j, c]
 *
 * O(n^t d) time, O(dv) memory a row.
 */
import type { DefinitionStep, Matrix, TileContext } from '../backend.ts';
import { addProgress, isCancelled } from './control.ts';
import { checkPolynomial, checkTile } from './operands.ts';

/**
 * Rows [firstRow, lastRow) of `message` [n1, dv] and `logSumExp` [n1, 1].
 *
 * @throws Error when the operands' shapes contradict each other.
 */
export function runDefinition(step: DefinitionStep<Matrix>, tile: TileContext): void {
  const n1 = step.variables[0]?.queries.rows ?? 0;
  checkPolynomial(step, n1);
  checkTile(tile, n1);
  for (let row = tile.firstRow; row < tile.lastRow; row++) {
    if (!computeRow(step, row, tile.control)) return;
    addProgress(tile.control, 1);
  }
}

function computeRow(step: DefinitionStep<Matrix>, row: number, control: Int32Array): boolean {
  // Pass 1: the largest score.
  let maximum = -Infinity;
  let tuple = firstTuple(step, row);
  while (tuple !== null) {
    if (isCancelled(control)) return false;
    maximum = Math.max(maximum, scoreOf(step, tuple));
    tuple = nextTuple(step, tuple);
  }

  // Pass 2: the sums. Without an admissible tuple they stay zero.
  const dv = step.message?.cols ?? 0;
  const sums = new Float64Array(dv);
  let total = 0;
  tuple = maximum === -Infinity ? null : firstTuple(step, row);
  while (tuple !== null) {
    if (isCancelled(control)) return false;
    const weight = Math.exp(scoreOf(step, tuple) - maximum);
    total += weight;
    for (let c = 0; c < dv; c++) sums[c] += weight * valueProduct(step, tuple, c);
    tuple = nextTuple(step, tuple);
  }

  step.logSumExp.data[row] = total === 0 ? -Infinity : maximum + Math.log(total);
  for (let c = 0; c < dv; c++) (step.message as Matrix).data[row * dv + c] = total === 0 ? 0 : sums[c] / total;
  return true;
}

/** (row, 0, .., 0), or null when some variable has no rows at all. */
function firstTuple(step: DefinitionStep<Matrix>, row: number): number[] | null {
  if (step.variables.some(({ queries }) => queries.rows === 0)) return null;
  return step.variables.map((_, j) => (j === 0 ? row : 0));
}

/** Counts up in place, the last variable fastest; null after the last tuple of the row. */
function nextTuple(step: DefinitionStep<Matrix>, tuple: number[]): number[] | null {
  for (let j = tuple.length - 1; j >= 1; j--) {
    if (++tuple[j] < step.variables[j].queries.rows) return tuple;
    tuple[j] = 0;
  }
  return null;
}

/** -Infinity for a tuple that a mask or a bias forbids. */
function scoreOf(step: DefinitionStep<Matrix>, tuple: readonly number[]): number {
  const { variables, masks, monomials, scale } = step;
  for (const mask of masks) {
    const difference = tuple[mask.row - 1] - tuple[mask.column - 1];
    if (difference < mask.lowest || difference > mask.highest) return -Infinity;
  }

  let score = 0;
  for (let j = 0; j < variables.length; j++) score += variables[j].bias?.data[tuple[j]] ?? 0;

  const d = variables[0].queries.cols;
  for (const monomial of monomials) {
    let inner = 0;
    for (let c = 0; c < d; c++) {
      let product = 1;
      for (const x of monomial.variables) product *= variables[x - 1].queries.data[tuple[x - 1] * d + c];
      inner += product;
    }
    score += scale * monomial.coefficient * inner;
  }
  return score;
}

function valueProduct(step: DefinitionStep<Matrix>, tuple: readonly number[], c: number): number {
  let product = 1;
  for (let j = 1; j < tuple.length; j++) {
    const values = step.variables[j].values;
    if (values !== null) product *= values.data[tuple[j] * values.cols + c];
  }
  return product;
}
