/** Products of messages and sums of log-weights, row by row: what joins the branches of a tree at a node (math.md §6.1). */
import type { CombineStep, Matrix, TileContext } from '../backend.ts';
import { addProgress, isCancelled } from './control.ts';
import { checkShape, checkTile } from './operands.ts';

/**
 * Rows [firstRow, lastRow) of `product` [rows, dv] and `sum` [rows, 1].
 *
 * @throws Error when the operands' shapes contradict each other.
 */
export function runCombine(step: CombineStep<Matrix>, tile: TileContext): void {
  const rows = step.product?.rows ?? step.sum?.rows ?? 0;
  checkOperands(step, rows);
  checkTile(tile, rows);
  for (let row = tile.firstRow; row < tile.lastRow; row++) {
    if (isCancelled(tile.control)) return;
    const sum = sumOfRow(step.addends, row);
    if (step.sum !== null) step.sum.data[row] = sum;
    if (step.product !== null) storeProduct(step.factors, row, sum === -Infinity, step.product);
    addProgress(tile.control, 1);
  }
}

function sumOfRow(addends: readonly Matrix[], row: number): number {
  let sum = 0;
  for (const addend of addends) sum += addend.data[addend.rows === 1 ? 0 : row];
  return sum;
}

function storeProduct(factors: readonly Matrix[], row: number, empty: boolean, product: Matrix): void {
  const dv = product.cols;
  for (let c = 0; c < dv; c++) {
    let value = empty ? 0 : 1;
    // An fp64 register, rounded once: a product kept in an fp32 result would round once a factor.
    if (!empty) for (const factor of factors) value *= factor.data[(factor.rows === 1 ? 0 : row) * dv + c];
    product.data[row * dv + c] = value;
  }
}

function checkOperands(step: CombineStep<Matrix>, rows: number): void {
  const { product, sum } = step;
  if (product !== null) {
    checkShape('combine: product', product, rows, product.cols);
    for (const factor of step.factors) checkShape('combine: factor', factor, factor.rows === 1 ? 1 : rows, product.cols);
  }
  checkShape('combine: sum', sum, rows, 1);
  for (const addend of step.addends) checkShape('combine: addend', addend, addend.rows === 1 ? 1 : rows, 1);
}
