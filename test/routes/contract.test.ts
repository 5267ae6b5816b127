import { afterAll, describe, expect, it } from 'vitest';
import { ERRORS } from '../../src/errors.ts';
import { type Answer, get, post, startTestApp } from '../helpers/app.ts';
import { randomCase, requestOf } from '../helpers/case.ts';

/** The members and headers of answers, exactly as api.md §3 and §5 have them. */

const app = await startTestApp();
afterAll(() => app.close());

const MEMBERS = ['output', 'emptyRows', 'plan', 'timing'];
const PLAN = [
  'class',
  'mask',
  'algorithm',
  'exponent',
  'flops',
  'exponentials',
  'bytes',
  'backend',
  'threads',
  'tiles',
  'fallbackRows',
];
const TIMING = ['decodeMs', 'planMs', 'queueMs', 'computeMs', 'measureMs', 'encodeMs', 'totalMs', 'stages'];
const ask = (polynomial: string, extra: Record<string, unknown> = {}): Promise<Answer> =>
  post(app, '/v1/attention', requestOf(randomCase(polynomial, 5, 3), 'flat', extra));

/** Metrics of a Server-Timing header (W3C), by name. */
function metrics(answer: { headers: Record<string, unknown> }): Map<string, number> {
  const text = String(answer.headers['server-timing']);
  expect(text).toMatch(/^[a-z]+;dur=\d+\.\d+(, [a-z]+;dur=\d+\.\d+)*$/);
  return new Map(
    text
      .split(', ')
      .map((part) => part.split(';dur='))
      .map(([name, ms]) => [String(name), Number(ms)]),
  );
}

