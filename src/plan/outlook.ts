import type { Problem } from '../contract/request.ts';
import type { Polynomial } from '../polynomial/polynomial.ts';
import type { Plan } from './plan.ts';

/** What the approximate modes would need for a bound on the entries, by the plain Taylor certificate (math.md §3.1, §3.3-3.5). */

const MAX_DEGREE = 64;

export interface DegreeOutlook {
  readonly tolerance: number;
  readonly degree?: number;
  readonly rank?: number;
  readonly breakEvenN?: number;
}

/** |score| <= scale · d · Σ |c_m| B^(degree of m), for entries of at most B in size. */
export function scoreBound(polynomial: Polynomial, scale: number, d: number, entryBound: number): number {
  const sum = polynomial.monomials.reduce(
    (total, { coefficient, variables }) => total + Math.abs(coefficient) * entryBound ** variables.length,
    0,
  );
  return Math.abs(scale) * d * sum;
}

/** The smallest even degree whose certificate meets the tolerance on values in [-1, 1], its rank, and the n from which it pays. */
export function degreeFor(tolerance: number, bound: number, problem: Problem, plan: Plan): DegreeOutlook {
  const degree = smallestDegree(tolerance, bound);
  if (degree === null) return { tolerance };
  const { polynomial, d, dv } = problem;
  const rank = binomial(polynomial.monomials.length * d + degree, degree);
  const t = polynomial.variableCount;
  const n = problem.rows[0] as number;
  // Exact time grows like n^exponent from its modelled flops at this n; features cost 2 t n r (dv + 1) (math.md §3.5 b, d).
  const exactAtOne = plan.work.flops / (problem.batch * problem.heads) / n ** plan.exponent;
  const breakEvenN = ((2 * t * rank * (dv + 1)) / exactAtOne) ** (1 / (plan.exponent - 1));
  return { tolerance, degree, rank, breakEvenN: Math.ceil(breakEvenN) };
}

/** ε = e^M M^(g+1)/(g+1)!, λ = -ln(1 - ε), error <= R tanh(λ/2) with R = 2. Logarithms, since e^M overflows early. */
function smallestDegree(tolerance: number, bound: number): number | null {
  let logFactorial = 0;
  for (let g = 1; g <= MAX_DEGREE + 1; g++) {
    logFactorial += Math.log(g);
    if (g % 2 === 0) continue; // g is degree + 1
    const epsilon = bound === 0 ? 0 : Math.exp(bound + g * Math.log(bound) - logFactorial);
    if (epsilon < 1 && 2 * Math.tanh(-Math.log1p(-epsilon) / 2) <= tolerance) return g - 1;
  }
  return null;
}

/** C(n, k) in floating point: a rank is only compared and shown. */
function binomial(n: number, k: number): number {
  let product = 1;
  for (let i = 1; i <= k; i++) product *= (n - k + i) / i;
  return Math.round(product);
}
