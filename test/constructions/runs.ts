/** Each construction on variables that x1 takes part in itself or that are tied to it (ties.ts), asked over HTTP in float64 and checked. */
import { expect } from 'vitest';
import type { TestApp } from '../helpers/app.ts';
import type { Rows } from '../helpers/oracle.ts';
import { variableCountOf } from '../helpers/polynomials.ts';
import { random } from '../helpers/random.ts';
import { type Equation, rootsFor, rootTerms, termSize } from './equations.ts';
import { type Asked, ask, type Head, rounding } from './head.ts';
import {
  cosineAmplitude,
  cosineTerms,
  hasMatch,
  randomTokens,
  realValues,
  squarePenalty,
  squareTerms,
  type Tokens,
} from './matching.ts';
import { entryValues, productAt, randomRelations, relationAmplitude, relationTerms } from './relations.ts';
import { type Tie, tiedQueriesOf } from './ties.ts';

export interface Place {
  readonly polynomial: string;
  /** x1, then the variables that take part. */
  readonly variables: readonly number[];
  readonly ties: readonly Tie[];
}

const DELTA = 1e-3;
const MODULUS = 23;

/** Tuples with unequal rows weigh n^(t-1) e^(range - strength) together: with this above the range, δ. */
function ends(n: number, { polynomial }: Place): number {
  return Math.log(n ** (variableCountOf(polynomial) - 1) / DELTA);
}

/** No partial sum of a score is larger: eight copies of everything. */
function reach({ ties }: Place, strength: number, size: number): number {
  return 8 * (ties.length * strength + size);
}

function askIn(app: TestApp, { polynomial }: Place, heads: readonly Head[]): Promise<readonly Rows[]> {
  return ask(app, { polynomial, precision: 'float64' }, heads).then(({ output }) => output);
}

function forOthers({ variables }: Place, values: Rows): Record<number, Rows> {
  return Object.fromEntries(variables.slice(1).map((variable) => [variable, values]));
}

/** The three variables must have all their pairs. */
export async function expectBooleanProduct(app: TestApp, place: Place): Promise<void> {
  const m = 3;
  const [first, left, right] = place.variables as [number, number, number];
  const both = new Set<number>();
  for (const seed of [1, 2]) {
    const relations = randomRelations(random(seed), m);
    const amplitude = relationAmplitude(relations, DELTA);
    // Two equalities and the blank pair reach 4.5; the blank tuple, which is always there, has 2.5.
    const strength = 2 * amplitude + ends(m * m + 1, place);
    const terms = relationTerms(relations, [first, left, right], DELTA);
    const q = tiedQueriesOf(place.polynomial, m * m + 1, terms, place.ties, strength);
    const output = await askIn(app, place, [{ q, v: forOthers(place, entryValues(relations)) }]);
    const allowed = 2 * DELTA + rounding(q.length, reach(place, strength, 16 * amplitude), 'float64');
    for (let l = 0; l < m * m; l++) {
      const truth = productAt(relations, Math.floor(l / m), l % m) ? 1 : 0;
      both.add(truth);
      expect(Math.abs((output[0]?.[l]?.[0] as number) - truth)).toBeLessThanOrEqual(allowed);
    }
  }
  expect(both.size).toBe(2);
}

/** One head; the variables must share a monomial. */
export async function expectMatchByCosines(app: TestApp, place: Place): Promise<void> {
  const k = place.variables.length;
  const make = (tokens: Tokens): Made => {
    const amplitude = cosineAmplitude(tokens, k, DELTA);
    const n = tokens.values.length + 1;
    const strength = 2 * amplitude + ends(n, place);
    const terms = cosineTerms(tokens, place.variables, DELTA);
    const size = reach(place, strength, 2 ** k * amplitude);
    return { queries: [tiedQueriesOf(place.polynomial, n, terms, place.ties, strength)], size };
  };
  await expectMatched(app, place, make);
}

