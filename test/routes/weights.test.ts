import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post, startTestApp, type TestApp } from '../helpers/app.ts';
import { elements, maxDifference, randomCase, requestOf, tolerances } from '../helpers/case.ts';
import { oracle } from '../helpers/oracle.ts';
import { POLYNOMIALS, variableCountOf } from '../helpers/polynomials.ts';

/** `weights`: the marginal attention P(l_j | l_1) of every variable. */

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const identity = (n: number): number[][] =>
  Array.from({ length: n }, (_, row) => Array.from({ length: n }, (_, col) => Number(row === col)));

describe('output.weights', () => {
  it.each(POLYNOMIALS)('are the definition’s marginals for %s', async (polynomial) => {
    const t = variableCountOf(polynomial);
    const one = randomCase(polynomial, 8, 11);
    const body = requestOf(one, 'flat', { precision: 'float64', output: { weights: true } });
    const answer = await post(app, '/v1/attention', body);
    expect(answer.status, JSON.stringify(answer.body).slice(0, 300)).toBe(200);
    expect(Object.keys(answer.body.weights)).toEqual(Array.from({ length: t - 1 }, (_, j) => `x1,x${j + 2}`));
    for (let j = 2; j <= t; j++) {
      const n = one.q[j - 1]?.length as number;
      const truth = oracle({ ...one, v: one.q.map((_, index) => (index === j - 1 ? identity(n) : null)) });
      const weights = answer.body.weights[`x1,x${j}`];
      expect(weights.shape).toEqual([one.q[0]?.length, n]);
      expect(maxDifference(elements(weights), truth.output.flat())).toBeLessThanOrEqual(tolerances(truth, t, 'float64').output);
    }
  });

  it('are rows of probabilities, in the output’s dtype and encoding, per head', async () => {
    const rows = (n: number): number[][] => Array.from({ length: n }, (_, i) => [Math.sin(i), Math.cos(i)]);
    const tensors = { q1: [rows(3), rows(3)], q2: rows(4), v2: rows(4) };
    const answer = await post(app, '/v1/attention', {
      polynomial: 'x1*x2',
      tensors,
      output: { weights: true, dtype: 'float64', encoding: 'nested' },
    });
    const weights = answer.body.weights['x1,x2'];
    expect([weights.shape, weights.dtype]).toEqual([[2, 3, 4], 'float64']);
    for (const head of weights.data) for (const row of head) expect(row.reduce((a: number, b: number) => a + b)).toBeCloseTo(1, 6);
  });

  it('are refused above 512 rows, with the limit', async () => {
    const long = { shape: [513, 1], data: new Array(513).fill(0) };
    const answer = await post(app, '/v1/attention', {
      polynomial: 'x1*x2',
      tensors: { q1: [[1]], q2: long, v2: long },
      output: { weights: true },
    });
    expect(answer.body).toMatchObject({ status: 422, code: 'invalid_request', limit: 512, actual: 513 });
    expect(answer.body.errors[0].pointer).toBe('/output/weights');
  });
});
