import type { AttentionRequest, Operand } from '../contract/request.ts';
import type { Glance, GlancedBlock } from '../plan/approximate/glance.ts';

/** Rows, and keys for each, that are looked at: some tenths of a millisecond a block. */
const ROWS = 8;
const KEYS = 64;

/**
 * Scores of some rows and keys of the first slice for every pair block, and the range of some values: what tells large scores from small ones and
 * keys that matter from those that do not, roughly, before anything is computed. No scores for blocks of more variables.
 */
export function glanceAt({ operands, problem }: AttentionRequest, blocks: readonly GlancedBlock[]): Glance {
  const scores = blocks.map(({ root, variables, monomials }) => {
    const [monomial, ...more] = monomials;
    const other = variables.find((variable) => variable !== root);
    const [queries, keys] = [operands.get(`q${root}`), operands.get(`q${other}`)];
    const pair = variables.length === 2 && more.length === 0 && monomial !== undefined;
    if (!pair || queries === undefined || keys === undefined) return [];
    return scoresOf(queries, keys, operands.get(`b${other}`), problem.scale * monomial.coefficient);
  });
  const ranges = problem.hasValues.flatMap((has, j) => (has ? [rangeOf(operands.get(`v${j + 1}`))] : []));
  return { scores, range: ranges.reduce((product, range) => product * range, 1) };
}

function scoresOf(queries: Operand, keys: Operand, bias: Operand | undefined, factor: number): Float64Array[] {
  const columns = spread(keys.rows, KEYS).map((key) => ({ row: rowOf(keys, key), log: Number(bias?.tensor.data[key] ?? 0) }));
  return spread(queries.rows, ROWS).map((at) => {
    const query = rowOf(queries, at);
    const scores = new Float64Array(columns.length);
    columns.forEach(({ row, log }, k) => {
      scores[k] = factor * product(query, row) + log;
    });
    return scores;
  });
}

function product(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let c = 0; c < a.length; c++) sum += (a[c] as number) * (b[c] as number);
  return sum;
}

/** A copy: shared memory is slow to read entry by entry. */
function rowOf({ tensor, cols }: Operand, row: number): Float64Array {
  return new Float64Array((tensor.data as Float32Array).subarray(row * cols, (row + 1) * cols));
}

/** Largest less smallest of some entries. */
function rangeOf(values: Operand | undefined): number {
  if (values === undefined) return 0;
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const at of spread(values.rows, ROWS)) {
    for (const value of rowOf(values, at)) {
      if (value < least) least = value;
      if (value > most) most = value;
    }
  }
  return most - least;
}

/** At most `wanted` of 0 .. count - 1, evenly apart. */
function spread(count: number, wanted: number): number[] {
  const some = Math.min(count, wanted);
  return Array.from({ length: some }, (_, i) => Math.floor(((2 * i + 1) * count) / (2 * some)));
}
