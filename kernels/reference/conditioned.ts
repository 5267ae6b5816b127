/**
 * Any polynomial by conditioning (math.md §6.4): fix the cutset, solve the residual forest by messages, merge the assignments by an
 * online softmax (assignments.ts).
 *
 * n^(|C| + 2) d time an edge whose weight depends on the assignment, n^2 d once for one that does not; O(n (d + dv)) memory.
 */
import type { ConditionedStep, Matrix, TileContext } from '../backend.ts';
import {
  clearPartial,
  constantScore,
  createPartial,
  foldRow,
  multiplyFixedValues,
  type Partial,
  storePartial,
  visitAssignments,
} from './assignments.ts';
import { addProgress } from './control.ts';
import { createForest, type Forest, solveForest } from './forest.ts';
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
    clearPartial(partial);
    if (!foldAssignments(conditioning, hasX1 ? [unit, unit + 1] : partRange(step, unit), tile.control)) return;
    storePartial(partial, step, unit * partial.rows);
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
  const partial = createPartial(rows, forest.dv);
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

/** Every assignment whose first cutset variable lies in `range`. Gives false when cancelled. */
function foldAssignments(conditioning: Conditioning, range: readonly [number, number], control: Int32Array): boolean {
  const { step, restriction, forest } = conditioning;
  return visitAssignments(step, range, control, (assignment) => {
    const constant = constantScore(step, restriction, forest.rows, assignment);
    if (constant === -Infinity) return true;
    if (!solveForest(forest, assignment, control)) return false;
    foldAssignment(conditioning, assignment, constant);
    return true;
  });
}

function foldAssignment(conditioning: Conditioning, assignment: Int32Array, constant: number): void {
  const { forest, partial, shared } = conditioning;
  const logWeight = constant + shareFactors(conditioning, assignment);
  if (logWeight === -Infinity) return;
  if (forest.root === null) {
    foldRow(partial, 0, logWeight, shared, null);
    return;
  }
  const { bias, product } = forest.root;
  for (let row = 0; row < partial.rows; row++) foldRow(partial, row, logWeight + bias[row], shared, product);
}

/** Fills `shared` with what multiplies every row: fixed value rows and the components without x1. Gives their log-weight. */
function shareFactors(conditioning: Conditioning, assignment: Int32Array): number {
  const { step, forest, shared } = conditioning;
  multiplyFixedValues(step, assignment, shared);
  let logWeight = 0;
  for (const state of forest.states) {
    if (state.node.parent !== 0 || state === forest.root) continue;
    logWeight += state.logSumExp[0];
    for (let c = 0; c < shared.length && state.message !== null; c++) shared[c] *= state.message[c];
  }
  return logWeight;
}
