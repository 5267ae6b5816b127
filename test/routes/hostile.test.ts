import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post, startTestApp, type TestApp } from '../helpers/app.ts';
import { APPROXIMATIONS } from './hostile-approximations.ts';
import { CASES, good } from './hostile-cases.ts';

/** Bad input gets a problem that names the place, and the service goes on. */

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ BACKENDS: 'reference', MAX_JSON_BYTES: '2000000' });
});
afterAll(() => app.close());

describe('POST /v1/attention', () => {
  it.each([...CASES, ...APPROXIMATIONS])('refuses $name', async ({ body, status, code, place }) => {
    const answer = await post(app, '/v1/attention', body);
    expect([answer.status, answer.body.code], JSON.stringify(answer.body).slice(0, 500)).toEqual([status, code]);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.body).toMatchObject({ status, error: answer.body.detail, instance: '/v1/attention' });
    expect(answer.body.traceId).toBe(answer.headers['x-request-id']);
    if (typeof place === 'string') expect(answer.body.errors.map((fault: { pointer: string }) => fault.pointer)).toContain(place);
    else expect(answer.body.detail).toMatch(place);
    if (status === 413)
      expect(answer.body).toMatchObject({ limit: expect.any(Number), actual: expect.any(Number), setting: expect.any(String) });
    const after = await post(app, '/v1/attention', good);
    expect(after.status).toBe(200);
  });

  it('carries only as many details as there are faults, however long the field', async () => {
    const answer = await post(app, '/v1/attention', { ...good, ['k'.repeat(5000)]: 1, backend: 'z'.repeat(5000) });
    expect(answer.status).toBe(422);
    expect(JSON.stringify(answer.body).length).toBeLessThan(2500);
  });
});
