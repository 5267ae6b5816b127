import { fail } from '../errors.ts';
import { MAX_VARIABLES } from '../polynomial/polynomial.ts';
import { largestOf } from '../tensor/largest.ts';
import type { Operand, Problem } from './request.ts';

/** A quarter of the largest finite value, so that the rounding of the bound itself does not count. */
const LIMITS = { float32: 2 ** 126, float64: 2 ** 1022 } as const;

/** Names that were not just made have their hash already. */
const QUERIES = Array.from({ length: MAX_VARIABLES }, (_, index) => `q${index + 1}`);

/**
 * Refuses scores that could overflow the compute precision. A kernel would meet infinity minus infinity there, and what it would answer is
 * not the mechanism's: finite inputs must never lead to a silently wrong output. The bound covers every partial product of a score
 * (math.md §6.4 multiplies the fixed rows first), so it is far above any score that softmax can tell apart.
 * @throws ServiceError `non_finite_output`
 */
export function checkScoreRange(problem: Problem, operands: ReadonlyMap<string, Operand>): void {
  const { polynomial, d, scale, precision } = problem;
  const largest = (name: string): number => {
    const operand = operands.get(name);
    return operand === undefined ? 0 : largestOf(operand.tensor);
  };
  const tokens = operands.has('x') ? problem.projected.m * largest('x') : 0;
  const projected = (j: number): number => (tokens === 0 ? 0 : tokens * largest(`wq${j + 1}`));
  const queries = problem.rows.map((_, j) => Math.max(1, largest(QUERIES[j] as string), projected(j)));
  let scores = 0;
  for (const { coefficient, variables } of polynomial.monomials) {
    let product = Math.max(1, Math.abs(coefficient * scale)) * d;
    for (const j of variables) product *= queries[j - 1] as number;
    scores += product;
  }
  for (let j = 0; j < problem.hasBias.length; j++) if (problem.hasBias[j]) scores += largest(`b${j + 1}`);
  if (scores <= LIMITS[precision]) return;
  const advice = precision === 'float32' ? 'ask for precision float64, or use smaller entries' : 'use smaller entries';
  const detail = `Scores of entries this large can overflow ${precision}; ${advice}, scale or biases`;
  fail('non_finite_output', detail, { errors: [{ pointer: '/scale', detail }] });
}
