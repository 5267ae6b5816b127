import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allocate } from '../../src/tensor/allocate.ts';
import type { FloatDType, Tensor } from '../../src/tensor/tensor.ts';
import { decodeNpy } from '../../src/wire/npy.ts';
import { post, startTestApp, type TestApp } from '../helpers/app.ts';
import { readSafetensors, safetensorsRequest } from '../helpers/safetensors.ts';
import { LIMITS } from '../helpers/wire.ts';

/** POST /v1/attention/binary: the same service as JSON, in safetensors. */

const PATH = '/v1/attention/binary';
let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

function tensor(rows: readonly (readonly number[])[], dtype: FloatDType = 'float32'): Tensor {
  const made = allocate(dtype, [rows.length, rows[0]?.length ?? 0]);
  made.data.set(rows.flat());
  return made;
}

const ROWS = {
  q1: [[1, 0], [0, 1], [1, 1]],
  q2: [[1, 2], [0.5, -1]],
  v2: [[1, 2], [3, 4]],
}; // biome-ignore format: small matrices

function tensorsOf(dtype: FloatDType = 'float32'): Map<string, Tensor> {
  return new Map(Object.entries(ROWS).map(([name, rows]) => [name, tensor(rows, dtype)]));
}

function send(payload: Uint8Array, headers: Record<string, string> = {}) {
  return app.inject({
    method: 'POST',
    url: PATH,
    payload: Buffer.from(payload),
    headers: { 'content-type': 'application/octet-stream', ...headers },
  });
}

describe('a safetensors request', () => {
  it('is answered bit for bit as the same request in JSON', async () => {
    const options = { mechanism: 'self', output: { logSumExp: true, weights: true } };
    const json = await post(app, '/v1/attention', { ...options, tensors: ROWS });
    const answer = await send(safetensorsRequest(tensorsOf(), options));
    expect(answer.statusCode).toBe(200);
    const { tensors, response } = readSafetensors(answer.rawPayload);
    expect([...tensors.keys()].sort()).toEqual(['logSumExp', 'output', 'weights.x1,x2']);
    expect(tensors.get('output')).toEqual({ dtype: 'F32', shape: [3, 2], data: json.body.output.data.map(Math.fround) });
    expect(tensors.get('logSumExp')?.data).toEqual(json.body.logSumExp.data.map(Math.fround));
    expect(tensors.get('weights.x1,x2')?.data).toEqual(json.body.weights['x1,x2'].data.map(Math.fround));
    const { timing: _, ...rest } = json.body;
    expect(response).toMatchObject({ emptyRows: 0, plan: rest.plan });
    expect(Object.keys(response).sort()).toEqual(['emptyRows', 'plan', 'timing']);
  });

  it('says where the time went, in the metadata and in the header', async () => {
    const answer = await send(safetensorsRequest(tensorsOf(), { mechanism: 'self' }));
    const { timing } = readSafetensors(answer.rawPayload).response;
    for (const name of ['decodeMs', 'planMs', 'queueMs', 'computeMs', 'encodeMs']) expect(timing[name]).toBeGreaterThanOrEqual(0);
    expect(timing.totalMs).toBeGreaterThan(timing.computeMs);
    expect(String(answer.headers['server-timing'])).toMatch(/decode;dur=.*encode;dur=/);
  });

  it.each([
    ['float16', 'F16'],
    ['bfloat16', 'BF16'],
    ['float32', 'F32'],
    ['float64', 'F64'],
  ] as const)('takes %s and gives %s', async (dtype, name) => {
    const answer = await send(safetensorsRequest(tensorsOf(dtype), { mechanism: 'self', output: { dtype } }));
    const output = readSafetensors(answer.rawPayload).tensors.get('output');
    const plain = await post(app, '/v1/attention', { mechanism: 'self', tensors: ROWS });
    expect(output?.dtype).toBe(name);
    // Half a unit in the last place of a value below 4, for 10 and 7 bits of fraction.
    const tolerance = { F16: 2 ** -10, BF16: 2 ** -7, F32: 1e-6, F64: 1e-6 }[name];
    output?.data.forEach((value, i) => {
      expect(Math.abs(value - plain.body.output.data[i])).toBeLessThanOrEqual(tolerance);
    });
  });

  it('may have rows without a key: their log-sum-exp is -inf, which JSON cannot say', async () => {
    const options = { mechanism: 'self', mask: { lengths: { 2: [0] } }, output: { logSumExp: true } };
    const answer = await send(safetensorsRequest(tensorsOf(), options));
    const { tensors, response } = readSafetensors(answer.rawPayload);
    expect(tensors.get('logSumExp')?.data).toEqual([-Infinity, -Infinity, -Infinity]);
    expect(tensors.get('output')?.data).toEqual([0, 0, 0, 0, 0, 0]);
    expect(response.emptyRows).toBe(3);
    const json = await post(app, '/v1/attention', { ...options, tensors: ROWS });
    expect([json.status, json.body.code]).toEqual([422, 'non_finite_output']);
  });

  it.each(['application/vnd.safetensors', 'application/x-safetensors', 'application/octet-stream'])(
    'may come as %s and go as it',
    async (type) => {
      const answer = await send(safetensorsRequest(tensorsOf(), { mechanism: 'self' }), { 'content-type': type, accept: type });
      expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, type]);
      expect(readSafetensors(answer.rawPayload).tensors.has('output')).toBe(true);
    },
  );

  it('is answered as the document says where nothing else is asked for', async () => {
    const answer = await send(safetensorsRequest(tensorsOf(), { mechanism: 'self' }), { accept: '*/*' });
    expect(answer.headers['content-type']).toBe('application/octet-stream');
  });

  it('gives the output alone as NPY', async () => {
    const body = safetensorsRequest(tensorsOf(), { mechanism: 'self' });
    const answer = await send(body, { accept: 'application/x-npy' });
    expect(answer.headers['content-type']).toBe('application/x-npy');
    const { tensors } = decodeNpy(answer.rawPayload, LIMITS);
    const expected = readSafetensors((await send(body)).rawPayload).tensors.get('output');
    expect([...(tensors.get('array')?.data ?? [])]).toEqual(expected?.data);
  });
});

