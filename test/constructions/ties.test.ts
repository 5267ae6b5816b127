import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../helpers/app.ts';
import type { Rows } from '../helpers/oracle.ts';
import { random } from '../helpers/random.ts';
import { type Equation, rootsFor, rootTerms, termSize } from './equations.ts';
import { ask, type Head, rounding } from './head.ts';
import { cosineAmplitude, cosineTerms, hasMatch, randomTokens, realValues, squarePenalty, squareTerms } from './matching.ts';
import { entryValues, productAt, randomRelations, relationAmplitude, relationTerms } from './relations.ts';
import { type Tie, tiedQueriesOf } from './ties.ts';

/**
 * A cycle or a monomial of degree 3 anywhere in the component of x1 serves x1: variables on the way are tied to it. Unequal rows weigh
 * n^(t-1) e^(range - strength) together, so a strength of the range of the score and ln(n^(t-1)/δ) leaves them δ.
 */

const DELTA = 1e-3;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

interface Tied {
  readonly polynomial: string;
  /** The merged variables that take part, x1 or what is tied to it first. */
  readonly variables: readonly number[];
  readonly ties: readonly Tie[];
}

const ends = (n: number, t: number): number => Math.log(n ** (t - 1) / DELTA);
const variableCount = ({ polynomial }: Tied): number =>
  Math.max(...[...polynomial.matchAll(/x(\d)/g)].map(([, digit]) => Number(digit)));

async function askTied(one: Tied, heads: readonly Head[]): Promise<readonly Rows[]> {
  return (await ask(app, { polynomial: one.polynomial, precision: 'float64' }, heads)).output;
}

/** Cycles of four and five, a triangle behind an edge, a cycle behind an edge, a monomial of degree 3 behind an edge. */
const CYCLES: Tied[] = [
  { polynomial: 'x1*x2 + x2*x3 + x3*x4 + x1*x4', variables: [1, 2, 3], ties: [[1, 4]] },
  {
    polynomial: 'x1*x2 - 2*x2*x3 + x3*x4 + 0.5*x4*x5 + x1*x5',
    variables: [1, 2, 3],
    ties: [
      [1, 5],
      [5, 4],
    ],
  },
  { polynomial: 'x1*x2 + x2*x3 + x3*x4 + x2*x4', variables: [1, 3, 4], ties: [[1, 2]] },
  {
    polynomial: 'x1*x2 + x2*x3 + x3*x4 + x4*x5 + x2*x5',
    variables: [1, 3, 4],
    ties: [
      [1, 2],
      [2, 5],
    ],
  },
];
const WIDE: Tied[] = [
  { polynomial: 'x1*x2 + x2*x3*x4', variables: [1, 3, 4], ties: [[1, 2]] },
  {
    polynomial: 'x1*x2 + x2*x3 - 0.5*x3*x4*x5',
    variables: [1, 4, 5],
    ties: [
      [1, 2],
      [2, 3],
    ],
  },
];

