import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post, startTestApp, type TestApp } from '../helpers/app.ts';
import { elements, maxDifference } from '../helpers/case.ts';
import { oracle } from '../helpers/oracle.ts';
import { monomialsOf } from '../helpers/polynomials.ts';
import { random, randomRows } from '../helpers/random.ts';

/** "From tokens" (api.md §2): x with wq_j and wv_j instead of q_j and v_j. */

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const product = (a: number[][], b: number[][]): number[][] =>
  a.map((row) => (b[0] as number[]).map((_, c) => row.reduce((sum, x, i) => sum + x * ((b[i] as number[])[c] as number), 0)));

describe('tokens and weights', () => {
  const next = random(3);
  const x = randomRows(next, 5, 4, 1);
  const weights = (cols: number): number[][] => randomRows(next, 4, cols, 1);
  const [wq1, wq2, wq3, wv2, wv3] = [weights(3), weights(3), weights(3), weights(2), weights(2)];
  const q = [wq1, wq2, wq3].map((w) => product(x, w));
  const v2 = product(x, wv2);
  const v3 = product(x, wv3);

  it.each(['x1*x2 + x2*x3', 'x1*x2*x3'])('give %s the same answer as its projections', async (polynomial) => {
    const truth = oracle({ monomials: monomialsOf(polynomial), q, v: [null, v2, v3], scale: 1 / 3 });
    for (const { name: backend } of app.engine.machine.backends.filter(({ steps }) => steps.includes('project'))) {
      const body = { polynomial, precision: 'float64', backend, tensors: { x, wq1, wq2, wq3, wv2, wv3 } };
      const answer = await post(app, '/v1/attention', body);
      expect(answer.status, JSON.stringify(answer.body).slice(0, 300)).toBe(200);
      expect(maxDifference(elements(answer.body.output), truth.output.flat())).toBeLessThan(1e-12);
    }
  });

  it('may be mixed with tensors given as they are, and differ by head', async () => {
    const heads = [wq2, wq1];
    const plain = randomRows(next, 5, 2, 1);
    const body = { polynomial: 'x1*x2', precision: 'float64', tensors: { x, wq1, wq2: heads, v2: plain } };
    const answer = await post(app, '/v1/attention', body);
    expect(answer.body.output.shape).toEqual([2, 5, 2]);
    const truth = heads.map(
      (w) =>
        oracle({ monomials: monomialsOf('x1*x2'), q: [product(x, wq1), product(x, w)], v: [null, plain], scale: 1 / 3 }).output,
    );
    expect(maxDifference(elements(answer.body.output), truth.flat(2))).toBeLessThan(1e-12);
  });

  it.each(['exact', 'approximate'])('may be of more rows for one variable than for another in mode %s', async (mode) => {
    const lengths = { 1: [2], 2: [5], 3: [3] };
    const truth = oracle({ monomials: monomialsOf('x1*x2 + x2*x3'), q, v: [null, v2, v3], scale: 1 / 3, lengths: [2, 5, 3] });
    const body = { polynomial: 'x1*x2 + x2*x3', mode, precision: 'float64', mask: { lengths } };
    const answer = await post(app, '/v1/attention', { ...body, tensors: { x, wq1, wq2, wq3, wv2, wv3 } });
    expect(answer.status, JSON.stringify(answer.body).slice(0, 300)).toBe(200);
    const tolerance = mode === 'exact' ? 1e-12 : answer.body.approximation.certificate.maxAbsError;
    expect(maxDifference(elements(answer.body.output), truth.output.flat())).toBeLessThanOrEqual(tolerance);
    expect(tolerance).toBeLessThanOrEqual(1e-3);
  });

  it.each([
    ['both a tensor and its projection', { x, wq1, wq2, q2: x, v2 }, '/tensors/wq2'],
    ['weights without tokens', { wq1, wq2, v2 }, '/tensors/wq1'],
    ['weights of another height', { x, wq1, wq2: randomRows(next, 3, 3, 1), v2 }, '/tensors/wq2'],
    ['weights of another width', { x, wq1, wq2: weights(2), v2 }, '/tensors/wq2'],
    ['a missing projection', { x, wq1, v2 }, '/tensors/q2'],
  ])('refuse %s', async (_, tensors, pointer) => {
    const answer = await post(app, '/v1/attention', { polynomial: 'x1*x2', tensors });
    expect(answer.body).toMatchObject({ status: 422, code: 'invalid_request', errors: [{ pointer }] });
  });
});
