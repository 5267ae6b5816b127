import fc from 'fast-check';
import type { HttpCase } from '../helpers/case.ts';
import { oracle, type Rows } from '../helpers/oracle.ts';
import { random, randomRows } from '../helpers/random.ts';

/** Random mechanisms and random inputs for them, small enough that every tuple can be visited. */

export interface Monomial {
  readonly coefficient: number;
  readonly variables: readonly number[];
}

/** Monomials as the request's text. */
export function textOf(monomials: readonly Monomial[]): string {
  return monomials
    .map(({ coefficient, variables }, i) => {
      const sign = coefficient < 0 ? '- ' : i === 0 ? '' : '+ ';
      const size = Math.abs(coefficient) === 1 ? '' : `${Math.abs(coefficient)}*`;
      return `${sign}${size}${variables.map((variable) => `x${variable}`).join('*')}`;
    })
    .join(' ');
}

export function variablesIn(monomials: readonly Monomial[]): number[] {
  return [...new Set(monomials.flatMap(({ variables }) => variables))].sort((a, b) => a - b);
}

/** The monomials with their variables renamed 1, 2, ... in ascending order; all other variables are gone. */
export function renumber(monomials: readonly Monomial[]): Monomial[] {
  const names = variablesIn(monomials);
  return monomials.map(({ coefficient, variables }) => ({
    coefficient,
    variables: variables.map((variable) => names.indexOf(variable) + 1),
  }));
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}

const ones = (sets: number[][]): Monomial[] =>
  sets.map((variables) => ({ coefficient: 1, variables: variables.toSorted((a, b) => a - b) }));

/** Trees over x1..xm and, where variables are left, a second tree that does not touch x1. */
const forests = fc
  .record({ t: fc.integer({ min: 2, max: 5 }), parents: fc.array(fc.nat(), { minLength: 5, maxLength: 5 }), split: fc.nat() })
  .map(({ t, parents, split }) => {
    const first = t >= 4 && split % 2 === 0 ? t - 2 : t;
    const edges = upTo(t).flatMap((j) => {
      const start = j > first ? first + 1 : 1;
      return j === start ? [] : [[start + ((parents[j - 1] as number) % (j - start)), j]];
    });
    return ones(edges);
  });

const cycles = fc.shuffledSubarray([2, 3, 4, 5], { minLength: 2 }).map((others) => {
  const names = others.toSorted((a, b) => a - b);
  const ring = [1, ...others.map((variable) => names.indexOf(variable) + 2)];
  return ones(ring.map((variable, i) => [variable, ring[(i + 1) % ring.length] as number]));
});

const tensors = fc.constantFrom(3, 4).map((t) => ones([upTo(t)]));

/** Anything on up to four variables, coefficients too. */
const mixed = fc
  .uniqueArray(
    fc.record({
      coefficient: fc.constantFrom(1, 1, 1, -0.5, 2, -1),
      variables: fc.subarray([1, 2, 3, 4], { minLength: 2 }),
    }),
    { minLength: 1, maxLength: 5, selector: ({ variables }) => String(variables) },
  )
  .filter((monomials) => variablesIn(monomials).includes(1))
  .map(renumber);

export const polynomials: fc.Arbitrary<Monomial[]> = fc.oneof(forests, cycles, tensors, mixed);
export const plainPolynomials: fc.Arbitrary<Monomial[]> = fc
  .oneof(forests, cycles, tensors, mixed)
  .map((monomials) => monomials.map(({ variables }) => ({ coefficient: 1, variables })));

/** What, beside the polynomial, makes a case. */
export interface Draw {
  readonly seed: number;
  readonly peak: number;
  readonly sizes: readonly number[];
  readonly d: number;
  readonly dv: number;
}

export const draws: fc.Arbitrary<Draw> = fc.record({
  seed: fc.integer({ min: 1, max: 1e6 }),
  peak: fc.constantFrom(0.5, 5, 50, 200),
  sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 5, maxLength: 5 }),
  d: fc.integer({ min: 1, max: 4 }),
  dv: fc.integer({ min: 1, max: 3 }),
});

/** A case with entries in ±1, scaled so that its largest score is `peak`. */
export function drawCase(monomials: readonly Monomial[], { seed, peak, sizes, d, dv }: Draw): HttpCase {
  const next = random(seed);
  const t = Math.max(...variablesIn(monomials));
  const rows = sizes.slice(0, t);
  const q = rows.map((n) => randomRows(next, n, d, 1));
  const v = rows.map((n, j) => (j === 0 ? null : randomRows(next, n, dv, 1)));
  const { maxScore } = oracle({ monomials, q, v, scale: 1 });
  return { polynomial: textOf(monomials), monomials, q, v, scale: peak / Math.max(maxScore, 1e-3) };
}

/** The mean of the rows, column by column. */
export function meanRow(rows: Rows): number[] {
  return (rows[0] as number[]).map((_, c) => rows.reduce((sum, row) => sum + (row[c] as number), 0) / rows.length);
}

/**
 * Largest sum of the sizes of a score's terms: what rounding errors of the score are relative to. At least max |score|, and larger where
 * terms cancel (math.md §3.1, rounding corollary: every edge brings its own error).
 */
export function magnitudeOf(one: HttpCase): number {
  const monomials = one.monomials.map(({ coefficient, variables }) => ({ coefficient: Math.abs(coefficient), variables }));
  const q = one.q.map((rows) => rows.map((row) => row.map(Math.abs)));
  return oracle({ monomials, q, v: one.v, scale: Math.abs(one.scale) }).maxScore;
}
