import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../helpers/app.ts';
import { random } from '../helpers/random.ts';
import { type Asked, ask, type Head, queriesOf, rounding } from './head.ts';
import { hasMatch, randomTokens, realValues, squarePenalty, squareTerms, type Tokens } from './matching.ts';

/**
 * Match-k from pair scores alone: one head for each sum T = 0, M, .., (k-1)M that can match, all in one request, and the outputs are
 * added (math.md §4.4 for k = 3, Strassen). The squares are large, so the heads run in float64.
 */

const DELTA = 1e-3;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

async function expectMatched(asked: Asked, text: string, clique: readonly number[], tokens: Tokens) {
  const k = clique.length;
  const values = realValues(tokens);
  const v = Object.fromEntries(clique.slice(1).map((variable) => [variable, values]));
  const heads = clique.map((_, i): Head => {
    const terms = squareTerms(tokens, i * tokens.modulus, clique, DELTA);
    return { q: queriesOf(text, values.length, terms), v };
  });
  const { output } = await ask(app, { ...asked, precision: 'float64' }, heads);
  // A sum has one T; the other heads see no match. Penalties of all pairs and copies bound the partial sums.
  const allowed = k * (DELTA + rounding(k, 2 * k * k * squarePenalty(tokens, k, DELTA), 'float64'));
  expect(allowed).toBeLessThan(0.01);
  let matches = 0;
  for (const first of tokens.values.keys()) {
    const found = output.reduce((sum, rows) => sum + (rows[first]?.[0] as number), 0);
    const truth = hasMatch(tokens, first, k) ? 1 : 0;
    matches += truth;
    expect(Math.abs(found - truth)).toBeLessThanOrEqual(allowed);
  }
  return { d: heads[0]?.q[0]?.[0]?.length, matches, all: tokens.values.length };
}

async function expectBothAnswers(asked: Asked, text: string, clique: readonly number[], make: (seed: number) => Tokens) {
  const runs = [];
  for (const seed of [1, 2, 3, 4]) runs.push(await expectMatched(asked, text, clique, make(seed)));
  const matches = runs.reduce((sum, run) => sum + run.matches, 0);
  const all = runs.reduce((sum, run) => sum + run.all, 0);
  expect(matches).toBeGreaterThan(all / 10);
  expect(matches).toBeLessThan((9 * all) / 10);
  return runs[0]?.d;
}

describe('Match3 by three heads', () => {
  it('is decoded by strassen, d = 8', async () => {
    const make = (seed: number): Tokens => randomTokens(random(seed), 23, 40, 5);
    expect(await expectBothAnswers({ mechanism: 'strassen' }, 'x1*x2 + x2*x3 + x1*x3', [1, 2, 3], make)).toBe(8);
  });

  it.each<[string, number[]]>([
    ['x1*x2 - 0.5*x1*x3 + 3*x2*x3 + x2*x3*x4', [1, 2, 3]],
    ['x1*x2 + x1*x3 + x1*x4 + x3*x4', [1, 3, 4]],
    ['0.5*x1*x2 - 2*x2*x3 + x1*x2*x3', [1, 2, 3]],
  ])('is decoded by %s through %j', async (polynomial, triangle) => {
    await expectBothAnswers({ polynomial }, polynomial, triangle, (seed) => randomTokens(random(seed), 23, 12, 5));
  });
});

describe('Match4 by four heads', () => {
  it.each<[string]>([['x1*x2 + x1*x3 + x1*x4 + x2*x3 + x2*x4 + x3*x4'], ['x1*x2*x3 + x2*x3*x4 - 2*x1*x4']])(
    'is decoded by %s',
    async (polynomial) => {
      await expectBothAnswers({ polynomial }, polynomial, [1, 2, 3, 4], (seed) => randomTokens(random(seed), 23, 10, 3));
    },
  );
});
