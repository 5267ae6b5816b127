/** The attention polynomial h (math.md §1.1) as data: its types, its normal form and its canonical text. */

import { fail } from '../errors.ts';

/** Every search over subsets and orders in this folder is brute force over at most 2^8 sets; this bound keeps them there. */
export const MAX_VARIABLES = 8;

/** One monomial; structurally the `Monomial` that the kernels read. */
export interface Monomial {
  /** Finite and not zero. */
  readonly coefficient: number;
  /** At least two distinct variables, ascending, from 1. */
  readonly variables: readonly number[];
}

/** A multilinear polynomial in normal form: monomials by degree, then lexicographically, no set of variables twice. */
export interface Polynomial {
  /** t. Variables that occur in no monomial are allowed here (math.md §1.2), though the text form cannot write them. */
  readonly variableCount: number;
  readonly monomials: readonly Monomial[];
}

/** Two variables that a pair mask joins; it counts as an edge of the graph (math.md §7). */
export type MaskEdge = readonly [number, number];

/** Raises 422 `invalid_request` that points at the polynomial. */
export function refusePolynomial(detail: string): never {
  return fail('invalid_request', detail, { errors: [{ pointer: '/polynomial', detail }] });
}

/** Key of a set of variables, the same for every order in which they are written. */
export function monomialKey(variables: readonly number[]): string {
  return sortedVariables(variables).join(',');
}

/** Order of the normal form: degree first, then the variables from the left. */
export function compareMonomials(a: Monomial, b: Monomial): number {
  if (a.variables.length !== b.variables.length) return a.variables.length - b.variables.length;
  for (const [i, variable] of a.variables.entries()) {
    const difference = variable - (b.variables[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Builds a polynomial in normal form from monomials in any order.
 *
 * Variables without a monomial are fine here, x1 included: math.md §1.2 says what the formula gives for them.
 *
 * @throws 422 `invalid_request` for a variable outside 1..variableCount, a repeated variable, a degree below 2, a coefficient that is
 * zero or not finite, a duplicate monomial, or `variableCount` outside 1..8.
 */
export function createPolynomial(variableCount: number, monomials: readonly Monomial[]): Polynomial {
  if (!Number.isInteger(variableCount) || variableCount < 1 || variableCount > MAX_VARIABLES) {
    refusePolynomial(`the number of variables must be an integer from 1 to ${MAX_VARIABLES}, not ${variableCount}`);
  }
  const seen = new Set<string>();
  const normal = monomials.map((monomial) => {
    checkMonomial(monomial, variableCount);
    const key = monomialKey(monomial.variables);
    if (seen.has(key)) refusePolynomial(`the monomial ${formatVariables(monomial.variables)} occurs twice`);
    seen.add(key);
    return { coefficient: monomial.coefficient, variables: sortedVariables(monomial.variables) };
  });
  return { variableCount, monomials: normal.sort(compareMonomials) };
}

function checkMonomial({ coefficient, variables }: Monomial, variableCount: number): void {
  const text = formatVariables(variables);
  if (variables.length < 2) refusePolynomial(`the monomial "${text}" has degree ${variables.length}; at least 2 is needed`);
  if (new Set(variables).size !== variables.length) refusePolynomial(`the monomial ${text} repeats a variable`);
  if (variables.some((variable) => !Number.isInteger(variable) || variable < 1 || variable > variableCount)) {
    refusePolynomial(`the monomial ${text} has a variable outside x1..x${variableCount}`);
  }
  if (!Number.isFinite(coefficient) || coefficient === 0) {
    refusePolynomial(`the coefficient of ${text} is ${coefficient}; it must be finite and not zero`);
  }
}

/** The monomial's variables as text, `x1*x2`. */
export function formatVariables(variables: readonly number[]): string {
  return variables.map((variable) => `x${variable}`).join('*');
}

/**
 * The canonical text, `x1*x2 - 0.5*x2*x3`; coefficients print with the shortest digits that read back to the same number.
 * `parsePolynomial` gives the same polynomial back whenever it has x1 and no gaps; the empty sum prints as `0`.
 */
export function formatPolynomial(polynomial: Polynomial): string {
  if (polynomial.monomials.length === 0) return '0';
  return polynomial.monomials
    .map(({ coefficient, variables }, i) => {
      const negative = coefficient < 0;
      const sign = i === 0 ? (negative ? '-' : '') : negative ? ' - ' : ' + ';
      const size = Math.abs(coefficient);
      return `${sign}${size === 1 ? '' : `${size}*`}${formatVariables(variables)}`;
    })
    .join('');
}

/** k, the largest degree of a monomial; 0 for the empty sum. */
export function degreeOf(polynomial: Polynomial): number {
  return Math.max(0, ...polynomial.monomials.map((monomial) => monomial.variables.length));
}

function sortedVariables(variables: readonly number[]): number[] {
  return [...variables].sort((a, b) => a - b);
}
