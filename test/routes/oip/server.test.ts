import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildTestApp, get, post, startTestApp, type TestApp } from '../../helpers/app.ts';
import { askOn, INPUTS, input, ROWS } from '../../helpers/oip.ts';

/** What /v2 says of its models and of itself. */

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const ask = (model: string, request: object, headers: Record<string, string> = {}) => askOn(app, model, request, headers);

describe('models', () => {
  const tensors = (names: readonly string[]) =>
    names.map((name, i) =>
      input(
        name,
        ROWS.q1.map((value) => value + i),
      ),
    );

  it.each([
    ['self-attention', 'self', ['q1', 'q2', 'v2'], {}],
    ['path-3', 'path(3)', ['q1', 'q2', 'q3', 'v3'], {}],
    ['tensor-3', 'tensor(3)', ['q1', 'q2', 'q3', 'v2', 'v3'], {}],
    ['strassen-attention', 'strassen', ['q1', 'q2', 'q3', 'v2', 'v3'], {}],
    ['y-tree', 'y-tree', ['q1', 'q2', 'q3', 'q4', 'v2'], {}],
    ['poly-attention', 'path(3)', ['q1', 'q2', 'q3', 'v2', 'v3'], { polynomial: 'x1*x2 + x2*x3' }],
  ])('%s computes %s', async (model, mechanism, names, parameters) => {
    const inputs = tensors(names) as { name: string; data: number[] }[];
    const same = Object.fromEntries(inputs.map(({ name, data }) => [name, { shape: [2, 2], data }]));
    const answer = await ask(model, { inputs, parameters });
    const told = await post(app, '/v1/attention', { mechanism, tensors: same });
    expect([answer.statusCode, answer.json().outputs?.[0].data]).toEqual([200, told.body.output.data]);
  });

  it('are listed, described, configured and ready, with and without their version', async () => {
    const { models } = (await get(app, '/v2/models')).body;
    expect(models).toEqual(
      expect.arrayContaining(['attention', 'poly-attention', 'path-3', 'path-8', 'cycle-4', 'star-3', 'complete-4']),
    );
    expect(new Set(models).size).toBe(models.length);
    for (const path of [...models, 'attention/versions/1'].map((name) => `/v2/models/${name}`)) {
      const metadata = await get(app, path);
      const config = await get(app, `${path}/config`);
      expect([metadata.status, config.status, (await get(app, `${path}/ready`)).body.ready]).toEqual([200, 200, true]);
      expect(metadata.headers['content-type']).toBe('application/json');
      expect(metadata.body).toMatchObject({ versions: ['1'], platform: 'polyattention' });
      expect(config.body.input.map(({ name }: { name: string }) => name)).toEqual(
        metadata.body.inputs.map(({ name }: { name: string }) => name),
      );
      expect(config.body).toMatchObject({ max_batch_size: 0, platform: '', instance_group: [{ kind: 'KIND_CPU', count: 2 }] });
    }
  });

  it('say which inputs may be left out', async () => {
    const { input: inputs } = (await get(app, '/v2/models/attention/config')).body;
    const tensor = (name: string, optional: boolean, dims: number): object => ({
      name,
      data_type: 'TYPE_FP32',
      dims: new Array(dims).fill(-1),
      optional,
    });
    expect(inputs).toEqual([tensor('query', false, 4), tensor('key', false, 4), tensor('value', true, 4), tensor('bias', true, 3)]);
  });

  it('form the repository', async () => {
    const answer = await app.inject({ method: 'POST', url: '/v2/repository/index' });
    expect(answer.json()[0]).toEqual({ name: 'attention', version: '1', state: 'READY', reason: '' });
    expect(answer.json()).toHaveLength((await get(app, '/v2/models')).body.models.length);
  });
});

