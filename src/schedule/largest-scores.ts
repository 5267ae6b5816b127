import type { AttentionRequest, Operand } from '../contract/request.ts';
import type { ApproximateContext } from '../plan/approximate/context.ts';
import type { ScoreBound } from '../plan/approximate/score-bound.ts';
import type { SurveyedSlice } from '../plan/approximate/survey.ts';
import { inputSlice } from './bind.ts';

/** Products that are worth it: less than a millisecond. */
const MOST_PRODUCTS = 2 ** 17;
/** Of fp64 sums, against the sizes of their terms: far more than that. */
const SLACK = 1e-11;
/** Coefficients of a polynomial for scores so much smaller than their terms would be beyond fp64. */
const CANCELLATION = 16;

/**
 * The largest |score| over all tuples of every block, where there are so few that they can all be looked at, and the largest sum of its terms' sizes: of
 * the rows as `bounds` says, less their stored means or as they are. Bounds from sizes of rows alone may be ten times as large.
 */
export function largestScores(
  { operands, problem, lengths }: AttentionRequest,
  { survey, tree }: ApproximateContext,
  bounds: readonly ScoreBound[],
): (ScoreBound | null)[] {
  const { d, rows, batch, heads, scale } = problem;
  if (lengths !== null) return bounds.map(() => null);
  return tree.blocks.map(({ variables, monomials }, b) => {
    const { centred } = bounds[b] as ScoreBound;
    const tuples = variables.reduce((product, variable) => product * (rows[variable - 1] as number), 1);
    if (!(tuples * monomials.length * d * batch * heads <= MOST_PRODUCTS)) return null;
    let [bound, absolute] = [0, 0];
    const slices = survey.get('q1')?.length ?? 0;
    for (let slice = 0; slice < slices; slice++) {
      const vectors = new Map(variables.map((variable) => [variable, rowsOf(variable, slice, centred)]));
      const counts = variables.map((variable) => rows[variable - 1] as number);
      eachTuple(counts, (tuple) => {
        const vectorOf = (variable: number) =>
          (vectors.get(variable) as Float64Array[])[tuple[variables.indexOf(variable)] as number] as Float64Array;
        const { sum, size } = termsOf(
          monomials.map((one) => ({ factor: scale * one.coefficient, vectors: one.variables.map(vectorOf) })),
          d,
        );
        bound = Math.max(bound, Math.abs(sum) + SLACK * size);
        absolute = Math.max(absolute, size * (1 + SLACK));
      });
    }
    return Number.isFinite(absolute) ? { bound: Math.max(bound, absolute / CANCELLATION), absolute, centred } : null;
  });

  function rowsOf(variable: number, slice: number, centred: boolean): Float64Array[] {
    const operand = operands.get(`q${variable}`) as Operand;
    const { mean } = (survey.get(`q${variable}`) as readonly SurveyedSlice[])[slice] as SurveyedSlice;
    const data = operand.tensor.data as Float32Array;
    const n = rows[variable - 1] as number;
    const first = inputSlice(operand, slice, problem) * n * d;
    return Array.from({ length: n }, (_, row) =>
      Float64Array.from({ length: d }, (_, c) => (data[first + row * d + c] as number) - (centred ? (mean[c] as number) : 0)),
    );
  }
}

/** The sum of all terms of a score, and that of their sizes. */
function termsOf(
  monomials: readonly { factor: number; vectors: readonly Float64Array[] }[],
  d: number,
): { sum: number; size: number } {
  let [sum, size] = [0, 0];
  for (const { factor, vectors } of monomials)
    for (let c = 0; c < d; c++) {
      const product = vectors.reduce((all, vector) => all * (vector[c] as number), factor);
      sum += product;
      size += Math.abs(product);
    }
  return { sum, size };
}

function eachTuple(counts: readonly number[], visit: (tuple: readonly number[]) => void): void {
  const tuple = counts.map(() => 0);
  if (counts.some((count) => count === 0)) return;
  for (;;) {
    visit(tuple);
    let at = counts.length - 1;
    while (at >= 0 && (tuple[at] as number) + 1 === counts[at]) tuple[at--] = 0;
    if (at < 0) return;
    tuple[at] = (tuple[at] as number) + 1;
  }
}
