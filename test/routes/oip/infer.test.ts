import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../../helpers/app.ts';
import { askOn, binaryAnswer, binaryInputs, expectedOf, framed, INPUTS, inferOn, ROWS, type Sent } from '../../helpers/oip.ts';

/** Inference at /v2 as its clients use it, over inject (api.md §6, serving.md §B). */

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const infer = (model: string, sent: Sent) => inferOn(app, model, sent);
const ask = (model: string, request: object, headers: Record<string, string> = {}) => askOn(app, model, request, headers);
const expected = (options: object = {}) => expectedOf(app, options);

describe('infer', () => {
  it('answers JSON with JSON', async () => {
    const answer = await ask('attention', { id: 'abc', inputs: INPUTS });
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'application/json']);
    expect(answer.headers['inference-header-content-length']).toBeUndefined();
    const body = answer.json();
    expect(body).toMatchObject({ model_name: 'attention', model_version: '1', id: 'abc' });
    expect(body.outputs).toEqual([{ name: 'output', datatype: 'FP32', shape: [2, 2], data: await expected() }]);
    expect(Object.values(body.parameters).every((value) => ['string', 'number', 'boolean'].includes(typeof value))).toBe(true);
    expect(body.parameters).toMatchObject({ algorithm: 'tree-messages', empty_rows: 0, timing_total_ms: expect.any(Number) });
  });

  it('leaves out the id where none was given', async () => {
    expect((await ask('attention', { inputs: INPUTS })).json()).not.toHaveProperty('id');
  });

  it.each([{}, { 'content-type': 'application/octet-stream' }, { 'content-type': 'text/html' }, { 'content-type': ';;;' }])(
    'looks at no content type: %j',
    async (headers) => {
      expect((await ask('attention', { inputs: INPUTS }, headers as Record<string, string>)).statusCode).toBe(200);
    },
  );

  it('takes and gives bytes', async () => {
    const request = { inputs: binaryInputs('FP32', 4), parameters: { binary_data_output: true } };
    const answer = await infer(
      'attention',
      framed(
        request,
        Object.values(ROWS).map((data) => Float32Array.from(data)),
      ),
    );
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'application/octet-stream']);
    const { json, bytes } = binaryAnswer(answer);
    expect(json.outputs).toEqual([{ name: 'output', datatype: 'FP32', shape: [2, 2], parameters: { binary_data_size: 16 } }]);
    expect([...new Float32Array(bytes.buffer)]).toEqual((await expected()).map(Math.fround));
  });

  it.each([
    ['FP16', 2, (data: number[]) => Float16Array.from(data), 2 ** -10],
    [
      'BF16',
      2,
      (data: number[]) => Uint16Array.from(Uint32Array.from(new Uint32Array(Float32Array.from(data).buffer), (w) => w >>> 16)),
      2 ** -7,
    ],
    ['FP64', 8, (data: number[]) => Float64Array.from(data), 1e-6],
  ] as const)('takes %s and answers with it', async (datatype, size, convert, tolerance) => {
    const request = { inputs: binaryInputs(datatype, size), parameters: { binary_data_output: true } };
    const { json, bytes } = binaryAnswer(
      await infer(
        'attention',
        framed(
          request,
          Object.values(ROWS).map((data): ArrayBufferView => convert(data)),
        ),
      ),
    );
    expect(json.outputs[0]).toMatchObject({ datatype, parameters: { binary_data_size: 4 * size } });
    const widened = Float32Array.from(
      datatype === 'FP16'
        ? new Float16Array(bytes.buffer)
        : datatype === 'FP64'
          ? new Float64Array(bytes.buffer)
          : new Float32Array(Uint32Array.from(new Uint16Array(bytes.buffer), (word) => word << 16).buffer),
    );
    (await expected()).forEach((value, i) => {
      expect(Math.abs((widened[i] as number) - value)).toBeLessThanOrEqual(tolerance);
    });
  });

  it('computes in double precision where all inputs are doubles, unless told otherwise', async () => {
    const doubles = INPUTS.map((one) => ({ ...one, datatype: 'FP64' }));
    const [wide, narrow] = await Promise.all([
      ask('attention', { inputs: doubles }),
      ask('attention', { inputs: doubles, parameters: { precision: 'float32' } }),
    ]);
    expect(wide.json().outputs[0].data).toEqual(await expected({ precision: 'float64' }));
    expect([wide.json().outputs[0].datatype, narrow.json().outputs[0].datatype]).toEqual(['FP64', 'FP32']);
  });

  it('has the framing that each output asks for', async () => {
    const outputs = [
      { name: 'log_sum_exp', parameters: { binary_data: true } },
      { name: 'output', parameters: { binary_data: false } },
    ];
    const answer = await ask('attention', { inputs: INPUTS, outputs, parameters: { binary_data_output: true } });
    const { json, bytes } = binaryAnswer(answer);
    expect(json.outputs.map(({ name }: { name: string }) => name)).toEqual(['log_sum_exp', 'output']);
    expect(json.outputs[1].data).toEqual(await expected());
    expect(bytes.length).toBe(8);
  });

  it('adds the log-sum-exp where a parameter asks for it', async () => {
    const answer = await ask('attention', { inputs: INPUTS, parameters: { log_sum_exp: true } });
    expect(answer.json().outputs.map(({ name, shape }: { name: string; shape: number[] }) => [name, shape])).toEqual([
      ['output', [2, 2]],
      ['log_sum_exp', [2]],
    ]);
  });

  it.each([
    [{ scale: 0.25 }, { scale: 0.25 }],
    [{ scale: '1/sqrt(d)' }, { scale: '1/sqrt(d)' }],
    [{ causal: true }, { causal: true }],
    [{ mask: 'edge-causal' }, { mask: { type: 'edge-causal' } }],
    [{ mask: 'edge-window', window: 1 }, { mask: { type: 'edge-window', window: [1] } }],
    [{ lengths: '1' }, { mask: { lengths: [1] } }],
    [
      { backend: 'reference', algorithm: 'definition' },
      { backend: 'reference', algorithm: 'definition' },
    ],
    [{ precision: 'float64' }, { precision: 'float64' }],
  ])('understands %j as /v1 understands %j', async (parameters, options) => {
    const answer = await ask('attention', { inputs: INPUTS, parameters });
    expect([answer.statusCode, answer.json().outputs?.[0].data]).toEqual([200, await expected(options)]);
  });

  it.each([0, 5_000_000, '5000000'])('takes a timeout of %j µs', async (timeout) => {
    expect((await ask('attention', { inputs: INPUTS, parameters: { timeout, priority: 1, sequence_id: 0 } })).statusCode).toBe(200);
  });

  it('gives up at its timeout, which is in microseconds', async () => {
    const rows = Array.from({ length: 40 }, (_, i) => Math.sin(i));
    const parameters = { polynomial: 'x1*x2*x3*x4', timeout: 1, backend: 'reference', algorithm: 'definition' };
    const inputs = [1, 2, 3, 4].map((j) => ({ name: `q${j}`, shape: [20, 2], datatype: 'FP32', data: rows }));
    const answer = await ask('poly-attention', { inputs, parameters });
    expect([answer.statusCode, answer.json().error]).toEqual([504, expect.stringMatching(/deadline of 1 ms/)]);
  });
});
