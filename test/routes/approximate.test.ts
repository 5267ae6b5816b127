import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, post, startTestApp, type TestApp } from '../helpers/app.ts';
import { normal, random, randomRows } from '../helpers/random.ts';

/** The modes 'approximate' and 'auto' over HTTP, method by method; that certificates hold in general is for test/plan/approximate. */

const POLYNOMIALS = [
  'x1*x2',
  'x1*x2 + x2*x3',
  'x1*x2 - 2*x1*x3',
  'x1*x2 + x3*x4',
  'x1*x2*x3',
  'x1*x2 + x2*x3 + x1*x3',
  'x1*x2*x3 + x3*x4',
];

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ BACKENDS: 'native,reference' });
});
afterAll(() => app.close());

interface Shape {
  readonly n: number;
  readonly d: number;
  readonly bound: number;
  readonly seed: number;
  readonly offset?: number;
}

/** q uniform in offset ± bound, v uniform in ±1. */
function tensorsOf(polynomial: string, { n, d, bound, seed, offset = 0 }: Shape): Record<string, unknown> {
  const next = random(seed);
  const t = Math.max(...[...polynomial.matchAll(/x(\d)/g)].map(([, digit]) => Number(digit)));
  const tensors: Record<string, unknown> = {};
  for (let j = 1; j <= t; j++) {
    tensors[`q${j}`] = randomRows(next, n, d, bound).map((row) => row.map((x) => x + offset));
    if (j > 1) tensors[`v${j}`] = randomRows(next, n, 2, 1);
  }
  return tensors;
}

function approximate(body: Record<string, unknown>, on: TestApp = app): Promise<Answer> {
  return post(on, '/v1/attention', { mode: 'approximate', errorReport: { type: 'full' }, ...body });
}

/** What every approximate answer owes: a certificate within the tolerance, and an error within the certificate. */
function expectCertified({ status, body }: Answer, tolerance: number, kind = 'proved'): void {
  expect(status, JSON.stringify(body)).toBe(200);
  const { used, certificate, measured } = body.approximation;
  expect(used).toBe(true);
  expect(certificate.kind).toBe(kind);
  expect(certificate.maxAbsError).toBeLessThanOrEqual(tolerance);
  expect(measured.maxAbsError).toBeLessThanOrEqual(certificate.maxAbsError);
}

describe('polynomial features', () => {
  it.each(POLYNOMIALS.flatMap((polynomial) => ['taylor', 'minimax'].map((method) => ({ polynomial, method }))))(
    'certify $polynomial by $method',
    async ({ polynomial, method }) => {
      for (const tolerance of [1e-2, 1e-4, 1e-7]) {
        const tensors = tensorsOf(polynomial, { n: 12, d: 3, bound: 0.6, seed: 3 });
        expectCertified(await approximate({ polynomial, tensors, approximation: { method, tolerance } }), tolerance);
      }
    },
  );

  it('know the largest score of a small request, which sizes of rows bound several times too high', async () => {
    const tensors = tensorsOf('x1*x2*x3', { n: 4, d: 16, bound: 1, seed: 19 });
    const [q1, q2, q3] = ['q1', 'q2', 'q3'].map((name) => tensors[name] as number[][]) as [number[][], number[][], number[][]];
    const score = (a: number[], b: number[], c: number[]) =>
      Math.abs(a.reduce((sum, x, i) => sum + x * (b[i] as number) * (c[i] as number), 0)) / 16;
    const largest = Math.max(...q1.flatMap((a) => q2.flatMap((b) => q3.map((c) => score(a, b, c)))));
    const answer = await approximate({ polynomial: 'x1*x2*x3', tensors, approximation: { method: 'minimax', tolerance: 1e-3 } });
    expectCertified(answer, 1e-3);
    expect(answer.body.approximation.scoreBound).toBeCloseTo(largest, 6);
  });

  it('take a common offset of the rows out of pairs', async () => {
    const tensors = tensorsOf('x1*x2', { n: 40, d: 4, bound: 0.3, seed: 4, offset: 3 });
    const answer = await approximate({ polynomial: 'x1*x2', tensors, approximation: { method: 'minimax', tolerance: 1e-3 } });
    expectCertified(answer, 1e-3);
    expect(answer.body.approximation.scoreBound).toBeLessThan(0.4);
  });

  it.each([
    { polynomial: 'x1*x2', mask: { type: 'edge-causal' } },
    { polynomial: 'x1*x2 + x2*x3', mask: { type: 'edge-causal' } },
    { polynomial: 'x1*x2 + x1*x3', mask: { type: 'root-causal' } },
    { polynomial: 'x1*x2*x3', mask: { type: 'root-causal' } },
    { polynomial: 'x1*x2*x3', mask: { type: 'root-window', window: [5, 3] } },
    { polynomial: 'x1*x2 + x2*x3', mask: { type: 'edge-window', window: [4, 6] } },
  ])('certify $polynomial under $mask.type', async ({ polynomial, mask }) => {
    const tensors = { ...tensorsOf(polynomial, { n: 30, d: 3, bound: 0.6, seed: 5 }), b2: biases(30) };
    expectCertified(await approximate({ polynomial, tensors, mask, approximation: { method: 'minimax', tolerance: 1e-3 } }), 1e-3);
  });

  it('run at a degree that the client fixed, and say what that certifies', async () => {
    const tensors = tensorsOf('x1*x2*x3', { n: 10, d: 3, bound: 0.9, seed: 6 });
    const answer = await approximate({ polynomial: 'x1*x2*x3', tensors, approximation: { method: 'taylor', degree: 2 } });
    expectCertified(answer, Number.POSITIVE_INFINITY);
    expect(answer.body.approximation.degree).toBe(2);
  });

  it('use projections from tokens', async () => {
    const next = random(7);
    const weights = (): unknown => randomRows(next, 4, 3, 0.4);
    const tensors = { x: randomRows(next, 20, 4, 0.8), wq1: weights(), wq2: weights(), wv2: weights() };
    expectCertified(await approximate({ polynomial: 'x1*x2', tensors, approximation: { method: 'minimax' } }), 1e-3);
  });
});

