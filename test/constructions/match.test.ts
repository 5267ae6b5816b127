import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../helpers/app.ts';
import { random } from '../helpers/random.ts';
import { type Asked, ask, queriesOf, rounding } from './head.ts';
import { cosineAmplitude, cosineTerms, hasMatch, randomTokens, realValues, type Tokens } from './matching.ts';

/** Match-k with one head: the cosine of a sum of k angles is a k-way inner product of 2^(k-1) coordinates (math.md §4.3). */

const DELTA = 1e-3;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

interface Run {
  readonly d: number;
  readonly matches: number;
}

/** Every token learns whether it has a match, with a margin of 1/2 - δ around the threshold 1/2. */
async function expectMatched(asked: Asked, text: string, variables: readonly number[], tokens: Tokens): Promise<Run> {
  const k = variables.length;
  const n = tokens.values.length + 1;
  const q = queriesOf(text, n, cosineTerms(tokens, variables, DELTA));
  const values = realValues(tokens);
  const v = Object.fromEntries(variables.slice(1).map((variable) => [variable, values]));
  const { output } = await ask(app, asked, [{ q, v }]);
  // Copies and signs add up 2^(k-1) coordinates of β each at most.
  const d = q[0]?.[0]?.length ?? 0;
  const allowed = DELTA + rounding(q.length, cosineAmplitude(tokens, k, DELTA) * 2 ** (k - 1));
  let matches = 0;
  for (const first of tokens.values.keys()) {
    const truth = hasMatch(tokens, first, k) ? 1 : 0;
    matches += truth;
    expect(Math.abs((output[0]?.[first]?.[0] as number) - truth)).toBeLessThanOrEqual(allowed);
  }
  expect(allowed).toBeLessThan(0.1);
  return { d, matches };
}

async function expectBothAnswers(asked: Asked, text: string, variables: readonly number[], make: (seed: number) => Tokens) {
  let [matches, all, d] = [0, 0, 0];
  for (const seed of [1, 2, 3, 4]) {
    const tokens = make(seed);
    const run = await expectMatched(asked, text, variables, tokens);
    matches += run.matches;
    all += tokens.values.length;
    d = run.d;
  }
  expect(matches).toBeGreaterThan(all / 10);
  expect(matches).toBeLessThan((9 * all) / 10);
  return d;
}

describe('Match-k by the cosine of a sum', () => {
  it.each<[string, string, number, number, number, number]>([
    ['self', 'x1*x2', 2, 23, 40, 11],
    ['tensor(3)', 'x1*x2*x3', 3, 23, 30, 5],
    ['tensor(3)', 'x1*x2*x3', 3, 101, 30, 12],
    ['tensor(4)', 'x1*x2*x3*x4', 4, 23, 14, 3],
  ])('%s (%s) decodes Match%d modulo %d', async (mechanism, text, k, modulus, n, distinct) => {
    const variables = Array.from({ length: k }, (_, i) => i + 1);
    const d = await expectBothAnswers({ mechanism }, text, variables, (seed) => randomTokens(random(seed), modulus, n, distinct));
    expect(d).toBe(2 ** (k - 1) + 1);
  });

  it('takes the entries that theory says: (1/d) B^k = β', () => {
    const tokens = randomTokens(random(1), 101, 30, 12);
    const largest = Math.max(
      ...queriesOf('x1*x2*x3', 31, cosineTerms(tokens, [1, 2, 3], DELTA))
        .flat(2)
        .map(Math.abs),
    );
    expect(largest).toBeLessThanOrEqual((5 * cosineAmplitude(tokens, 3, DELTA)) ** (1 / 3) * (1 + 1e-12));
  });
});

describe('Match-k where other monomials interfere', () => {
  it.each<[string, number[], number]>([
    ['x1*x2*x3', [1, 2], 11],
    ['x1*x2*x3 - 2*x1*x3', [1, 2], 11],
    ['x1*x2*x3 + x2*x3', [1, 3], 11],
    ['0.5*x1*x2 - 2*x2*x3 + x1*x2*x3', [1, 2, 3], 5],
    ['x1*x2*x3 + x3*x4', [1, 2, 3], 5],
    ['x1*x2*x3*x4', [1, 3, 4], 5],
    ['x1*x2*x3*x4 - 0.5*x1*x2*x3 + 2*x1*x4', [1, 2, 4], 5],
    ['x1*x2*x3*x4 - 0.5*x1*x2*x3 + 2*x1*x4 + x2*x3', [1, 2, 3, 4], 3],
  ])('%s decodes through the variables %j', async (polynomial, variables, distinct) => {
    const n = polynomial.includes('x4') ? 12 : 20;
    await expectBothAnswers({ polynomial }, polynomial, variables, (seed) => randomTokens(random(seed), 23, n, distinct));
  });
});
