import type { AttentionRequest } from '../contract/request.ts';
import type { ApproximateContext } from '../plan/approximate/context.ts';

/** Rows, and keys for each, that are looked at: some tenths of a millisecond a block. */
const ROWS = 8;
const KEYS = 256;

/**
 * For every pair block, how far the scores of some rows of the first slice lie below the row's largest among some keys: what tells keys that
 * matter from keys that do not, roughly, before anything is computed. Empty for blocks of more variables.
 */
export function scoreGaps({ operands, problem }: AttentionRequest, { tree }: ApproximateContext): Float64Array[] {
  const rowsOf = (variable: number) => {
    const operand = operands.get(`q${variable}`);
    const bias = operands.get(`b${variable}`);
    return { count: problem.rows[variable - 1] as number, data: operand?.tensor.data as Float32Array, bias: bias?.tensor.data };
  };
  return tree.blocks.map(({ root, variables, monomials }) => {
    const [monomial, ...more] = monomials;
    if (variables.length !== 2 || monomial === undefined || more.length > 0) return new Float64Array(0);
    const [queries, keys] = [rowsOf(root), rowsOf(variables.find((variable) => variable !== root) as number)];
    const factor = problem.scale * monomial.coefficient;
    const [rowIndices, keyIndices] = [spread(queries.count, ROWS), spread(keys.count, KEYS)];
    const gaps = new Float64Array(rowIndices.length * keyIndices.length);
    rowIndices.forEach((row, i) => {
      const scores = keyIndices.map(
        (key) =>
          factor * product(queries.data, row * problem.d, keys.data, key * problem.d, problem.d) + Number(keys.bias?.[key] ?? 0),
      );
      const most = Math.max(...scores);
      scores.forEach((score, k) => {
        gaps[i * keyIndices.length + k] = most > score ? most - score : 0;
      });
    });
    return gaps;
  });
}

/** At most `wanted` of 0 .. count - 1, evenly apart. */
function spread(count: number, wanted: number): number[] {
  const some = Math.min(count, wanted);
  return Array.from({ length: some }, (_, i) => Math.floor(((2 * i + 1) * count) / (2 * some)));
}

function product(a: Float32Array, i: number, b: Float32Array, j: number, d: number): number {
  let sum = 0;
  for (let c = 0; c < d; c++) sum += (a[i + c] as number) * (b[j + c] as number);
  return sum;
}
