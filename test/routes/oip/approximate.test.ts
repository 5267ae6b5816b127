import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../../helpers/app.ts';
import { askOn, INPUTS } from '../../helpers/oip.ts';

/** What /v2 says of an answer's accuracy, against what /v1 says of the same request. */

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const parametersOf = async (parameters: object) => {
  const answer = await askOn(app, 'attention', { inputs: INPUTS, parameters });
  expect(answer.statusCode).toBe(200);
  return answer.json().parameters;
};

/** The `approximation` of /v1 for the same tensors. */
async function approximation(options: object) {
  const tensors = { q1: [[1, 0], [0, 1]], q2: [[1, 2], [0.5, -1]], v2: [[1, 2], [3, 4]] }; // biome-ignore format: small matrices
  const answer = await app.inject({ method: 'POST', url: '/v1/attention', payload: { mechanism: 'self', tensors, ...options } });
  return answer.json().approximation;
}

describe('the parameters of a response', () => {
  it('name method, degree, certified and measured errors of an approximation', async () => {
    const parameters = await parametersOf({ mode: 'approximate', method: 'taylor', tolerance: 1e-3, error_report: 'full' });
    const mode = { mode: 'approximate', approximation: { method: 'taylor', tolerance: 1e-3 }, errorReport: { type: 'full' } };
    const { reason, degree, rank, scoreBound, certificate, measured } = await approximation(mode);
    expect(parameters).toMatchObject({
      approximation_used: true,
      approximation_reason: reason,
      method: 'taylor',
      degree,
      rank,
      score_bound: scoreBound,
      certificate: 'proved',
      certificate_max_abs: certificate.maxAbsError,
      error_kind: 'measured',
      error_max_abs: measured.maxAbsError,
      error_mean_abs: measured.meanAbsError,
      error_rmse: measured.rmse,
      error_rel_fro: measured.relativeFrobenius,
      error_max_ulp: measured.maxUlp,
      error_rows: 2,
    });
    expect(parameters.error_max_abs).toBeLessThanOrEqual(parameters.certificate_max_abs);
    expect(parameters.certificate_max_abs).toBeLessThanOrEqual(1e-3);
  });

  it('say what a bound is that nobody measured, with the confidence of a probabilistic one', async () => {
    const parameters = await parametersOf({ mode: 'approximate', method: 'sampling', tolerance: 0.5, seed: 3 });
    expect(parameters).toMatchObject({
      approximation_used: true,
      method: 'sampling',
      certificate: 'probabilistic',
      error_kind: 'bound',
    });
    expect(parameters.samples).toBeGreaterThan(0);
    expect(parameters.certificate_confidence).toBe(0.999);
    expect(parameters.error_max_abs).toBe(parameters.certificate_max_abs);
    expect(parameters).not.toHaveProperty('error_rmse');
  });

  it('promise nothing where nothing is certified', async () => {
    const parameters = await parametersOf({ mode: 'approximate', method: 'sampling', samples: 2 });
    expect(parameters).toMatchObject({ samples: 2, certificate: 'none', error_kind: 'none' });
    expect(parameters).not.toHaveProperty('error_max_abs');
  });

  it('say why auto went exact, and nothing of the kind in mode exact', async () => {
    const parameters = await parametersOf({ mode: 'auto', tolerance: 1e-3 });
    expect(parameters).toMatchObject({ approximation_used: false, approximation_reason: expect.stringMatching(/\w/) });
    expect(Object.keys(await parametersOf({})).filter((name) => /approximation|error|certificate|method/.test(name))).toEqual([]);
  });

  it('are strings, numbers and booleans, as the protocol has it', async () => {
    for (const mode of ['exact', 'auto', 'approximate']) {
      const values = Object.values(await parametersOf({ mode, ...(mode !== 'exact' && { tolerance: 0.1 }) }));
      expect(values.filter((value) => !['string', 'number', 'boolean'].includes(typeof value))).toEqual([]);
    }
  });
});