describe('compression', () => {
  it('finds few coordinates under noise', async () => {
    const tensors = lowRank(400, 24, 3, 8);
    const answer = await approximate({
      polynomial: 'x1*x2 + x2*x3',
      tensors,
      approximation: { method: 'compress', tolerance: 1e-3 },
    });
    expectCertified(answer, 1e-3);
    expect(answer.body.approximation.rank).toBeLessThan(1000);
  });

  it('is refused for a product of three', async () => {
    const tensors = tensorsOf('x1*x2*x3', { n: 8, d: 8, bound: 0.5, seed: 9 });
    const answer = await approximate({ polynomial: 'x1*x2*x3', tensors, approximation: { method: 'compress' } });
    expect([answer.status, answer.body.code]).toEqual([422, 'tolerance_unreachable']);
  });
});

describe('pruning', () => {
  it.each(['x1*x2', 'x1*x2 + x2*x3', 'x1*x2 + x1*x3'])('drops what does not matter in %s', async (polynomial) => {
    const tensors = tensorsOf(polynomial, { n: 60, d: 4, bound: 12, seed: 10 });
    expectCertified(await approximate({ polynomial, tensors, approximation: { method: 'prune', tolerance: 1e-3 } }), 1e-3);
  });

  it('says where nothing could be left out', async () => {
    const tensors = tensorsOf('x1*x2', { n: 40, d: 4, bound: 1, seed: 10 });
    const answer = await approximate({ polynomial: 'x1*x2', tensors, approximation: { method: 'prune', tolerance: 1e-3 } });
    expectCertified(answer, 1e-3);
    expect(answer.body.approximation.reason).toContain('no key could be left out');
  });
});

describe('methods that draw', () => {
  const sampled = { polynomial: 'x1*x2*x3', tensors: tensorsOf('x1*x2*x3', { n: 20, d: 3, bound: 1, seed: 11 }) };
  const featured = { polynomial: 'x1*x2 - 2*x1*x3', tensors: tensorsOf('x1*x2 - 2*x1*x3', { n: 30, d: 3, bound: 0.3, seed: 12 }) };

  it.each([
    { method: 'sampling', request: sampled, tolerance: 0.2 },
    { method: 'random-features', request: featured, tolerance: 0.5 },
  ])('$method stays within its certificate for every seed', async ({ method, request, tolerance }) => {
    for (let seed = 0; seed < 12; seed++) {
      expectCertified(await approximate({ ...request, approximation: { method, tolerance, seed } }), tolerance, 'probabilistic');
    }
  });

  it.each([
    { method: 'sampling', request: sampled, size: { samples: 500 } },
    { method: 'random-features', request: featured, size: { features: 64 } },
  ])(
    '$method gives the same by seed on one thread and on three, and something else by another seed',
    async ({ method, request, size }) => {
      const answers = await Promise.all(
        ['1', '3'].map(async (WORKER_THREADS) => {
          const other = await startTestApp({ BACKENDS: 'native,reference', WORKER_THREADS });
          const answer = await approximate({ ...request, approximation: { method, ...size, seed: 5 } }, other);
          await other.close();
          return answer.body.output.data as number[];
        }),
      );
      const [one, three] = answers as [number[], number[]];
      expect(three).toEqual(one);
      const again = await approximate({ ...request, approximation: { method, ...size, seed: 6 } });
      expect(again.body.output.data).not.toEqual(one);
    },
  );

  it('leaves out the rows that b1 leaves out', async () => {
    const body = { ...sampled, tensors: { ...sampled.tensors, b1: biases(20) } };
    const answer = await approximate({ ...body, approximation: { method: 'sampling', tolerance: 0.2 } });
    expectCertified(answer, 0.2, 'probabilistic');
    expect(answer.body.emptyRows).toBe(1);
    expect(answer.body.output.data.slice(6, 8)).toEqual([0, 0]);
  });

  it('says the log-sum-exp of all tuples that there are, with b1 in it', async () => {
    const b1 = Array.from({ length: 20 }, (_, row) => row / 10);
    const body = { ...sampled, tensors: { ...sampled.tensors, b1 }, mask: { lengths: { 1: [20], 2: [13], 3: [7] } } };
    const output = { logSumExp: true };
    const answer = await approximate({ ...body, output, approximation: { method: 'sampling', tolerance: 0.2 } });
    expectCertified(answer, 0.2, 'probabilistic');
    const exact = await post(app, '/v1/attention', { ...body, output });
    const [given, wanted] = [answer, exact].map((one) => one.body.logSumExp.data as number[]) as [number[], number[]];
    given.forEach((value, row) => {
      expect(Math.abs(value - (wanted[row] as number))).toBeLessThan(0.1);
    });
  });

  it('says that nothing is certified where the client fixed too small a size', async () => {
    const answer = await approximate({ ...sampled, approximation: { method: 'sampling', samples: 2 } });
    expect(answer.body.approximation.certificate).toEqual({ kind: 'none' });
  });
});

