import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post, startTestApp, type TestApp } from '../helpers/app.ts';
import { elements, maxDifference, randomCase, requestOf, tolerances } from '../helpers/case.ts';
import { maskNames, maskOf } from '../helpers/masks.ts';
import { oracle } from '../helpers/oracle.ts';
import { POLYNOMIALS, variableCountOf } from '../helpers/polynomials.ts';
import { random } from '../helpers/random.ts';

/** Every mask of math.md §7 on every polynomial is the definition over the admissible tuples. */

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

describe.each(maskNames)('%s', (type) => {
  it.each(POLYNOMIALS)('agrees with the definition for %s, with biases and lengths', async (polynomial) => {
    const t = variableCountOf(polynomial);
    const next = random(type.length * 7 + polynomial.length);
    const plain = randomCase(polynomial, 20, 3);
    const b = plain.q.map((rows) => rows.map(() => (next() < 0.15 ? Number.NEGATIVE_INFINITY : Math.fround(4 * next() - 2))));
    const lengths = plain.q.map((rows) => Math.ceil(next() * rows.length));
    const { mask, admissible } = maskOf(type, polynomial, next);
    const one = { ...plain, b, lengths, admissible };
    const truth = oracle(one);
    const tolerance = tolerances(truth, t, 'float64');
    const named = Object.fromEntries(lengths.map((length, j) => [j + 1, [length]]));
    for (const algorithm of ['auto', 'conditioning', 'definition']) {
      const extra = {
        mask: { ...mask, lengths: named },
        algorithm,
        precision: 'float64',
        output: { logSumExp: true, encoding: 'base64' },
      };
      const answer = await post(app, '/v1/attention', requestOf(one, 'flat', extra));
      expect(answer.status, JSON.stringify(answer.body).slice(0, 400)).toBe(200);
      expect(answer.body.plan.mask).toBe(type);
      expect(maxDifference(elements(answer.body.output), truth.output.flat()), algorithm).toBeLessThanOrEqual(tolerance.output);
      expect(maxDifference(elements(answer.body.logSumExp), truth.logSumExp), algorithm).toBeLessThanOrEqual(tolerance.logSumExp);
      expect(answer.body.emptyRows).toBe(truth.logSumExp.filter((sum) => sum === Number.NEGATIVE_INFINITY).length);
    }
  });
});
