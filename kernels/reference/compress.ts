/** Rows in the coordinates of a basis, and the largest part of a row outside it: 2 n D k flops twice. */
import type { CompressStep, Matrix, TileContext } from '../backend.ts';
import { addProgress, isCancelled } from './control.ts';
import { checkShape, checkTile } from './operands.ts';
import { rangeOfPart } from './parts.ts';

/** Parts [firstRow, lastRow). @throws Error when the operands' shapes contradict each other */
export function runCompress(step: CompressStep<Matrix>, tile: TileContext): void {
  const { input, center, basis, tilts, parts, output, unary, residual } = step;
  const { rows: n, cols } = input;
  checkShape('compress: input', input, n, cols);
  checkShape('compress: center', center, 1, cols);
  checkShape('compress: basis', basis, cols, basis.cols);
  for (const { vector } of tilts) checkShape('compress: tilt', vector, 1, cols);
  checkShape('compress: output', output, n, basis.cols);
  checkShape('compress: unary', unary, n, 1);
  checkShape('compress: residual', residual, parts, 1);
  checkTile(tile, parts);
  for (let part = tile.firstRow; part < tile.lastRow; part++) {
    if (isCancelled(tile.control)) return;
    const [first, last] = rangeOfPart(n, part, parts);
    let largest = 0;
    for (let row = first; row < last; row++) largest = Math.max(largest, compressRow(step, row));
    residual.data[part] = largest;
    addProgress(tile.control, 1);
  }
}

/** Gives the 2-norm of what is lost. */
function compressRow({ input, center, basis, tilts, output, unary }: CompressStep<Matrix>, row: number): number {
  const { cols } = input;
  const k = basis.cols;
  const y = new Float64Array(cols);
  for (let c = 0; c < cols; c++) y[c] = input.data[row * cols + c] - (center?.data[c] ?? 0);
  let weight = 0;
  for (const { vector, factor } of tilts) for (let c = 0; c < cols; c++) weight += factor * vector.data[c] * y[c];
  unary.data[row] = weight;
  for (let i = 0; i < k; i++) {
    let sum = 0;
    for (let c = 0; c < cols; c++) sum += y[c] * basis.data[c * k + i];
    output.data[row * k + i] = sum;
  }
  // Against the coordinates as they were stored: their rounding is part of what is lost.
  let lost = 0;
  for (let c = 0; c < cols; c++) {
    let rest = y[c];
    for (let i = 0; i < k; i++) rest -= output.data[row * k + i] * basis.data[c * k + i];
    lost += rest * rest;
  }
  return Math.sqrt(lost);
}
