import { afterAll, describe, expect, it } from 'vitest';
import { buildTestApp, get, post, startTestApp } from '../helpers/app.ts';

/** Catalogue, analysis and back ends: what can be asked without tensors (api.md §1, §4). */

const app = await startTestApp();
afterAll(() => app.close());

describe('GET /v1/mechanisms', () => {
  it('lists the catalogue', async () => {
    const { status, body } = await get(app, '/v1/mechanisms');
    expect([status, Object.keys(body)]).toEqual([200, ['mechanisms']]);
    const summary = body.mechanisms.map(({ name, class: kind, exponent }: Record<string, unknown>) => [name, kind, exponent]);
    expect(summary).toEqual([
      ['self', 'tree', 2],
      ['tensor(t)', 'tensor', 3],
      ['strassen', 'cycle', 3],
      ['path(t)', 'tree', 2],
      ['star(t)', 'tree', 2],
      ['cycle(t)', 'cycle', 3],
      ['complete(t)', 'general', 4],
      ['y-tree', 'tree', 2],
    ]);
    for (const mechanism of body.mechanisms) {
      expect(Object.keys(mechanism).sort()).toEqual(
        ['name', 'family', 'parameters', 'example', 'polynomial', 'description', 'class', 'exponent', 'cost', 'tasks'].sort(),
      );
    }
  });

  it('lists names and examples that requests take, each as its polynomial', async () => {
    const { mechanisms } = (await get(app, '/v1/mechanisms')).body;
    for (const { name, example, polynomial } of mechanisms) {
      const [byName, byExample] = [await get(app, `/v1/mechanisms/${name}`), await get(app, `/v1/mechanisms/${example}`)];
      expect([byName.status, byName.body.polynomial, byExample.body.polynomial]).toEqual([200, polynomial, polynomial]);
      const [asMechanism, asPolynomial] = await Promise.all(
        [{ mechanism: example }, { polynomial }].map((body) => post(app, '/v1/polynomials/analyze', body)),
      );
      expect([asMechanism?.status, asMechanism?.body]).toEqual([200, asPolynomial?.body]);
    }
  });
});

describe('GET /v1/mechanisms/{name}', () => {
  it.each([
    ['path', 'path(t)', 'x1*x2 + x2*x3'],
    ['path(t)', 'path(t)', 'x1*x2 + x2*x3'],
    ['path(3)', 'path(3)', 'x1*x2 + x2*x3'],
    ['path%283%29', 'path(3)', 'x1*x2 + x2*x3'],
    ['path(5)', 'path(5)', 'x1*x2 + x2*x3 + x3*x4 + x4*x5'],
    ['tensor(4)', 'tensor(4)', 'x1*x2*x3*x4'],
    ['cycle(3)', 'cycle(3)', 'x1*x2 + x2*x3 + x1*x3'],
    ['y-tree', 'y-tree', 'x1*x2 + x2*x3 + x2*x4'],
  ])('%s is %s', async (asked, name, polynomial) => {
    const { status, body } = await get(app, `/v1/mechanisms/${asked}`);
    expect([status, body.name]).toEqual([200, name]);
    const terms = (text: string): string[] => text.split(' + ').sort();
    expect(terms(body.polynomial)).toEqual(terms(polynomial));
  });

  it.each(['nothing', 'Path', 'path_3', 'self-attention', '__proto__', 'constructor', 'x'.repeat(190)])(
    '%s is not there',
    async (name) => {
      const { status, body } = await get(app, `/v1/mechanisms/${name}`);
      expect([status, body.code]).toEqual([404, 'not_found']);
    },
  );

  it.each([
    'path(99)',
    'path(1)',
    'path(0)',
    'path(-3)',
    'path(x)',
    'path()',
    'path(3',
    'path(3)x',
    'tensor(9)',
    'self(2)',
    'cycle(2)',
  ])('%s has a parameter that is named', async (name) => {
    const { status, body } = await get(app, `/v1/mechanisms/${name}`);
    expect([status, body.code]).toEqual([422, 'invalid_request']);
    expect(body.detail).toMatch(/takes (one integer t from \d to 8|no parameter)/);
  });
});

