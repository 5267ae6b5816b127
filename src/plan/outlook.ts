import type { Problem } from '../contract/request.ts';
import { polynomialFacts } from '../polynomial/facts.ts';
import type { Polynomial } from '../polynomial/polynomial.ts';
import { type Forecast, forecast } from './approximate/forecast.ts';
import type { Machine, Plan } from './plan.ts';

/**
 * What the approximate modes would need for a bound on the entries, by the plain Taylor certificate (math.md §3.1, §3.3-3.5): forests of
 * pairs by features of each edge (§3.5 a), everything else by features of the whole of h (§3.5 b, d).
 */

const MAX_DEGREE = 64;

export interface DegreeOutlook {
  readonly tolerance: number;
  readonly degree?: number;
  readonly features?: 'per-edge' | 'whole';
  readonly rank?: number;
  readonly breakEvenN?: number;
  readonly speedUp?: number;
}

/** |score| <= scale · d · Σ |c_m| B^(degree of m), for entries of at most B in size. */
export function scoreBound(polynomial: Polynomial, scale: number, d: number, entryBound: number): number {
  const sum = polynomial.monomials.reduce(
    (total, { coefficient, variables }) => total + Math.abs(coefficient) * entryBound ** variables.length,
    0,
  );
  return Math.abs(scale) * d * sum;
}

/**
 * The smallest even degree whose certificate meets the tolerance on values in [-1, 1] for whatever entries within the bound, and its rank; and what mode
 * 'approximate' may be expected to gain on entries uniform within it, which take lower degrees.
 */
export function degreeFor(tolerance: number, entryBound: number, problem: Problem, plan: Plan, machine: Machine): DegreeOutlook {
  const { polynomial, scale, d } = problem;
  const perEdge = polynomialFacts(polynomial).isForest;
  const { variableCount: t, monomials } = polynomial;
  const factors = perEdge ? monomials.map((monomial) => ({ variableCount: t, monomials: [monomial] })) : [polynomial];
  const degree = smallestDegree(
    tolerance,
    factors.map((factor) => scoreBound(factor, scale, d, entryBound)),
  );
  if (degree === null) return { tolerance };
  const rank = binomial((perEdge ? 1 : monomials.length) * d + degree, degree);
  // Products of a wide d at a high degree are more than any double holds, and then out of reach.
  if (!Number.isFinite(rank)) return { tolerance };
  const need = { tolerance, degree, features: perEdge ? 'per-edge' : 'whole', rank } as const;
  const expected = forecast(tolerance, entryBound, problem, plan, machine);
  return expected === null ? need : { ...need, ...gain(expected, problem.rows[0] as number, plan) };
}

/** Exact time grows like n^exponent, and the approximation's like n, from what both are modelled at here. */
function gain(
  { ms, growingMs }: Forecast,
  n: number,
  { estimatedMs, exponent }: Plan,
): Pick<DegreeOutlook, 'breakEvenN' | 'speedUp'> {
  const ratioAt = (rows: number): number => (estimatedMs * (rows / n) ** exponent) / (ms - growingMs + growingMs * (rows / n));
  let [low, high] = [1, 2 ** 40];
  for (let step = 0; step < 60 && high - low > 0.5; step++) {
    const middle = Math.sqrt(low * high);
    if (ratioAt(middle) > 1) high = middle;
    else low = middle;
  }
  return { breakEvenN: Math.ceil(high), speedUp: ratioAt(n) };
}

/** ε_i = e^M M^(g+1)/(g+1)! for each factor's M, λ = Σ -ln(1 - ε_i), error <= R tanh(λ/2) with R = 2. Logarithms, since e^M overflows early. */
function smallestDegree(tolerance: number, bounds: readonly number[]): number | null {
  let logFactorial = 0;
  for (let g = 1; g <= MAX_DEGREE + 1; g++) {
    logFactorial += Math.log(g);
    if (g % 2 === 0) continue; // g is degree + 1
    const epsilons = bounds.map((bound) => (bound === 0 ? 0 : Math.exp(bound + g * Math.log(bound) - logFactorial)));
    const lambda = epsilons.reduce((sum, epsilon) => sum - Math.log1p(-epsilon), 0);
    if (epsilons.every((epsilon) => epsilon < 1) && 2 * Math.tanh(lambda / 2) <= tolerance) return g - 1;
  }
  return null;
}

/** C(n, k) in floating point: a rank is only compared and shown. */
function binomial(n: number, k: number): number {
  let product = 1;
  for (let i = 1; i <= k; i++) product *= (n - k + i) / i;
  return Math.round(product);
}