describe('the server', () => {
  it.each(['/v2', '/v2/'])('describes itself at %s', async (url) => {
    const { status, body } = await get(app, url);
    expect([status, body.name]).toEqual([200, 'polyattention']);
    expect(body.extensions).toEqual(['binary_tensor_data', 'model_configuration', 'statistics', 'parameters']);
  });

  it('is live and ready, and not ready while it drains', async () => {
    const own = await buildTestApp({ BACKENDS: 'reference' });
    expect((await get(own, '/v2/health/live')).body).toEqual({ live: true });
    expect((await get(own, '/v2/health/ready')).body).toEqual({ ready: true });
    own.readiness.state = 'draining';
    for (const url of ['/v2/health/ready', '/v2/models/attention/ready']) {
      const { status, headers, body } = await get(own, url);
      expect([status, headers['content-type'], headers['retry-after'], body.error]).toEqual([
        503,
        'application/json',
        '5',
        'The service is draining',
      ]);
    }
    expect((await get(own, '/v2/health/live')).status).toBe(200);
  });

  it('asks for tokens but at its probes', async () => {
    const own = await buildTestApp({ BACKENDS: 'reference', AUTH_TOKENS: 'secret' });
    expect((await get(own, '/v2/health/ready')).status).toBe(200);
    const refused = await get(own, '/v2');
    expect([refused.status, refused.headers['content-type'], typeof refused.body.error]).toEqual([
      401,
      'application/json',
      'string',
    ]);
    expect((await get(own, '/v2', { authorization: 'Bearer secret' })).status).toBe(200);
  });
});

describe('perf_analyzer', () => {
  // serving.md §B.8: it reads max_batch_size, input[].optional and response_cache.enable, and statistics because the extension is listed.
  const dims = [-1, -1, -1, -1];
  const input = (name: string, optional: boolean, shape = dims) => ({ name, data_type: 'TYPE_FP32', dims: shape, optional });
  const output = (name: string, shape: number[]) => ({ name, data_type: 'TYPE_FP32', dims: shape });

  it('finds the configuration field by field', async () => {
    expect((await get(app, '/v2/models/attention/config')).body).toEqual({
      name: 'attention',
      platform: '',
      backend: 'polyattention',
      max_batch_size: 0,
      input: [input('query', false), input('key', false), input('value', true), input('bias', true, [-1, -1, -1])],
      output: [output('output', dims), output('log_sum_exp', [-1, -1, -1])],
      instance_group: [{ name: 'attention', kind: 'KIND_CPU', count: 2 }],
      response_cache: { enable: false },
    });
  });

  it('finds statistics, of a model that was never asked too', async () => {
    const never = { count: 0, ns: 0 };
    const [stats] = (await get(app, '/v2/models/tensor-8/stats')).body.model_stats;
    const counted = ['success', 'fail', 'queue', 'compute_input', 'compute_infer', 'compute_output', 'cache_hit', 'cache_miss'];
    expect(stats).toEqual({
      name: 'tensor-8',
      version: '1',
      last_inference: 0,
      inference_count: 0,
      execution_count: 0,
      inference_stats: Object.fromEntries(counted.map((name) => [name, never])),
      batch_stats: [],
    });
  });
});

describe('statistics', () => {
  it('count what went well and what did not, by model, in nanoseconds', async () => {
    const own = await buildTestApp({ BACKENDS: 'reference' });
    const send = (inputs: object[]) =>
      own.inject({ method: 'POST', url: '/v2/models/attention/infer', payload: JSON.stringify({ inputs }) });
    await send(INPUTS);
    await send(INPUTS);
    await send([]);
    const [stats] = (await get(own, '/v2/models/attention/versions/1/stats')).body.model_stats;
    expect(stats).toMatchObject({ name: 'attention', version: '1', inference_count: 2, execution_count: 2 });
    expect(stats.last_inference).toBeGreaterThan(Date.now() - 60_000);
    const {
      success,
      fail,
      queue,
      compute_input: decode,
      compute_infer: kernel,
      compute_output: encode,
      cache_hit,
    } = stats.inference_stats;
    expect([success, fail, queue, decode, kernel, encode, cache_hit].map(({ count }) => count)).toEqual([2, 1, 2, 2, 2, 2, 0]);
    expect(success.ns).toBeGreaterThan(queue.ns + decode.ns + kernel.ns + encode.ns);
    for (const { ns } of [success, fail, decode, encode]) expect([Number.isInteger(ns), ns > 0]).toEqual([true, true]);
    expect(stats.batch_stats).toEqual([{ batch_size: 1, compute_input: decode, compute_infer: kernel, compute_output: encode }]);
    const all = (await get(own, '/v2/models/stats')).body.model_stats;
    expect(all.find(({ name }: { name: string }) => name === 'attention')).toEqual(stats);
    expect(all.find(({ name }: { name: string }) => name === 'path-3').inference_count).toBe(0);
  });
});
