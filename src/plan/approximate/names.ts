/** Names of the operands that a survey leaves for the plan that follows it. */

/** The mean row of q_j, [1, d]. */
export function meanName(variable: number): string {
  return `mean q${variable}`;
}

/** The basis of a pair block, [d, k]. */
export function basisName(block: number): string {
  return `basis ${block}`;
}

/** What compression leaves for variable j of a block: rows [n, k], their unary rest [n, 1], the norms of what was dropped [parts, 1]. */
export function compressedNames(variable: number, block: number): { rows: string; unary: string; residual: string } {
  const rows = `q${variable}@${block}`;
  return { rows, unary: `unary ${rows}`, residual: `residual ${rows}` };
}
