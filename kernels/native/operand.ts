/** Operands of the addon: the elements alone, once the shape is what the step says. */
import type { FloatArray, Matrix } from '../backend.ts';

/** @throws Error when the matrix has another shape */
export function take(name: string, matrix: Matrix | null, rows: number, cols: number): FloatArray | null {
  if (matrix === null) return null;
  if (matrix.rows !== rows || matrix.cols !== cols || matrix.data.length !== rows * cols) {
    const actual = `[${matrix.rows}, ${matrix.cols}] of ${matrix.data.length} elements`;
    throw new Error(`native: ${name} is ${actual}, not [${rows}, ${cols}]`);
  }
  return matrix.data;
}
