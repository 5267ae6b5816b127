import { readdirSync, readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post, startTestApp, type TestApp } from '../../helpers/app.ts';
import { binaryAnswer } from '../../helpers/oip.ts';

/** Requests byte for byte as real clients sent them (test/clients/python/record.py), answered without Python. */

const FOLDER = new URL('../../fixtures/oip/', import.meta.url);

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

interface Recorded {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly payload: Buffer;
}

function read(name: string): Recorded {
  const bytes = readFileSync(new URL(`${name}.http`, FOLDER));
  const end = bytes.indexOf('\r\n\r\n');
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const headers = lines.map((line) => /^([^:]+): (.*)$/.exec(line)?.slice(1) as [string, string]);
  return { url: first.split(' ')[1] as string, headers: Object.fromEntries(headers), payload: bytes.subarray(end + 4) };
}

async function replay(name: string) {
  const answer = await app.inject({ method: 'POST', ...read(name) });
  return { status: answer.statusCode, headers: answer.headers as Record<string, unknown>, rawPayload: answer.rawPayload };
}

/** What /v1 says to the recorded numbers. */
async function expected(options: object = {}): Promise<number[]> {
  const tensors = { q1: [[1, 0], [0, 1]], q2: [[1, 2], [0.5, -1]], v2: [[1, 2], [3, 4]] }; // biome-ignore format: small matrices
  return (await post(app, '/v1/attention', { mechanism: 'self', tensors, ...options })).body.output.data;
}

/** Values of the first output, whichever way it came. */
function output({ headers, rawPayload }: { headers: Record<string, unknown>; rawPayload: Buffer }): number[] {
  if (headers['inference-header-content-length'] === undefined) return JSON.parse(rawPayload.toString()).outputs[0].data;
  const { json, bytes } = binaryAnswer({ headers, rawPayload });
  const { datatype } = json.outputs[0];
  if (datatype === 'FP64') return [...new Float64Array(bytes.buffer)];
  if (datatype === 'FP16') return [...new Float16Array(bytes.buffer)];
  if (datatype === 'BF16') {
    return [...new Float32Array(Uint32Array.from(new Uint16Array(bytes.buffer), (bits) => bits << 16).buffer)];
  }
  return [...new Float32Array(bytes.buffer)];
}

describe('a recorded request', () => {
  it.each([
    ['triton-binary', true, {}],
    ['triton-json', false, {}],
    ['triton-gzip', true, {}],
    ['triton-parameters', true, { scale: '1/sqrt(d)', causal: true }],
    ['triton-aio-binary', true, {}],
    ['triton-aio-json', false, {}],
    ['kserve-binary', true, {}],
    ['kserve-json', false, {}],
  ])('%s is answered, in bytes: %s', async (name, isBinary, options) => {
    const answer = await replay(name);
    expect([answer.status, answer.headers['content-type'], answer.headers['content-encoding']]).toEqual([
      200,
      isBinary ? 'application/octet-stream' : 'application/json',
      undefined,
    ]);
    expect(output(answer).map(Math.fround)).toEqual((await expected(options)).map(Math.fround));
  });

  it.each([
    ['triton-fp16', 2 ** -10],
    ['triton-bf16', 2 ** -7],
    ['triton-fp64', 1e-6],
  ])('%s is answered in its own type', async (name, tolerance) => {
    const values = output(await replay(name));
    (await expected()).forEach((value, i) => {
      expect(Math.abs(value - (values[i] as number))).toBeLessThanOrEqual(tolerance);
    });
  });

  it('triton-deflate is answered as it asks, where that is worth it', async () => {
    const small = await replay('triton-deflate');
    expect([small.status, small.headers['content-encoding']]).toEqual([200, undefined]);
    expect(output(small)).toEqual((await expected()).map(Math.fround));
    const { headers } = read('triton-deflate');
    expect(headers['Accept-Encoding']).toBe('deflate');
    expect(inflateSync(read('triton-deflate').payload).length).toBeGreaterThan(Number(headers['Inference-Header-Content-Length']));
  });

  it('triton-approximate is answered with method, degree, certified and measured errors', async () => {
    const answer = await replay('triton-approximate');
    const { parameters } = binaryAnswer(answer).json;
    expect(parameters).toMatchObject({ method: 'taylor', certificate: 'proved', error_kind: 'measured', approximation_used: true });
    expect(parameters.degree).toBeGreaterThan(0);
    const values = output(answer);
    const worst = Math.max(
      ...(await expected({ precision: 'float64' })).map((value, i) => Math.abs(value - (values[i] as number))),
    );
    expect(worst).toBeLessThanOrEqual(parameters.certificate_max_abs);
    expect(parameters.certificate_max_abs).toBeLessThanOrEqual(1e-3);
  });

  it('keeps the id that its client gave', async () => {
    expect(binaryAnswer(await replay('triton-binary')).json.id).toBe('42');
    expect(binaryAnswer(await replay('kserve-binary')).json.id).toBe('golden');
  });

  it('for the index has no body and no content type', async () => {
    const answer = await replay('triton-index');
    expect([answer.status, Array.isArray(JSON.parse(answer.rawPayload.toString()))]).toEqual([200, true]);
  });

  it('is one of these, and none is left unread', () => {
    const names = [
      'binary',
      'json',
      'gzip',
      'deflate',
      'parameters',
      'approximate',
      'fp16',
      'bf16',
      'fp64',
      'index',
      'aio-binary',
      'aio-json',
    ];
    const all = [...names.map((name) => `triton-${name}`), 'kserve-binary', 'kserve-json'].map((name) => `${name}.http`);
    expect(readdirSync(FOLDER).sort()).toEqual(all.sort());
  });
});
