import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildTestApp, startTestApp, type TestApp } from '../../helpers/app.ts';
import { askOn, binaryAnswer, binaryInputs, expectedOf, framed, INPUTS, inferOn, ROWS, type Sent } from '../../helpers/oip.ts';

/** gzip and deflate, both ways (serving.md §B.6). */

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const infer = (model: string, sent: Sent) => inferOn(app, model, sent);
const ask = (model: string, request: object, headers: Record<string, string> = {}) => askOn(app, model, request, headers);
const expected = (options: object = {}) => expectedOf(app, options);

describe('compression', () => {
  const many = Array.from({ length: 2000 }, (_, i) => Math.fround(Math.sin(i)));
  const large = { inputs: ['query', 'key', 'value'].map((name) => ({ name, shape: [1000, 2], datatype: 'FP32', data: many })) };

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ] as const)('by %s is taken, of JSON and of JSON with bytes', async (encoding, compress) => {
    const plain = await infer('attention', {
      payload: compress(JSON.stringify({ inputs: INPUTS })),
      headers: { 'content-encoding': encoding },
    });
    expect(plain.json().outputs[0].data).toEqual(await expected());
    const { payload, headers } = framed(
      { inputs: binaryInputs('FP32', 4) },
      Object.values(ROWS).map((data) => Float32Array.from(data)),
    );
    const bytes = await infer('attention', { payload: compress(payload), headers: { ...headers, 'content-encoding': encoding } });
    expect(bytes.json().outputs[0].data).toEqual(await expected());
  });

  it.each([
    ['gzip', gunzipSync],
    ['deflate', inflateSync],
  ] as const)('by %s is given where it is asked for', async (encoding, inflate) => {
    const raw = await ask('attention', large);
    const answer = await ask('attention', large, { 'accept-encoding': encoding });
    expect([answer.headers['content-encoding'], answer.headers.vary]).toEqual([encoding, 'accept-encoding']);
    expect(JSON.parse(inflate(answer.rawPayload).toString()).outputs).toEqual(raw.json().outputs);
    const binary = { ...large, parameters: { binary_data_output: true } };
    const packed = await ask('attention', binary, { 'accept-encoding': encoding });
    expect(packed.headers['content-encoding']).toBe(encoding);
    const body = inflate(packed.rawPayload);
    const { json, bytes } = binaryAnswer({ rawPayload: body, headers: packed.headers });
    expect([json.outputs[0].parameters.binary_data_size, bytes.length]).toEqual([8000, 8000]);
  });

  it.each([
    ['gzip, deflate, br, zstd', false, 'gzip'],
    ['deflate;q=1, gzip;q=0', false, 'deflate'],
    ['br, zstd', false, undefined],
    ['identity', false, undefined],
    ['gzip, deflate', true, undefined],
    ['gzip', true, 'gzip'],
  ])('for Accept-Encoding %s, bytes %s, is %s', async (header, binary, encoding) => {
    const answer = await ask('attention', { ...large, parameters: { binary_data_output: binary } }, { 'accept-encoding': header });
    expect([answer.statusCode, answer.headers['content-encoding']]).toEqual([200, encoding]);
  });

  it('is never that of an error', async () => {
    const wrong = { ...large, parameters: { ['x'.repeat(3000)]: 1 } };
    const answer = await ask('attention', wrong, { 'accept-encoding': 'gzip' });
    expect([answer.statusCode, answer.headers['content-encoding'], typeof answer.json().error]).toEqual([422, undefined, 'string']);
  });

  it('is bounded after inflation, by the limit of every body', async () => {
    const own = await buildTestApp({ BACKENDS: 'reference', MAX_BODY_BYTES: '100000', MAX_JSON_BYTES: '100000' });
    const bomb = gzipSync(Buffer.alloc(50_000_000, ' '));
    expect(bomb.length).toBeLessThan(100_000);
    const answer = await own.inject({
      method: 'POST',
      url: '/v2/models/attention/infer',
      payload: bomb,
      headers: { 'content-encoding': 'gzip' },
    });
    expect([answer.statusCode, answer.json()]).toEqual([
      413,
      expect.objectContaining({ code: 'too_large', setting: 'MAX_BODY_BYTES' }),
    ]);
  });
});
