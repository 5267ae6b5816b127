/**
 * Any polynomial by a cutset and elimination (math.md §6.5): fix the cutset until pairs of treewidth two are left, sum the free
 * variables out one by one over tables, and merge the assignments by an online softmax (assignments.ts).
 *
 * n^(|C| + 3) (dv + 1) time, n^2 (dv + 1) memory a live table. Tables that depend neither on the assignment nor on the tile's rows of
 * x1 are made once a call and thread, those that depend on the rows alone once a tile.
 */
import type { EliminateStep, Matrix, TileContext } from '../backend.ts';
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
import { addProgress, isCancelled } from './control.ts';
import { createElimination, type Elimination, releaseResults, releaseTile, solve } from './elimination.ts';
import { checkPolynomial, checkTile } from './operands.ts';
import type { Table } from './tables.ts';

/** This thread's last call. */
let kept: { readonly callId: number; readonly elimination: WeakRef<Elimination> } | null = null;

/**
 * Rows [firstRow, lastRow) of `message` [n1, dv] and `logSumExp` [n1, 1].
 *
 * @throws Error when the operands' shapes contradict each other, or the order does not fit the polynomial.
 */
export function runEliminate(step: EliminateStep<Matrix>, tile: TileContext): void {
  const { firstRow, lastRow, control } = tile;
  const n1 = step.variables[0]?.queries.rows ?? 0;
  checkPolynomial(step, n1);
  const elimination = eliminationOf(step, tile.callId);
  checkTile(tile, n1);
  if (firstRow === lastRow || isCancelled(control)) return;
  // A tile that is cancelled leaves tables half done.
  if (!(step.cutset[0] === 1 ? runFixed : runFree)(elimination, firstRow, lastRow, control)) kept = null;
}

function eliminationOf(step: EliminateStep<Matrix>, callId: number): Elimination {
  const last = kept?.callId === callId ? kept.elimination.deref() : undefined;
  // The results' views may differ from tile to tile; they are the only operands that a tile writes.
  if (last !== undefined) return { ...last, step };
  const fresh = createElimination(step);
  kept = { callId, elimination: new WeakRef(fresh) };
  return fresh;
}

/** x1 in the cutset: one row after the other. Gives false when cancelled. */
function runFixed(elimination: Elimination, firstRow: number, lastRow: number, control: Int32Array): boolean {
  const { step, dv } = elimination;
  const partial = createPartial(1, dv);
  for (let row = firstRow; row < lastRow; row++) {
    clearPartial(partial);
    if (!foldAssignments(elimination, [row, row + 1], row, partial, control)) return false;
    storePartial(partial, step, row);
    addProgress(control, 1);
  }
  return true;
}

/** x1 free: all rows of the tile at once. Gives false when cancelled. */
function runFree(elimination: Elimination, firstRow: number, lastRow: number, control: Int32Array): boolean {
  const { step, dv } = elimination;
  const [first] = step.cutset;
  releaseTile(elimination);
  const partial = createPartial(lastRow - firstRow, dv);
  const assigned = first === undefined ? 0 : step.variables[first - 1].queries.rows;
  if (!foldAssignments(elimination, [0, assigned], firstRow, partial, control)) return false;
  storePartial(partial, step, firstRow);
  addProgress(control, lastRow - firstRow);
  return true;
}

/** Every assignment whose first cutset variable lies in `range`, for the rows of `partial`, which begin at `firstRow`. */
function foldAssignments(
  elimination: Elimination,
  range: readonly [number, number],
  firstRow: number,
  partial: Partial,
  control: Int32Array,
): boolean {
  const { step, plan, rows, dv } = elimination;
  const shared = new Float64Array(dv);
  return visitAssignments(step, range, control, (assignment) => {
    const constant = constantScore(step, plan, rows, assignment);
    if (constant === -Infinity) return true;
    const instance = { assignment, first: firstRow, last: firstRow + partial.rows };
    if (!solve(elimination, instance, control)) return false;
    multiplyFixedValues(step, assignment, shared);
    foldResults(elimination, partial, shared, constant);
    releaseResults(elimination);
    return true;
  });
}

/** Results over nothing weigh all rows alike; those over x1 each its own row. */
function foldResults(elimination: Elimination, partial: Partial, shared: Float64Array, constant: number): void {
  const { plan, tables } = elimination;
  const ofRows: Table[] = [];
  let logWeight = constant;
  for (const id of plan.results) {
    const table = tables[id] as Table;
    if (plan.factors[id].variables.length > 0) {
      ofRows.push(table);
      continue;
    }
    logWeight += table.logSumExp[0];
    for (let c = 0; c < shared.length && table.message !== null; c++) shared[c] *= table.message[c];
  }
  if (logWeight === -Infinity) return;
  const messages = productOf(ofRows, partial);
  for (let row = 0; row < partial.rows; row++) {
    let logSumExp = logWeight;
    for (const table of ofRows) logSumExp += table.logSumExp[row];
    foldRow(partial, row, logSumExp, shared, messages);
  }
}

function productOf(tables: readonly Table[], { rows, dv }: Partial): Float64Array | null {
  const carrying = tables.flatMap(({ message }) => (message === null ? [] : [message]));
  if (carrying.length <= 1) return carrying[0] ?? null;
  const product = new Float64Array(rows * dv).fill(1);
  for (const message of carrying) for (let at = 0; at < product.length; at++) product[at] *= message[at];
  return product;
}
