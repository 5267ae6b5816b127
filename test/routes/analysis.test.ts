import { afterAll, describe, expect, it } from 'vitest';
import { post, startTestApp } from '../helpers/app.ts';

/** What the analysis claims, and on what grounds (api.md §4); the facts themselves are in catalogue.test.ts. */

const app = await startTestApp();
afterAll(() => app.close());

describe('POST /v1/polynomials/analyze', () => {
  const analyze = (body: unknown): ReturnType<typeof post> => post(app, '/v1/polynomials/analyze', body);

  it('counts the features of a forest edge by edge, and of anything else as a whole', async () => {
    const shape = { n: 4096, d: 8 };
    const outlook = async (polynomial: string): Promise<Record<string, number>[]> =>
      (await analyze({ polynomial, entryBound: 0.5, shape })).body.approximation.tolerances;
    const binomial = (n: number, k: number): number => (k === 0 ? 1 : (binomial(n - 1, k - 1) * n) / k);
    for (const [polynomial, features, width] of [
      ['x1*x2 + x2*x3 + x2*x4', 'per-edge', 8],
      ['x1*x2 + x2*x3 + x1*x3', 'whole', 24],
      ['x1*x2*x3', 'whole', 8],
    ] as const) {
      for (const one of await outlook(polynomial)) {
        expect([one.features, one.rank]).toEqual([features, Math.round(binomial(width + (one.degree ?? 0), one.degree ?? 0))]);
      }
    }
    // Three edges share the tolerance: the degree is never below that of one edge alone.
    const [one, three] = [await outlook('x1*x2'), await outlook('x1*x2 + x2*x3 + x2*x4')];
    three.forEach(({ degree }, index) => {
      expect(degree).toBeGreaterThanOrEqual(one[index]?.degree ?? 0);
    });
  });

  it('sets the entry bound against the threshold', async () => {
    for (const [entryBound, below] of [
      [2.6, true],
      [2.7, false],
    ] as const) {
      const { approximation } = (await analyze({ polynomial: 'x1*x2', entryBound, shape: { n: 1024, d: 4 } })).body;
      expect(approximation.belowThreshold).toBe(below);
    }
    expect((await analyze({ polynomial: 'x1*x2' })).body.approximation).not.toHaveProperty('belowThreshold');
  });

  it.each([
    ['x1*x2 + x2*x3', 'edge-causal', 2, /attention calls/],
    ['x1*x2 + x1*x3', 'root-causal', 2, /attention calls/],
    ['x1*x2 + x2*x3', 'root-causal', 2, /one key at a time/],
    ['x1*x2 + x2*x3 + x2*x4', 'root-causal', 2, /one key at a time/],
    ['x1*x2 + x2*x3 + x3*x4', 'root-causal', 3, /n\^3/],
    ['x1*x2*x3', 'root-causal', 3, /n\^3/],
  ])('%s under %s costs n^%d', async (polynomial, type, exponent, bound) => {
    const { body } = await analyze({ polynomial, mask: { type } });
    expect(body.exponent).toBe(exponent);
    expect(body.upperBound.text).toMatch(bound);
    // The literature speaks of heads without a mask, and the answer must not be read as if it did not.
    for (const text of [
      body.lowerBound.text,
      body.approximation.threshold.text,
      ...body.tasks.map(({ statement }: { statement: string }) => statement),
    ])
      expect(text).toContain('Stated without a mask.');
    const plain = (await analyze({ polynomial })).body;
    expect(JSON.stringify(plain)).not.toContain('Stated without a mask.');
  });

  it.each([
    'x1*x2*x3 + x3*x4',
    'x1*x2 + x3*x4 + x4*x5',
    'x1*x2 + x2*x3 + x3*x4 + x4*x5 + x5*x6 + x6*x7 + x7*x8',
    'x1*x2*x3*x4*x5*x6*x7*x8',
    '0.5*x1*x2 + x1*x2*x3*x4',
  ])('every statement about %s has a source, and what is open has none', async (polynomial) => {
    const { body } = await analyze({ polynomial, entryBound: 1 });
    const statements = [body.upperBound, body.lowerBound, body.approximation.threshold];
    for (const { text, source } of statements) {
      expect(text.length).toBeGreaterThan(10);
      expect(/arXiv|derivation/.test(source) || /^open|nothing is known/.test(text)).toBe(true);
    }
    for (const { verdict, source, construction, statement } of body.tasks) {
      expect(verdict === 'open').toBe(source === 'none known to us');
      expect(verdict === 'yes').toBe(construction !== undefined);
      expect(statement.length).toBeGreaterThan(10);
    }
  });
});