describe('POST /v1/polynomials/analyze', () => {
  const analyze = (body: unknown): ReturnType<typeof post> => post(app, '/v1/polynomials/analyze', body);

  it.each([
    ['x1*x2', { t: 2, k: 2, s: 1, components: [[1, 2]], treewidth: 1, cutset: [], class: 'tree', exponent: 2 }],
    [
      'x1*x2 + x3*x4',
      {
        t: 4,
        k: 2,
        s: 2,
        components: [
          [1, 2],
          [3, 4],
        ],
        treewidth: 1,
        cutset: [],
        class: 'tree',
        exponent: 2,
      },
    ],
    ['x1*x2 + x2*x3 + x1*x3', { t: 3, k: 2, s: 3, treewidth: 2, cutset: [1], class: 'cycle', exponent: 3 }],
    ['x1*x2*x3', { t: 3, k: 3, s: 1, treewidth: 2, cutset: [1], class: 'tensor', exponent: 3 }],
    ['x1*x2*x3*x4', { t: 4, k: 4, s: 1, treewidth: 3, class: 'tensor', exponent: 4 }],
    ['x1*x2+x1*x3+x1*x4+x2*x3+x2*x4+x3*x4', { t: 4, k: 2, s: 6, treewidth: 3, class: 'general', exponent: 4 }],
    ['x1*x2+x2*x3+x1*x3+x3*x4+x4*x5+x3*x5', { t: 5, treewidth: 2, cutset: [3], class: 'treewidth-2', exponent: 3 }],
    ['x1*x2*x3 + x3*x4', { t: 4, k: 3, s: 2, treewidth: 2, class: 'general', exponent: 3 }],
  ])('knows %s', async (polynomial, facts) => {
    const { status, body } = await analyze({ polynomial });
    expect(status).toBe(200);
    expect(body).toMatchObject(facts);
    expect(Object.keys(body)).toEqual([
      ...['polynomial', 't', 'k', 's', 'monomials', 'components', 'treewidth', 'cutset', 'eliminationOrder', 'class', 'exponent'],
      ...['upperBound', 'lowerBound', 'shape', 'plan', 'approximation', 'tasks', 'dot'],
    ]);
    expect(body.monomials).toHaveLength(body.s);
    expect(body.eliminationOrder.toSorted()).toEqual(Array.from({ length: body.t }, (_, index) => index + 1));
    expect(body.dot).toMatch(/^(strict )?graph /);
  });

  it('gives the normal form', async () => {
    const texts = ['x2x1 + x3x2', ' x1*x2+x2*x3', '1*x2*x3 + x1 x2'];
    const answers = await Promise.all(texts.map((polynomial) => analyze({ polynomial })));
    expect(answers.map(({ body }) => body.polynomial)).toEqual(texts.map(() => 'x1*x2 + x2*x3'));
    expect((await analyze({ polynomial: 'x2*x1 - .5 x2x3' })).body.monomials).toEqual([
      { coefficient: 1, variables: [1, 2] },
      { coefficient: -0.5, variables: [2, 3] },
    ]);
  });

  it('plans for the shape', async () => {
    const shape = { n: 128, d: 16, dv: 8, batch: 2, heads: 3 };
    const { body } = await analyze({ polynomial: 'x1*x2 + x2*x3', shape });
    expect(body.shape).toEqual(shape);
    const attends = body.plan.stages.filter(({ step }: { step: string }) => step === 'attend');
    expect(attends.map(({ variable, level }: Record<string, number>) => [variable, level])).toEqual([
      [3, 1],
      [2, 3],
    ]);
    expect(attends.map(({ flops }: { flops: number }) => flops)).toEqual([2 * 128 * 128 * 24, 2 * 128 * 128 * 24]);
    expect(body.plan).toMatchObject({ algorithm: 'tree-messages', exponent: 2, verdict: 'synchronous', threads: 2 });
    expect(body.plan.limit).toBeUndefined();
    // x1's own row and everything it reads, in float32.
    expect(body.plan.bytes).toBeGreaterThan(4 * 6 * 128 * (3 * 16 + 3 * 8));
    expect(body.plan.estimatedMs).toBeGreaterThan(0);
    expect((await analyze({ polynomial: 'x1*x2' })).body.shape).toEqual({ n: 1024, d: 64, dv: 64, batch: 1, heads: 1 });
  });

  it('gives the outlook for an entry bound', async () => {
    const { approximation } = (await analyze({ polynomial: 'x1*x2', entryBound: 0.5, shape: { n: 1024, d: 4 } })).body;
    // scale 1/d, so |score| <= B^2.
    expect(approximation).toMatchObject({ entryBound: 0.5, scoreBound: 0.25 });
    expect(approximation.entryThreshold).toBeCloseTo(Math.log(1024) ** 0.5, 12);
    expect(approximation.tolerances.map(({ tolerance }: { tolerance: number }) => tolerance)).toEqual([1e-2, 1e-3, 1e-4]);
    for (const { breakEvenN, speedUp } of approximation.tolerances) expect(speedUp > 1).toBe(breakEvenN <= 1024);
    // A tighter tolerance never costs less; larger entries neither.
    const gains = approximation.tolerances.map(({ speedUp }: { speedUp: number }) => speedUp);
    expect(gains).toEqual([...gains].sort((a, b) => b - a));
    const wider = (await analyze({ polynomial: 'x1*x2', entryBound: 1.5, shape: { n: 1024, d: 4 } })).body.approximation.tolerances;
    wider.forEach(({ speedUp = 0 }, i: number) => {
      expect(speedUp).toBeLessThanOrEqual(gains[i]);
    });
    expect((await analyze({ polynomial: 'x1*x2' })).body.approximation.tolerances).toEqual([]);
  });

  it('leaves out a bound that no number can hold', async () => {
    const { approximation } = (await analyze({ polynomial: 'x1*x2', entryBound: 1e200 })).body;
    expect(approximation).toMatchObject({ entryBound: 1e200, tolerances: [{ tolerance: 1e-2 }, {}, {}] });
    expect(approximation).not.toHaveProperty('scoreBound');
  });

  it('gives no degree where no number can hold its rank', async () => {
    const { status, body } = await analyze({ polynomial: 'x1*x2', entryBound: 4, shape: { n: 64, d: 10_000_000 } });
    expect([status, body.approximation.tolerances]).toEqual([200, [{ tolerance: 1e-2 }, { tolerance: 1e-3 }, { tolerance: 1e-4 }]]);
  });

  it('gives the plan that a request of that shape then runs', async () => {
    const tensor = { shape: [12, 4], data: new Array(48).fill(0.25) };
    const names = ['q1', 'q2', 'q3', 'v2', 'v3'];
    const tensors = Object.fromEntries(names.map((name) => [name, tensor]));
    for (const mechanism of ['path(3)', 'strassen', 'tensor(3)']) {
      const planned = (await analyze({ mechanism, shape: { n: 12, d: 4 } })).body.plan;
      const { plan } = (await post(app, '/v1/attention', { mechanism, tensors })).body;
      for (const member of ['algorithm', 'exponent', 'flops', 'exponentials', 'bytes', 'backend'])
        expect([member, plan[member]]).toEqual([member, planned[member]]);
    }
  });

  it.each([
    [{}, '/polynomial'],
    [{ polynomial: 'x1*x2', mechanism: 'self' }, '/polynomial'],
    [{ mechanism: 'nothing' }, '/mechanism'],
    [{ mechanism: 'path(99)' }, '/mechanism'],
    [{ polynomial: 'x1*x1' }, '/polynomial'],
    [{ polynomial: 'x1*x2', shapes: {} }, '/shapes'],
    [{ polynomial: 'x1*x2', tensors: { q1: [[1]] } }, '/tensors'],
    [{ polynomial: 'x1*x2', shape: { n: 0 } }, '/shape/n'],
    [{ polynomial: 'x1*x2', shape: { n: -1 } }, '/shape/n'],
    [{ polynomial: 'x1*x2', shape: { n: 1.5 } }, '/shape/n'],
    [{ polynomial: 'x1*x2', shape: { n: 1e12 } }, '/shape/n'],
    [{ polynomial: 'x1*x2', shape: { n: '8' } }, '/shape/n'],
    [{ polynomial: 'x1*x2', shape: { m: 8 } }, '/shape/m'],
    [{ polynomial: 'x1*x2', shape: [8, 8] }, '/shape'],
    [{ polynomial: 'x1*x2', entryBound: 0 }, '/entryBound'],
    [{ polynomial: 'x1*x2', algorithm: 'magic' }, '/algorithm'],
    [{ polynomial: 'x1*x2', backend: 'abacus' }, '/backend'],
  ])('refuses %j at %s', async (body, pointer) => {
    const answer = await analyze(body);
    expect([answer.status, answer.body.code]).toEqual([422, 'invalid_request']);
    expect(answer.body.errors.map((fault: { pointer: string }) => fault.pointer)).toContain(pointer);
  });
});

