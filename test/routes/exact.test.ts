import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post, startTestApp, type TestApp } from '../helpers/app.ts';
import { type Encoding, elements, maxDifference, randomCase, requestOf, tolerances } from '../helpers/case.ts';
import { oracle } from '../helpers/oracle.ts';
import { POLYNOMIALS, variableCountOf } from '../helpers/polynomials.ts';

/** Any polynomial over HTTP is the definition's answer, in every encoding, precision and on every back end that loads. */

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const ENCODINGS: Encoding[] = ['flat', 'nested', 'base64'];
const PEAKS = [1, 20, 200];

describe.each(POLYNOMIALS)('%s', (polynomial) => {
  const t = variableCountOf(polynomial);

  it.each(PEAKS)('agrees with the definition at scores up to ±%d, in three encodings', async (peak) => {
    const one = randomCase(polynomial, peak, 17 + peak);
    const truth = oracle(one);
    const tolerance = tolerances(truth, t, 'float32');
    for (const encoding of ENCODINGS) {
      const answer = await post(app, '/v1/attention', requestOf(one, encoding, { output: { encoding, logSumExp: true } }));
      expect(answer.status, JSON.stringify(answer.body).slice(0, 300)).toBe(200);
      expect(answer.body.output.shape).toEqual([one.q[0]?.length, 2]);
      expect(maxDifference(elements(answer.body.output), truth.output.flat())).toBeLessThanOrEqual(tolerance.output);
      expect(answer.body.logSumExp.shape).toEqual([one.q[0]?.length]);
      expect(maxDifference(elements(answer.body.logSumExp), truth.logSumExp)).toBeLessThanOrEqual(tolerance.logSumExp);
    }
  });

  it('agrees in float64 on every back end, by the planned algorithm and by force', async () => {
    const one = randomCase(polynomial, 30, 5);
    const truth = oracle(one);
    const tolerance = tolerances(truth, t, 'float64');
    const names = app.engine.machine.backends.map(({ name }) => name);
    const ways = names.flatMap((backend) => ['auto', 'conditioning'].map((algorithm) => ({ backend, algorithm })));
    for (const way of [...ways, { backend: 'reference', algorithm: 'definition' }]) {
      const body = requestOf(one, 'flat', { ...way, precision: 'float64', output: { logSumExp: true } });
      const answer = await post(app, '/v1/attention', body);
      expect(answer.status, JSON.stringify([way, answer.body]).slice(0, 400)).toBe(200);
      expect(answer.body.plan.backend).toBe(way.backend);
      if (way.algorithm !== 'auto') expect(answer.body.plan.algorithm).toBe(way.algorithm);
      expect(maxDifference(elements(answer.body.output), truth.output.flat()), JSON.stringify(way)).toBeLessThanOrEqual(
        tolerance.output,
      );
      expect(maxDifference(elements(answer.body.logSumExp), truth.logSumExp), JSON.stringify(way)).toBeLessThanOrEqual(
        tolerance.logSumExp,
      );
    }
  });
});
