import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capabilities, type Task } from '../../src/polynomial/capabilities.ts';
import { pairGraph, primalGraph } from '../../src/polynomial/graph.ts';
import { parsePolynomial } from '../../src/polynomial/parse.ts';
import type { Polynomial } from '../../src/polynomial/polynomial.ts';
import { largestClique, nearestCycle, type Tied, widestMonomial } from '../../src/polynomial/ties.ts';
import { walksFromRoot } from '../../src/polynomial/walks.ts';
import { startTestApp, type TestApp } from '../helpers/app.ts';
import { POLYNOMIALS } from '../helpers/polynomials.ts';
import { compositionOf, expectComposed, expectTwoLookups } from './lookup-runs.ts';
import { expectBooleanProduct, expectMatchByCosines, expectMatchByPairs, expectRoots, type Place, sumEquation } from './runs.ts';

/** Whatever the service says that a polynomial can do, it does: every 'yes' of every polynomial here is run by its construction. */

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const CLAIMED: readonly string[] = [
  ...POLYNOMIALS,
  'x1*x2 + x2*x3 + x3*x4 + x4*x5 + x1*x5',
  'x1*x2 + x2*x3 + x3*x4 + x4*x5 + x2*x5',
  'x1*x3 + x2*x3 + x2*x4 + x3*x4',
  'x1*x2 + x2*x3 + x2*x4 + x2*x5 + x3*x4 + x3*x5 + x4*x5',
  'x1*x2*x3 + x2*x3*x4 - 2*x1*x4',
  'x1*x2*x3 + x1*x2*x4 + x1*x3*x4 + 0.5*x2*x3',
  'x1*x2 + x2*x3*x4*x5',
];

const INTEGERS = [-3, -2, -1, 0, 1, 2, 3];

/** Runs by task: given the polynomial, its text and the order that is claimed. */
const RUNS: Partial<Record<Task, (polynomial: Polynomial, text: string, order: number) => Promise<unknown>>> = {
  composition: async (polynomial, text, order) => {
    const { longest } = walksFromRoot(primalGraph(polynomial));
    for (let r = 1; r <= order; r++) {
      await expectComposed(app, { polynomial: text }, compositionOf(text, longest.slice(0, r + 1), 5, r));
    }
  },
  'two-lookups': (polynomial, text) => {
    const { branching } = walksFromRoot(primalGraph(polynomial));
    if (branching === null) throw new Error(`no branching in ${text}`);
    const { path: before, branches } = branching;
    return expectTwoLookups(app, { polynomial: text }, text, { before, branches, m: 5, seed: 1 });
  },
  'match-2': (polynomial, text) => {
    const partner = polynomial.monomials.find(({ variables }) => variables.includes(1))?.variables[1] ?? 0;
    return expectMatchByCosines(app, { polynomial: text, variables: [1, partner], ties: [] });
  },
  'match-3': (polynomial, text) => {
    const wide = widestMonomial(polynomial, primalGraph(polynomial));
    if (wide.variables.length >= 3) return expectMatchByCosines(app, first(placeOf(text, wide), 3));
    return expectMatchByPairs(app, placeOf(text, nearestCycle(pairGraph(polynomial))));
  },
  'match-k': (polynomial, text, order) => {
    const wide = widestMonomial(polynomial, primalGraph(polynomial));
    if (wide.variables.length >= 4) return expectMatchByCosines(app, first(placeOf(text, wide), order));
    return expectMatchByPairs(app, first(placeOf(text, largestClique(primalGraph(polynomial))), order));
  },
  'boolean-matrix-product': (polynomial, text) => expectBooleanProduct(app, placeOf(text, nearestCycle(primalGraph(polynomial)))),
  'root-finding': async (polynomial, text, order) => {
    const primal = primalGraph(polynomial);
    const candidates = [widestMonomial(polynomial, primal), largestClique(primal), nearestCycle(primal)];
    const place = placeOf(text, candidates.find((found) => found?.variables.length === order) ?? null);
    const { one, several } = await expectRoots(app, { polynomial: text }, place, sumEquation(place.variables), INTEGERS);
    expect(one + several).toBeGreaterThan(0);
  },
};

/** In the notation of ties.ts here, what is tied to x1 goes by its name. */
function placeOf(polynomial: string, tied: Tied | null): Place {
  if (tied === null) throw new Error(`nothing found in ${polynomial}`);
  return { polynomial, variables: [1, ...tied.variables.slice(1)], ties: tied.ties };
}

function first(place: Place, count: number): Place {
  return { ...place, variables: place.variables.slice(0, count) };
}

describe.each(CLAIMED)('%s', (text) => {
  const polynomial = parsePolynomial(text);
  const claims = capabilities(polynomial).filter(({ verdict }) => verdict === 'yes');

  it.each(claims)('can do $task of order $order', async ({ task, order }) => {
    const run = RUNS[task];
    if (!run) throw new Error(`no construction for ${task}`);
    await run(polynomial, text, order ?? 0);
  });
});