describe('the response of POST /v1/attention', () => {
  it.each([
    ['x1*x2 + x2*x3', 'tree', 2],
    ['x1*x2 + x2*x3 + x1*x3', 'cycle', 3],
    ['x1*x2*x3', 'tensor', 3],
    ['x1*x2*x3 + x3*x4', 'general', 3],
  ])('of %s has its members and no others', async (polynomial, kind, exponent) => {
    const { status, headers, body } = await ask(polynomial);
    expect([status, headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    expect(Object.keys(body)).toEqual(MEMBERS);
    expect(Object.keys(body.output)).toEqual(['shape', 'dtype', 'data']);
    expect(Object.keys(body.plan).filter((name) => name !== 'isa')).toEqual(PLAN);
    expect(body.plan).toMatchObject({ class: kind, mask: 'none', exponent, threads: 2, fallbackRows: 0 });
    const { name, isa } = app.engine.machine.backends.find((one) => one.name === body.plan.backend) ?? {};
    expect([body.plan.backend, body.plan.isa]).toEqual([name, isa ?? undefined]);
    for (const figure of ['flops', 'exponentials', 'bytes', 'tiles']) expect(body.plan[figure]).toBeGreaterThan(0);
    expect(Object.keys(body.timing)).toEqual(TIMING);
    expect(body.timing.stages.length).toBeGreaterThan(0);
    for (const stage of body.timing.stages) expect(Object.keys(stage)).toEqual(['step', 'variable', 'ms', 'gflops']);
  });

  it('has logSumExp where it is asked for, after the output', async () => {
    const { body } = await ask('x1*x2', { output: { logSumExp: true } });
    expect(Object.keys(body)).toEqual(['output', 'logSumExp', ...MEMBERS.slice(1)]);
  });

  it('names the variable of every attention call', async () => {
    const { body } = await ask('x1*x2 + x2*x3 + x2*x4');
    expect(
      body.timing.stages
        .filter(({ step }: { step: string }) => step === 'attend')
        .map(({ variable }: { variable: number }) => variable)
        .sort(),
    ).toEqual([2, 3, 4]);
  });

  it('has times that add up', async () => {
    const { body, headers } = await ask('x1*x2 + x2*x3');
    const { stages, totalMs, ...parts } = body.timing as Record<string, number> & { stages: { ms: number; gflops: number }[] };
    for (const ms of [...Object.values(parts), ...stages.map((stage) => stage.ms)]) expect(ms).toBeGreaterThanOrEqual(0);
    // Rounded to microseconds, each of them.
    expect(totalMs).toBeGreaterThanOrEqual(Object.values(parts).reduce((sum, ms) => sum + ms, 0) - 0.004);
    for (const { ms } of stages) expect(ms).toBeLessThanOrEqual((parts.computeMs as number) + 0.001);
    expect(parts.measureMs).toBe(0);
    const header = metrics({ headers });
    expect([...header.keys()]).toEqual(['receive', 'decode', 'plan', 'queue', 'compute', 'encode', 'total']);
    expect(parts.decodeMs).toBeCloseTo((header.get('receive') ?? 0) + (header.get('decode') ?? 0), 2);
    for (const name of ['plan', 'queue', 'compute']) expect(header.get(name)).toBeCloseTo(parts[`${name}Ms`] as number, 2);
    expect(header.get('total')).toBeGreaterThanOrEqual((totalMs as number) - 0.001);
  });

  it('counts the work of all slices', async () => {
    const one = { shape: [8, 4], data: new Array(32).fill(0.5) };
    const many = { shape: [2, 3, 8, 4], data: new Array(192).fill(0.5) };
    const [few, all] = await Promise.all(
      [one, many].map((tensor) =>
        post(app, '/v1/attention', { polynomial: 'x1*x2', tensors: { q1: tensor, q2: tensor, v2: tensor } }),
      ),
    );
    // math.md §6.6: 4 n^2 d flops and n^2 exponentials a head.
    expect([few?.body.plan.flops, few?.body.plan.exponentials]).toEqual([4 * 64 * 4, 64]);
    expect(all?.body.plan.flops).toBe(6 * few?.body.plan.flops);
    expect(all?.body.plan.exponentials).toBe(6 * 64);
  });
});

describe('headers of every answer', () => {
  const asks: [string, () => Promise<Answer>, number][] = [
    ['an answer', () => ask('x1*x2'), 200],
    ['a refusal', () => post(app, '/v1/attention', {}), 422],
    ['a body that is no JSON', () => post(app, '/v1/attention', '{'), 400],
    ['a media type', () => post(app, '/v1/attention', 'x', { 'content-type': 'text/plain' }), 415],
    ['an analysis', () => post(app, '/v1/polynomials/analyze', { polynomial: 'x1*x2' }), 200],
    ['the catalogue', () => get(app, '/v1/mechanisms'), 200],
    ['back ends', () => get(app, '/v1/backends'), 200],
    ['a probe', () => get(app, '/livez'), 200],
    ['the document', () => get(app, '/openapi.json'), 200],
    ['an unknown path', () => get(app, '/v1/nothing'), 404],
    ['a path that cannot be decoded', () => get(app, '/v1/%zz'), 400],
    ['a name that is too long', () => get(app, `/v1/mechanisms/${'a'.repeat(300)}`), 404],
    ['a wrong method', () => get(app, '/v1/attention'), 405],
    ['an Accept', () => get(app, '/v1/mechanisms', { accept: 'text/plain' }), 406],
  ];

  it.each(asks)('%s has X-Request-Id and Server-Timing', async (_, send, status) => {
    const answer = await send();
    expect(answer.status).toBe(status);
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(metrics(answer).get('total')).toBeGreaterThanOrEqual(0);
    if (status < 400) return;
    const { type, title, instance, code, traceId, detail, error } = answer.body;
    const entry = ERRORS[code as keyof typeof ERRORS];
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect({ status: answer.body.status, title }).toEqual(entry);
    expect(type).toBe(`/problems/${code}`);
    expect([entry.status, traceId, error]).toEqual([status, answer.headers['x-request-id'], detail]);
    expect(instance.startsWith('/v1/')).toBe(true);
  });

  it.each(['mine', 'a:b/c?d=1~!', 'x'.repeat(128)])('X-Request-Id %s comes back', async (id) => {
    expect((await get(app, '/livez', { 'x-request-id': id })).headers['x-request-id']).toBe(id);
    expect((await get(app, '/v1/nothing', { 'x-request-id': id })).body.traceId).toBe(id);
  });

  it.each(['', 'a b', 'x'.repeat(129), 'é', 'a\tb'])('X-Request-Id %j is replaced', async (id) => {
    const given = (await get(app, '/livez', { 'x-request-id': id })).headers['x-request-id'];
    expect(given).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('no two requests share an id that the service made', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => get(app, '/livez')));
    expect(new Set(answers.map(({ headers }) => headers['x-request-id'])).size).toBe(20);
  });

  it('traceparent gives the trace id of a problem', async () => {
    const trace = '0af7651916cd43dd8448eb211c80319c';
    const answer = await get(app, '/v1/nothing', { traceparent: `00-${trace}-b7ad6b7169203331-01`, 'x-request-id': 'mine' });
    expect([answer.body.traceId, answer.headers['x-request-id']]).toEqual([trace, 'mine']);
    for (const broken of ['00-xyz', `00-${trace}`, `01-${trace}-b7ad6b7169203331-01-`, '']) {
      expect((await get(app, '/v1/nothing', { traceparent: broken, 'x-request-id': 'mine' })).body.traceId).toBe('mine');
    }
  });
});
