/** Tuples drawn uniformly as composite keys for the rows of x1 (math.md §6.2): O(s d + t dv) a tuple. */
import type { Matrix, SampleStep, TileContext } from '../backend.ts';
import { addProgress, isCancelled } from './control.ts';
import { drawIndex } from './draws.ts';
import { checkShape, checkTile } from './operands.ts';

/** Tuples between two looks at the cancel flag. */
const LOOK = 256;

/** Rows [firstRow, lastRow) of the results. @throws Error when the operands' shapes contradict each other */
export function runSample(step: SampleStep<Matrix>, tile: TileContext): void {
  checkOperands(step);
  checkTile(tile, step.keys.rows);
  const rows = new Int32Array(step.operands.length);
  // Where a variable has no rows there is no tuple: keys of no weight.
  if (step.operands.some(({ queries }, j) => j > 0 && queries.rows === 0)) {
    writeNothing(step, tile);
    return;
  }
  for (let i = tile.firstRow; i < tile.lastRow; i++) {
    if (i % LOOK === 0 && isCancelled(tile.control)) return;
    for (let j = 1; j < rows.length; j++) rows[j] = drawIndex(step.seed, j, i, step.operands[j].queries.rows);
    writeKey(step, rows, i);
    writeValues(step, rows, i);
  }
  addProgress(tile.control, tile.lastRow - tile.firstRow);
}

function writeNothing({ keys, bias, doubledBias, values, moments }: SampleStep<Matrix>, tile: TileContext): void {
  const fill = (result: Matrix | null, value: number): void => {
    result?.data.fill(value, tile.firstRow * result.cols, tile.lastRow * result.cols);
  };
  for (const result of [keys, values, moments]) fill(result, 0);
  for (const result of [bias, doubledBias]) fill(result, Number.NEGATIVE_INFINITY);
  addProgress(tile.control, tile.lastRow - tile.firstRow);
}

function checkOperands({ operands, keys, bias, doubledBias, values, moments }: SampleStep<Matrix>): void {
  const [m, d] = [keys.rows, keys.cols];
  checkShape('sample: keys', keys, m, d);
  checkShape('sample: bias', bias, m, 1);
  checkShape('sample: doubledBias', doubledBias, m, 1);
  checkShape('sample: values', values, m, values?.cols ?? 0);
  checkShape('sample: moments', moments, m, 2 * (values?.cols ?? 0));
  for (const { queries, values: own, bias: weights } of operands) {
    checkShape('sample: queries', queries, queries.rows, d);
    checkShape('sample: values of a variable', own, queries.rows, values?.cols ?? 0);
    checkShape('sample: bias of a variable', weights, queries.rows, 1);
  }
}

function writeKey({ operands, monomials, keys, bias, doubledBias }: SampleStep<Matrix>, rows: Int32Array, i: number): void {
  const d = keys.cols;
  const key = new Float64Array(d);
  let weight = 0;
  for (const { factor, variables } of monomials) {
    const own = variables.includes(1);
    for (let c = 0; c < d; c++) {
      let product = factor;
      for (const j of variables) if (j !== 1) product *= operands[j - 1].queries.data[rows[j - 1] * d + c];
      if (own) key[c] += product;
      else weight += product;
    }
  }
  for (let j = 1; j < rows.length; j++) weight += operands[j].bias?.data[rows[j]] ?? 0;
  keys.data.set(key, i * d);
  bias.data[i] = weight;
  if (doubledBias !== null) doubledBias.data[i] = 2 * weight;
}

function writeValues({ operands, values, moments }: SampleStep<Matrix>, rows: Int32Array, i: number): void {
  if (values === null) return;
  const dv = values.cols;
  for (let c = 0; c < dv; c++) {
    let product = 1;
    for (let j = 1; j < rows.length; j++) product *= operands[j].values?.data[rows[j] * dv + c] ?? 1;
    values.data[i * dv + c] = product;
    if (moments === null) continue;
    moments.data[i * 2 * dv + c] = product;
    moments.data[i * 2 * dv + dv + c] = product * product;
  }
}
