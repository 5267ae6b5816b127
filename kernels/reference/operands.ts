/** Checks of operands at the entry of a step. What they find is a mistake of the planner, not of the user: plain Errors. */
import type { ConditionedStep, DefinitionStep, EliminateStep, Matrix, TileContext } from '../backend.ts';

/** Throws unless `matrix` is [rows, cols] and its data has just that length. */
export function checkShape(name: string, matrix: Matrix | null, rows: number, cols: number): void {
  if (matrix === null) return;
  if (matrix.rows !== rows || matrix.cols !== cols) {
    throw new Error(`${name} is [${matrix.rows}, ${matrix.cols}] but should be [${rows}, ${cols}]`);
  }
  if (matrix.data.length !== rows * cols) {
    throw new Error(`${name} is [${rows}, ${cols}] but holds ${matrix.data.length} elements`);
  }
}

export function checkTile(tile: TileContext, rows: number): void {
  if (!(tile.firstRow >= 0 && tile.firstRow <= tile.lastRow && tile.lastRow <= rows)) {
    throw new Error(`the tile [${tile.firstRow}, ${tile.lastRow}) is outside the ${rows} rows of its step`);
  }
}

/** The operands that steps on whole polynomials share. `outputRows` is the number of rows of their results. */
export function checkPolynomial(
  step: ConditionedStep<Matrix> | EliminateStep<Matrix> | DefinitionStep<Matrix>,
  outputRows: number,
): void {
  const { variables, monomials, masks } = step;
  const t = variables.length;
  const first = variables[0];
  if (first === undefined) throw new Error(`${step.kind}: no variables`);
  const d = first.queries.cols;
  const dv = step.message?.cols ?? variables.find((operands) => operands.values !== null)?.values?.cols ?? 0;
  for (const [index, { queries, values, bias }] of variables.entries()) {
    checkShape(`${step.kind}: queries of x${index + 1}`, queries, queries.rows, d);
    checkShape(`${step.kind}: values of x${index + 1}`, values, queries.rows, dv);
    checkShape(`${step.kind}: bias of x${index + 1}`, bias, queries.rows, 1);
  }
  if (first.values !== null) throw new Error(`${step.kind}: x1 has values`);
  checkShape(`${step.kind}: message`, step.message, outputRows, dv);
  checkShape(`${step.kind}: logSumExp`, step.logSumExp, outputRows, 1);

  const known = (variable: number) => Number.isInteger(variable) && variable >= 1 && variable <= t;
  for (const monomial of monomials) {
    if (!monomial.variables.every(known) || new Set(monomial.variables).size !== monomial.variables.length) {
      throw new Error(`${step.kind}: monomial of variables ${monomial.variables.join(', ')}, of which there are ${t}`);
    }
  }
  for (const { row, column } of masks) {
    if (!known(row) || !known(column) || row === column)
      throw new Error(`${step.kind}: mask between variables ${row} and ${column}`);
  }
}

/** The operand's numbers in fp64: a view where they are that already, so never to be written. */
export function widen(matrix: Matrix): Float64Array {
  return matrix.data instanceof Float64Array ? matrix.data : Float64Array.from(matrix.data);
}