describe('tied variables', () => {
  it.each([...CYCLES, ...WIDE])('Boolean product by $polynomial', async (one) => {
    const [m, n] = [3, 10];
    let hits = 0;
    const seeds = [1, 2, 3, 4];
    for (const seed of seeds) {
      const relations = randomRelations(random(seed), m);
      const amplitude = relationAmplitude(relations, DELTA);
      // Two equalities and the blank pair reach 4.5, the blank tuple that always is there 2.5.
      const strength = 2 * amplitude + ends(n, variableCount(one));
      const triangle = one.variables as [number, number, number];
      const q = tiedQueriesOf(one.polynomial, n, relationTerms(relations, triangle, DELTA), one.ties, strength);
      const values = entryValues(relations);
      const output = await askTied(one, [{ q, v: { [triangle[1]]: values, [triangle[2]]: values } }]);
      const allowed = 2 * DELTA + rounding(q.length, 4 * (strength * one.ties.length + 32 * amplitude), 'float64');
      for (let l = 0; l < m * m; l++) {
        const truth = productAt(relations, Math.floor(l / m), l % m) ? 1 : 0;
        hits += truth;
        expect(Math.abs((output[0]?.[l]?.[0] as number) - truth)).toBeLessThanOrEqual(allowed);
      }
    }
    expect(hits / (seeds.length * m * m)).toBeGreaterThan(0.2);
    expect(hits / (seeds.length * m * m)).toBeLessThan(0.8);
  });

  it.each(CYCLES)('Match3 with three heads by $polynomial', async (one) => {
    for (const seed of [1, 2, 3]) {
      const tokens = randomTokens(random(seed), 23, 10, 5);
      const values = realValues(tokens);
      const penalty = squarePenalty(tokens, 3, DELTA);
      const strength = 4 * penalty;
      const v = Object.fromEntries(one.variables.slice(1).map((variable) => [variable, values]));
      const heads = [0, 1, 2].map((i): Head => {
        const terms = squareTerms(tokens, i * tokens.modulus, one.variables, DELTA);
        return { q: tiedQueriesOf(one.polynomial, values.length, terms, one.ties, strength), v };
      });
      const output = await askTied(one, heads);
      const allowed = 6 * DELTA + 3 * rounding(5, 4 * (one.ties.length + 4) * strength, 'float64');
      expect(allowed).toBeLessThan(0.01);
      const found = tokens.values.map((_, first) => output.reduce((sum, rows) => sum + (rows[first]?.[0] as number), 0));
      const truth = tokens.values.map((_, first) => (hasMatch(tokens, first, 3) ? 1 : 0));
      expect(Math.max(...found.map((x, i) => Math.abs(x - (truth[i] as number))))).toBeLessThanOrEqual(allowed);
      expect(new Set(truth).size).toBe(2);
    }
  });

  it.each<Tied>([
    ...WIDE,
    { polynomial: 'x1*x2 + x2*x3*x4*x5', variables: [1, 3, 4, 5], ties: [[1, 2]] },
    { polynomial: 'x1*x2*x3 - 2*x1*x3 + x3*x4*x5*x6', variables: [1, 4, 5, 6], ties: [[1, 3]] },
  ])('Match-k with one head by $polynomial', async (one) => {
    const k = one.variables.length;
    const tokens = randomTokens(random(2), 23, 9, k === 3 ? 5 : 3);
    const values = realValues(tokens);
    const amplitude = cosineAmplitude(tokens, k, DELTA);
    const strength = 2 * amplitude + ends(values.length, variableCount(one));
    const q = tiedQueriesOf(one.polynomial, values.length, cosineTerms(tokens, one.variables, DELTA), one.ties, strength);
    const v = Object.fromEntries(one.variables.slice(1).map((variable) => [variable, values]));
    const output = await askTied(one, [{ q, v }]);
    const allowed = 2 * DELTA + rounding(q.length, 4 * one.ties.length * strength + 8 * amplitude, 'float64');
    const truth = tokens.values.map((_, first) => (hasMatch(tokens, first, k) ? 1 : 0));
    expect(new Set(truth).size).toBe(2);
    for (const [first, match] of truth.entries()) {
      expect(Math.abs((output[0]?.[first]?.[0] as number) - match)).toBeLessThanOrEqual(allowed);
    }
  });

  it.each([...CYCLES, ...WIDE])('roots of y1 + y2^2 - y3 by $polynomial', async (one) => {
    const integers = [-4, -3, -2, -1, 0, 1, 2, 3, 4];
    const [a, b, c] = one.variables as [number, number, number];
    const equation: Equation = {
      unknowns: [a, b, c],
      terms: [
        { coefficient: 1, powers: { [a]: 1 } },
        { coefficient: 1, powers: { [b]: 2 } },
        { coefficient: -1, powers: { [c]: 1 } },
      ],
    };
    const terms = rootTerms(equation, integers, DELTA);
    const strength = termSize(terms);
    const q = tiedQueriesOf(one.polynomial, integers.length, terms, one.ties, strength);
    const output = await askTied(one, [{ q, v: { [b]: integers.map((y) => [y, 1]), [c]: integers.map((y) => [1, y]) } }]);
    const allowed = 8 * (2 * DELTA + rounding(q.length, 4 * (one.ties.length + 1) * strength, 'float64'));
    for (const [row, y] of integers.entries()) {
      const roots = rootsFor(equation, integers, y);
      for (const column of [0, 1]) {
        const mean = roots.reduce((sum, root) => sum + (root[column] as number), 0) / roots.length;
        expect(Math.abs((output[0]?.[row]?.[column] as number) - mean)).toBeLessThanOrEqual(allowed);
      }
    }
  });
});
