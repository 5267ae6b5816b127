import { post, type TestApp } from './app.ts';

/** One small request to /v2, in JSON and in bytes, and what comes back. */

export const ROWS = { q1: [1, 0, 0, 1], q2: [1, 2, 0.5, -1], v2: [1, 2, 3, 4] };
export const input = (name: string, data: readonly number[], rest: object = {}): object => ({
  name,
  shape: [2, 2],
  datatype: 'FP32',
  data,
  ...rest,
});
export const INPUTS = [input('query', ROWS.q1), input('key', ROWS.q2), input('value', ROWS.v2)];

export interface Sent {
  readonly payload: Uint8Array | string;
  readonly headers?: Record<string, string>;
}

export async function inferOn(app: TestApp, model: string, { payload, headers = {} }: Sent) {
  return app.inject({ method: 'POST', url: `/v2/models/${model}/infer`, payload: Buffer.from(payload as string), headers });
}

export const askOn = (app: TestApp, model: string, request: object, headers: Record<string, string> = {}) =>
  inferOn(app, model, { payload: JSON.stringify(request), headers });

/** Inputs as bytes behind the JSON. */
export function framed(request: object, data: readonly ArrayBufferView[]): Sent {
  const json = Buffer.from(JSON.stringify(request));
  const bytes = data.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength));
  return { payload: Buffer.concat([json, ...bytes]), headers: { 'inference-header-content-length': String(json.length) } };
}

export const binaryInputs = (datatype: string, size: number): object[] =>
  ['query', 'key', 'value'].map((name) => ({ name, shape: [2, 2], datatype, parameters: { binary_data_size: 4 * size } }));

/** The answer of /v1 to the same request. */
export async function expectedOf(app: TestApp, options: object = {}): Promise<number[]> {
  const tensors = Object.fromEntries(Object.entries(ROWS).map(([name, data]) => [name, { shape: [2, 2], data }]));
  return (await post(app, '/v1/attention', { mechanism: 'self', tensors, ...options })).body.output.data;
}

export function binaryAnswer(answer: { rawPayload: Buffer; headers: Record<string, unknown> }) {
  const length = Number(answer.headers['inference-header-content-length']);
  return {
    json: JSON.parse(answer.rawPayload.toString('utf8', 0, length)),
    bytes: new Uint8Array(answer.rawPayload.subarray(length)),
  };
}