/** k heads; the variables must have all their pairs. */
export async function expectMatchByPairs(app: TestApp, place: Place): Promise<void> {
  const k = place.variables.length;
  const make = (tokens: Tokens): Made => {
    const penalty = squarePenalty(tokens, k, DELTA);
    const strength = 4 * penalty;
    const queries = place.variables.map((_, i) => {
      const terms = squareTerms(tokens, i * MODULUS, place.variables, DELTA);
      return tiedQueriesOf(place.polynomial, tokens.values.length + 1, terms, place.ties, strength);
    });
    return { queries, size: reach(place, strength, k * k * penalty) };
  };
  await expectMatched(app, place, make);
}

interface Made {
  /** q1..qt of every head; their outputs are added. */
  readonly queries: readonly (readonly Rows[])[];
  /** A bound on the partial sums of the scores. */
  readonly size: number;
}

async function expectMatched(app: TestApp, place: Place, make: (tokens: Tokens) => Made): Promise<void> {
  const k = place.variables.length;
  const both = new Set<number>();
  for (const seed of [1, 2]) {
    // Half of the tokens have a match, about.
    const [n, distinct] = k === 2 ? [16, 11] : [8, k === 3 ? 5 : 3];
    const tokens = randomTokens(random(seed), MODULUS, n, distinct);
    const { queries, size } = make(tokens);
    const v = forOthers(place, realValues(tokens));
    const output = await askIn(
      app,
      place,
      queries.map((q) => ({ q, v })),
    );
    const t = variableCountOf(place.polynomial);
    const allowed = queries.length * (2 * DELTA + rounding(t, size, 'float64'));
    expect(allowed).toBeLessThan(0.01);
    for (const first of tokens.values.keys()) {
      const found = output.reduce((sum, rows) => sum + (rows[first]?.[0] as number), 0);
      const truth = hasMatch(tokens, first, k) ? 1 : 0;
      both.add(truth);
      expect(Math.abs(found - truth)).toBeLessThanOrEqual(allowed);
    }
  }
  expect(both.size).toBe(2);
}

/**
 * The root where a row has one, else the mean of all.
 *
 * @returns the number of rows with one root and with several, and d
 */
export async function expectRoots(app: TestApp, asked: Asked, place: Place, equation: Equation, integers: readonly number[]) {
  const terms = rootTerms(equation, integers, DELTA * DELTA);
  const strength = termSize(terms);
  const q = tiedQueriesOf(place.polynomial, integers.length, terms, place.ties, strength);
  const others = equation.unknowns.slice(1);
  // One column for each unknown but the first: its own value on its own variable, ones on the others.
  const valuesOf = (variable: number): Rows => integers.map((y) => others.map((other) => (other === variable ? y : 1)));
  const v = Object.fromEntries(others.map((variable) => [variable, valuesOf(variable)]));
  const { output } = await ask(app, { ...asked, precision: 'float64' }, [{ q, v }]);
  const largest = Math.max(...integers.map(Math.abs));
  // The strength bounds all the terms already, with their copies.
  const size = reach(place, strength, 0) + strength;
  const allowed = 2 * largest * (2 * DELTA * DELTA + rounding(q.length, size, 'float64'));
  expect(allowed).toBeLessThan(0.001);
  const counts = { one: 0, several: 0, d: q[0]?.[0]?.length };
  for (const [row, y] of integers.entries()) {
    const roots = rootsFor(equation, integers, y);
    if (roots.length === 0) continue;
    counts[roots.length === 1 ? 'one' : 'several'] += 1;
    for (const column of others.keys()) {
      const mean = roots.reduce((sum, root) => sum + (root[column] as number), 0) / roots.length;
      expect(Math.abs((output[0]?.[row]?.[column] as number) - mean)).toBeLessThanOrEqual(allowed);
    }
  }
  return counts;
}

/** y_1 + y_2^2 - y_3 - ..., or y_1 - y_2 for two unknowns. */
export function sumEquation(unknowns: readonly number[]): Equation {
  const [first, second, ...rest] = unknowns as [number, number, ...number[]];
  const square = { coefficient: rest.length > 0 ? 1 : -1, powers: { [second]: rest.length > 0 ? 2 : 1 } };
  const minus = rest.map((unknown) => ({ coefficient: -1, powers: { [unknown]: 1 } }));
  return { unknowns, terms: [{ coefficient: 1, powers: { [first]: 1 } }, square, ...minus] };
}
