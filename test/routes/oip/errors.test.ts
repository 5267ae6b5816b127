import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../../helpers/app.ts';
import { askOn, INPUTS, inferOn, input, ROWS, type Sent } from '../../helpers/oip.ts';

/** Whatever goes wrong at /v2 is told as its clients read it. */

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const infer = (model: string, sent: Sent) => inferOn(app, model, sent);
const ask = (model: string, request: object, headers: Record<string, string> = {}) => askOn(app, model, request, headers);

describe('an error', () => {
  const about = (parameters: object, rest: object = {}) => ask('attention', { inputs: INPUTS, parameters, ...rest });

  it.each([
    ['an unknown parameter', () => about({ temperature: 1 }), 422, /no parameter 'temperature'/],
    ['a parameter of the wrong type', () => about({ causal: 'yes' }), 422, /causal/],
    ['a mask that is none', () => about({ mask: 'diagonal' }), 422, /mask/],
    ['a window in words', () => about({ mask: 'edge-window', window: 'two' }), 422, /whole numbers/],
    ['a timeout below zero', () => about({ timeout: -1 }), 422, /microseconds/],
    ['an output datatype that is none', () => about({ output_datatype: 'INT8' }), 422, /FP16/],
    ['a polynomial for a model that has one', () => about({ polynomial: 'x1*x2' }), 422, /poly-attention takes one/],
    ['no polynomial', () => ask('poly-attention', { inputs: INPUTS }), 422, /parameter 'polynomial'/],
    ['a parameter __proto__', () => infer('attention', { payload: `{"inputs":${JSON.stringify(INPUTS)},"parameters":{"__proto__":1}}` }), 400, /\/parameters\/__proto__: The key __proto__ is not allowed/],
    ['a parameter __proto__, escaped', () => infer('attention', { payload: `{"inputs":${JSON.stringify(INPUTS)},"parameters":{"\\u005f_proto__":{}}}` }), 400, /__proto__ is not allowed/],
    ['a parameter that every object has', () => about({ toString: 'x' }), 422, /no parameter 'toString'/],
    ['a sequence', () => about({ sequence_id: 7 }), 501, /no state/],
    ['an unknown output', () => about({}, { outputs: [{ name: 'logits' }] }), 422, /no output 'logits'/],
    ['a classification', () => about({}, { outputs: [{ name: 'output', parameters: { classification: 3 } }] }), 501, /classification/],
    ['an input twice, by two names', () => ask('attention', { inputs: [...INPUTS, input('q2', ROWS.q2)] }), 422, /Two inputs are q2/],
    ['an unknown input', () => ask('attention', { inputs: [...INPUTS, input('mask', ROWS.q2)] }), 422, /mask/],
    ['a missing input', () => ask('attention', { inputs: INPUTS.slice(0, 1) }), 422, /q2 is missing/],
    ['no JSON', () => infer('attention', { payload: '{"inputs"' }), 400, /ends early/],
    ['no body', () => infer('attention', { payload: '' }), 400, /empty/],
    ['an unknown model', () => ask('gpt', { inputs: [] }), 404, /no model 'gpt'/],
    ['an unknown version', () => ask('attention/versions/2', { inputs: [] }), 404, /no version '2'/],
    ['brotli', () => infer('attention', { payload: 'x', headers: { 'content-encoding': 'br' } }), 415, /gzip and deflate/],
    ['a header that is no number', () => infer('attention', { payload: '{}', headers: { 'inference-header-content-length': 'x' } }), 400, /whole number/],
    ['an unknown path', () => app.inject({ url: '/v2/nothing' }), 404, /nothing at/],
    ['another method', () => app.inject({ method: 'PUT', url: '/v2/models/attention/infer' }), 405, /takes POST/],
    ['loading', () => app.inject({ method: 'POST', url: '/v2/repository/models/attention/load', payload: '{}' }), 501, /always loaded/],
    ['unloading', () => app.inject({ method: 'POST', url: '/v2/repository/models/attention/unload' }), 501, /always loaded/],
    ['system shared memory', () => app.inject({ url: '/v2/systemsharedmemory/status' }), 501, /not served/],
    ['CUDA shared memory', () => app.inject({ method: 'POST', url: '/v2/cudasharedmemory/region/a/register', payload: '{}' }), 501, /not served/],
    ['tracing', () => app.inject({ url: '/v2/trace/setting' }), 501, /environment/],
    ['tracing of a model', () => app.inject({ url: '/v2/models/attention/trace/setting' }), 501, /environment/],
    ['logging', () => app.inject({ url: '/v2/logging' }), 501, /environment/],
  ] as const)('about %s is plain JSON with a string', async (_, send, status, words) => {
    const answer = await send();
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([status, 'application/json']);
    expect(answer.json().error).toMatch(words);
  });
}); // biome-ignore format: tables