describe('verdicts', () => {
  const MIB = 2 ** 20;

  it.each([
    ['synchronous', undefined, {}, { n: 64, d: 8 }],
    ['job-only', 'MAX_SYNC_SECONDS', { MAX_SYNC_SECONDS: '0.000001' }, { n: 1024, d: 64 }],
    ['refused', 'MAX_JOB_SECONDS', { MAX_SYNC_SECONDS: '0.000001', MAX_JOB_SECONDS: '0.000002' }, { n: 1024, d: 64 }],
    [
      'refused',
      'MAX_INFLIGHT_BYTES',
      { MAX_BODY_BYTES: `${MIB}`, MAX_JSON_BYTES: `${MIB}`, MAX_INFLIGHT_BYTES: `${MIB}` },
      { n: 4096, d: 256 },
    ],
    ['refused', 'MAX_INFLIGHT_BYTES', {}, { n: 2 ** 31, d: 2 ** 31, heads: 2 ** 31, batch: 2 ** 31 }],
  ])('%s by %s', async (verdict, limit, settings: Record<string, string>, shape) => {
    const limited = await buildTestApp({ BACKENDS: 'reference', ...settings });
    const { status, body } = await post(limited, '/v1/polynomials/analyze', { polynomial: 'x1*x2', shape });
    expect(status).toBe(200);
    expect([body.plan.verdict, body.plan.limit]).toEqual([verdict, limit]);
  });
});