describe("mode 'auto'", () => {
  it('approximates where that is faster', async () => {
    const tensors = tensorsOf('x1*x2*x3', { n: 512, d: 8, bound: 0.5, seed: 13 });
    const body = { polynomial: 'x1*x2*x3', tensors, mode: 'auto', errorReport: { type: 'sample', rows: 8 } };
    const answer = await approximate(body);
    expectCertified(answer, 1e-3);
    expect(answer.body.approximation.measured).toMatchObject({ type: 'sample', rows: 8 });
    expect(answer.body.timing.measureMs).toBeGreaterThan(0);
  });

  it('goes exact for small requests and for scores too large, and says why', async () => {
    const small = { polynomial: 'x1*x2', tensors: tensorsOf('x1*x2', { n: 8, d: 3, bound: 0.5, seed: 14 }), mode: 'auto' };
    const large = { polynomial: 'x1*x2*x3', tensors: unitNormal(128, 16, 15), mode: 'auto', scale: '1/sqrt(d)' };
    for (const body of [small, large]) {
      const { status, body: answer } = await approximate(body);
      expect(status).toBe(200);
      expect(answer.approximation.used).toBe(false);
      expect(answer.approximation.reason).not.toBe('');
      expect(answer.approximation.certificate).toBeUndefined();
      const exact = await post(app, '/v1/attention', { ...body, mode: 'exact' });
      expect(answer.output.data).toEqual(exact.body.output.data);
    }
  });
});

it('refuses unit-normal data at scale 1/sqrt(d) with the best that it can certify', async () => {
  const answer = await approximate({ polynomial: 'x1*x2*x3', tensors: unitNormal(64, 16, 16), scale: '1/sqrt(d)' });
  expect([answer.status, answer.body.code]).toEqual([422, 'tolerance_unreachable']);
  expect(answer.body.detail).toMatch(/certif/);
});

/** Log-weights of some size, with one key that is not there. */
function biases(n: number): unknown {
  const next = random(17);
  const data: (number | string)[] = Array.from({ length: n }, () => 4 * next() - 2);
  data[3] = '-Infinity';
  return { shape: [n], data };
}

/** Rows in `rank` directions, one per cent of noise beside them. */
function lowRank(n: number, d: number, rank: number, seed: number): Record<string, unknown> {
  const next = random(seed);
  const directions = randomRows(next, rank, d, 1);
  const rows = (): number[][] =>
    randomRows(next, n, rank, 0.5).map((weights) =>
      Array.from(
        { length: d },
        (_, c) => weights.reduce((sum, w, i) => sum + w * (directions[i]?.[c] ?? 0), 0) + 0.005 * (2 * next() - 1),
      ),
    );
  const values = (): unknown => randomRows(next, n, 2, 1);
  return { q1: rows(), q2: rows(), q3: rows(), v2: values(), v3: values() };
}

function unitNormal(n: number, d: number, seed: number): Record<string, unknown> {
  const next = random(seed);
  const rows = (cols: number): number[][] => Array.from({ length: n }, () => Array.from({ length: cols }, () => normal(next)));
  return { q1: rows(d), q2: rows(d), q3: rows(d), v2: rows(2), v3: rows(2) };
}
