/** Positive random features of rows (2009.14794): E_w exp(<w,a> - |a|^2/2) exp(<w,b> - |b|^2/2) = exp <a,b>. 2 n D F flops, n F exponentials. */
import type { Matrix, RandomFeaturesStep, TileContext } from '../backend.ts';
import { addProgress, isCancelled } from './control.ts';
import { normal } from './draws.ts';
import { checkShape, checkTile } from './operands.ts';

/** Rows [firstRow, lastRow). @throws Error when the operands' shapes contradict each other */
export function runRandomFeatures({ input, factor, seed, output }: RandomFeaturesStep<Matrix>, tile: TileContext): void {
  const { rows: n, cols } = input;
  const count = output.cols;
  checkShape('random-features: input', input, n, cols);
  checkShape('random-features: output', output, n, count);
  checkTile(tile, n);
  const directions = new Float64Array(count * cols);
  for (let i = 0; i < directions.length; i++) directions[i] = normal(seed, Math.floor(i / cols), i % cols);
  const scale = 1 / Math.sqrt(count);
  for (let row = tile.firstRow; row < tile.lastRow; row++) {
    if (isCancelled(tile.control)) return;
    let size = 0;
    for (let c = 0; c < cols; c++) size += (factor * input.data[row * cols + c]) ** 2;
    for (let i = 0; i < count; i++) {
      let product = 0;
      for (let c = 0; c < cols; c++) product += directions[i * cols + c] * input.data[row * cols + c];
      output.data[row * count + i] = scale * Math.exp(factor * product - size / 2);
    }
    addProgress(tile.control, 1);
  }
}