describe('what is refused', () => {
  it.each([
    [{ 'content-type': 'application/json' }, Buffer.from('{}'), 415, 'unsupported_media_type'],
    [{ 'content-encoding': 'gzip' }, Buffer.from('x'), 415, 'unsupported_media_type'],
    [{ accept: 'text/html' }, Buffer.from('x'), 406, 'not_acceptable'],
    [{}, Buffer.from('x'), 400, 'malformed'],
    [{}, Buffer.alloc(0), 400, 'malformed'],
    [{}, safetensorsRequest(new Map(), {}), 422, 'invalid_request'],
    [{}, safetensorsRequest(new Map([['q1', tensor([[Number.NaN]])]]), { mechanism: 'self' }), 422, 'non_finite_input'],
  ] as const)('%j with %s is %d', async (headers, payload, status, code) => {
    const answer = await send(payload, headers as Record<string, string>);
    expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
    expect(answer.headers['content-type']).toBe('application/problem+json');
  });

  it('names what is taken', async () => {
    const answer = await send(Buffer.from('x'), { 'content-type': 'text/plain' });
    expect(answer.json().detail).toMatch(/application\/octet-stream/);
  });

  it('leaves JSON as the only body of /v1/attention', async () => {
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/attention',
      payload: safetensorsRequest(tensorsOf(), { mechanism: 'self' }),
      headers: { 'content-type': 'application/octet-stream' },
    });
    expect([answer.statusCode, answer.json().code]).toEqual([415, 'unsupported_media_type']);
  });

  it('is a body without content type too, and a POST without a body', async () => {
    const bare = await app.inject({ method: 'POST', url: '/v1/attention' });
    expect([bare.statusCode, bare.json().code]).toEqual([400, 'malformed']);
  });
});
