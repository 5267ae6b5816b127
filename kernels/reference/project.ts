/** X W, tokens to queries or values (api.md §2): blocks of rows against blocks of W, so that a widened block serves many rows. */
import type { Matrix, ProjectStep, TileContext } from '../backend.ts';
import { addProgress, isCancelled } from './control.ts';
import { checkShape, checkTile } from './operands.ts';
import { addValues } from './softmax.ts';

const ROW_BLOCK = 32;
const INNER_BLOCK = 64;

/**
 * Rows [firstRow, lastRow) of `output` [n, cols]. 2 n m cols flops; sums in fp64, in the same order wherever a tile begins.
 *
 * @throws Error when the operands' shapes contradict each other.
 */
export function runProject(step: ProjectStep<Matrix>, tile: TileContext): void {
  const { input, weights, output } = step;
  const { rows: n, cols: m } = input;
  const { cols } = weights;
  checkShape('project: input', input, n, m);
  checkShape('project: weights', weights, m, cols);
  checkShape('project: output', output, n, cols);
  checkTile(tile, n);
  const sums = new Float64Array(Math.min(ROW_BLOCK, n) * cols);
  for (let row = tile.firstRow; row < tile.lastRow; row += ROW_BLOCK) {
    const end = Math.min(row + ROW_BLOCK, tile.lastRow);
    if (!projectRows(step, row, end, sums, tile.control)) return;
    output.data.set(sums.subarray(0, (end - row) * cols), row * cols);
    addProgress(tile.control, end - row);
  }
}

function projectRows(
  step: ProjectStep<Matrix>,
  firstRow: number,
  lastRow: number,
  sums: Float64Array,
  control: Int32Array,
): boolean {
  const { input, weights } = step;
  const m = input.cols;
  const { cols } = weights;
  const block = new Float64Array(Math.min(INNER_BLOCK, m) * cols);
  const factors = new Float64Array(Math.min(INNER_BLOCK, m));
  sums.fill(0);
  if (isCancelled(control)) return false;
  for (let k = 0; k < m; k += INNER_BLOCK) {
    const end = Math.min(k + INNER_BLOCK, m);
    block.set(weights.data.subarray(k * cols, end * cols));
    for (let row = firstRow; row < lastRow; row++) {
      if (isCancelled(control)) return false;
      factors.set(input.data.subarray(row * m + k, row * m + end));
      addValues(factors, block, sums, (row - firstRow) * cols, cols, 0, end - k);
    }
  }
  return true;
}