describe('GET /v1/backends', () => {
  it('lists every back end, those that loaded with what they can and how fast', async () => {
    const { body } = await get(app, '/v1/backends');
    expect(Object.keys(body)).toEqual(['threads', 'backends']);
    expect(body.threads).toBe(2);
    expect(body.backends.map(({ name }: { name: string }) => name).sort()).toEqual(['gpu', 'native', 'reference', 'webgpu']);
    const loaded = app.engine.machine.backends.map(({ name }) => name);
    for (const { name, available, reason, precisions, steps, rates } of body.backends) {
      expect([name, available]).toEqual([name, loaded.includes(name)]);
      if (available) {
        expect(steps.length).toBeGreaterThan(0);
        expect(Object.keys(rates).sort()).toEqual(precisions.toSorted());
        for (const rate of Object.values<Record<string, number>>(rates))
          expect(Object.values(rate).every((value) => value > 0)).toBe(true);
        expect(reason).toBeUndefined();
      } else expect(reason.length).toBeGreaterThan(5);
    }
  });

  it('says so where BACKENDS leaves one out, and refuses it by name', async () => {
    const small = await buildTestApp({ BACKENDS: 'reference' });
    const { backends } = (await get(small, '/v1/backends')).body;
    expect(backends.find(({ name }: { name: string }) => name === 'native')).toEqual({
      name: 'native',
      available: false,
      reason: 'BACKENDS leaves it out',
    });
    const rows = [[1]];
    const answer = await post(small, '/v1/attention', {
      polynomial: 'x1*x2',
      backend: 'native',
      tensors: { q1: rows, q2: rows, v2: rows },
    });
    expect([answer.status, answer.body.code, answer.body.errors[0].pointer]).toEqual([422, 'unsupported_on_backend', '/backend']);
  });
});
