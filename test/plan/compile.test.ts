import { describe, expect, it } from 'vitest';
import { ServiceError } from '../../src/errors.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { ALL, BASIC, backend, machine, outline, planOf, SIMPLE } from './machine.ts';

/** What the planner decides: algorithm, stages and their order, cost, refusals. */

const TRIANGLE = 'x1*x2 + x2*x3 + x1*x3';
const BOWTIE = 'x1*x2 + x2*x3 + x1*x3 + x3*x4 + x4*x5 + x3*x5';
const DIAMOND = 'x1*x2 + x1*x3 + x2*x3 + x2*x4 + x3*x4';
const K4 = 'x1*x2 + x1*x3 + x1*x4 + x2*x3 + x2*x4 + x3*x4';
const PRISM = 'x1*x2 + x2*x3 + x1*x3 + x4*x5 + x5*x6 + x4*x6 + x1*x4 + x2*x5';

function refusal(run: () => Plan): ServiceError {
  try {
    run();
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  throw new Error('It was not refused');
}

describe('forests are attention calls (math.md §6.1)', () => {
  it.each([
    ['x1*x2', 'attend 2'],
    ['x1*x2 + x2*x3', 'attend 3; combine; attend 2'],
    ['x1*x2 + x2*x3 + x3*x4', 'attend 4; combine; attend 3; combine; attend 2'],
    ['x1*x2 + x1*x3', 'attend 2 + attend 3; combine'],
    ['x1*x2 + x1*x3 + x1*x4 + x1*x5', 'attend 2 + attend 3 + attend 4 + attend 5; combine'],
    ['x1*x2 + x2*x3 + x2*x4', 'attend 3 + attend 4; combine; attend 2'],
    // A component without x1 ends as one average, which multiplies every row.
    ['x1*x2 + x3*x4', 'attend 2 + attend 4; combine; attend 3; combine'],
    ['x1*x2 + x3*x4 + x3*x5', 'attend 2 + attend 4 + attend 5; combine; attend 3; combine'],
  ])('%s: %s', (polynomial, stages) => {
    const plan = planOf(polynomial);
    expect([plan.class, plan.algorithm, plan.exponent, outline(plan)]).toEqual(['tree', 'tree-messages', 2, stages]);
  });

  it('costs 4 n^2 d flops and n^2 exponentials an edge (math.md §6.6)', () => {
    const { work } = planOf('x1*x2 + x2*x3 + x3*x4', { shape: { n: 512, d: 32 } });
    expect(work.flops / (3 * 4 * 512 ** 2 * 32)).toBeCloseTo(1, 2);
    expect(work.exponentials).toBe(3 * 512 ** 2);
  });
});

describe('what is no forest is split into blocks', () => {
  it.each([
    [TRIANGLE, 'cycle-gemm', 3, 'cycle'],
    ['x1*x2 + x2*x3 + x3*x4 + x4*x5 + x1*x5', 'cycle-gemm', 3, 'cycle'],
    [BOWTIE, 'cycle-gemm', 3, 'cycle; combine; cycle'],
    ['x1*x2 + x2*x3 + x1*x3 + x1*x4 + x4*x5 + x1*x5', 'cycle-gemm', 3, 'cycle + cycle; combine'],
    [`${TRIANGLE} + x3*x4`, 'cycle-gemm', 3, 'attend 4; combine; cycle'],
    ['x1*x2 + x2*x3 + x3*x4 + x2*x4', 'cycle-gemm', 3, 'cycle; combine; attend 2'],
    ['x1*x2*x3', 'conditioning', 3, 'conditioned'],
    ['x1*x2*x3*x4', 'conditioning', 4, 'conditioned'],
    ['x1*x2*x3 + x3*x4', 'conditioning', 3, 'attend 4; combine; conditioned'],
    ['x1*x2 + x2*x3*x4', 'conditioning', 3, 'conditioned; combine; attend 2'],
    ['x1*x2 + x3*x4*x5', 'conditioning', 3, 'attend 2 + conditioned; combine; attend 3; combine'],
    // Fixing x1 leaves a triangle, and tables over its pairs are cheaper than fixing another variable.
    [K4, 'elimination', 4, 'eliminate'],
    [DIAMOND, 'elimination', 3, 'eliminate'],
  ])('%s by %s, n^%d: %s', (polynomial, algorithm, exponent, stages) => {
    const plan = planOf(polynomial);
    expect([plan.algorithm, plan.exponent, outline(plan)]).toEqual([algorithm, exponent, stages]);
  });

  it('two blocks are n^3 where one cutset of the whole would be n^4', () => {
    const apart = 'x1*x2 + x2*x3 + x1*x3 + x3*x4 + x4*x5 + x5*x6 + x4*x6';
    expect(planOf(apart, {}, SIMPLE).exponent).toBe(3);
    expect(outline(planOf(apart, {}, SIMPLE))).toBe('conditioned; combine; attend 4; combine; conditioned');
  });

  it('elimination is taken where it saves a factor n, and where there is none conditioning does it', () => {
    expect([planOf(PRISM).algorithm, planOf(PRISM).exponent]).toEqual(['elimination', 3]);
    expect([planOf(PRISM, {}, SIMPLE).algorithm, planOf(PRISM, {}, SIMPLE).exponent]).toEqual(['conditioning', 4]);
  });

  it('elimination is weighed against conditioning by modelled time, back end by back end', () => {
    const uneven = machine(backend('native', BASIC, 10), backend('reference', ALL));
    const even = machine(backend('native', ALL, 10), backend('reference', ALL));
    for (const polynomial of [K4, DIAMOND]) {
      expect([planOf(polynomial, {}, uneven).algorithm, planOf(polynomial, {}, uneven).backend.name]).toEqual([
        'conditioning',
        'native',
      ]);
      expect([planOf(polynomial, {}, even).algorithm, planOf(polynomial, {}, even).backend.name]).toEqual([
        'elimination',
        'native',
      ]);
      const [forced, chosen] = [planOf(polynomial, { algorithm: 'conditioning' }, even), planOf(polynomial, {}, even)];
      expect(chosen.seconds).toBeLessThan(forced.seconds / 1.1);
    }
    // One monomial leaves a single pair: nothing for tables to save.
    expect(planOf('x1*x2*x3', {}, even).algorithm).toBe('conditioning');
  });

  it('tables count as memory, and ones above 768 MiB are left to those who ask for them', () => {
    const [small, large] = [256, 2048].map((n) => planOf(DIAMOND, { shape: { n, d: 64 } }));
    // One table over x2 and x3 for each of two threads, one over x1's rows: 256 * 256 * 65 numbers of 8 bytes.
    expect(small?.stages[0]?.scratchBytes).toBe(3 * 8 * 256 * 256 * 65);
    expect(small?.bytes).toBeGreaterThan(3 * 8 * 256 * 256 * 65);
    expect([small?.algorithm, large?.algorithm]).toEqual(['elimination', 'conditioning']);
    const forced = planOf(DIAMOND, { shape: { n: 2048, d: 64 }, algorithm: 'elimination' });
    expect(forced.bytes).toBeGreaterThan(3 * 2 ** 28);
    // The native kernels take columns in passes.
    const native = planOf(DIAMOND, { shape: { n: 2048, d: 64 } }, machine(backend('native', ALL)));
    expect([native.algorithm, native.bytes < 2 ** 30]).toEqual(['elimination', true]);
  });

  it('a masked elimination is modelled in logarithms, and its step holds masks, on which the kernels sum so', () => {
    const options = { shape: { n: 256, d: 64 }, algorithm: 'elimination' };
    const native = machine(backend('native', ALL));
    for (const polynomial of [TRIANGLE, DIAMOND, K4, PRISM, 'x1*x2 + x3*x4 + x4*x5 + x3*x5']) {
      const plain = planOf(polynomial, options, native);
      for (const type of ['edge-causal', 'root-causal', 'edge-window', 'root-window']) {
        const window = type.endsWith('window') && { window: new Array(plain.rows.length - 1).fill(9) };
        const masked = planOf(polynomial, { ...options, mask: { type, ...window } }, native);
        const steps = masked.stages.flatMap(({ step }) => (step.kind === 'eliminate' ? [step] : []));
        expect(steps.length, `${polynomial} ${type}`).toBeGreaterThan(0);
        expect(
          steps.every(({ masks }) => masks.length > 0),
          `${polynomial} ${type}`,
        ).toBe(true);
        expect(masked.work.exponentials).toBeGreaterThan(plain.work.exponentials);
      }
    }
  });

  it('the exponent of an elimination is that of its widest sum', () => {
    const exponent = (polynomial: string): number => planOf(polynomial, { algorithm: 'elimination' }).exponent;
    expect([exponent(DIAMOND), exponent(K4), exponent('x1*x2*x3'), exponent(PRISM)]).toEqual([3, 4, 3, 3]);
  });

  it('a cycle counts the matrices that every thread keeps', () => {
    const scratch = (n: number, algorithm: string): number | undefined =>
      planOf(TRIANGLE, { shape: { n, d: 8 }, algorithm }).stages[0]?.scratchBytes;
    expect([scratch(512, 'auto'), scratch(512, 'cycle-gemm')]).toEqual([2 * 4 * 512 * 512, 2 * 4 * 512 * 512]);
    // Fast products are of packed quadrants, besides the matrix itself. Left to see whether they pay, they start at larger sizes.
    expect(scratch(512, 'fast-matmul')).toBeGreaterThan(4 * (scratch(512, 'cycle-gemm') ?? 0));
    expect(scratch(1024, 'auto')).toBeGreaterThan(4 * (scratch(1024, 'cycle-gemm') ?? 0));
  });

  it('a cutset without x1 has its parts merged, at most 32 of them', () => {
    for (const [n, parts] of [
      [8, 8],
      [100, 32],
    ] as const) {
      const { stages, buffers } = planOf(DIAMOND, { shape: { n, d: 4 } }, SIMPLE);
      const [conditioned, merge] = stages;
      expect(conditioned?.step).toMatchObject({ kind: 'conditioned', cutset: [2], parts });
      expect(conditioned?.extent).toEqual({ variable: 0, count: parts });
      expect(merge?.step).toMatchObject({ kind: 'merge', parts });
      expect(merge?.extent).toEqual({ variable: 1, count: 1 });
      expect(buffers.find(({ name }) => name === 'partial u')?.extent).toEqual({ variable: 1, count: parts });
    }
  });
});

describe('a forced algorithm', () => {
  it.each([
    [TRIANGLE, 'conditioning', 'conditioned'],
    [TRIANGLE, 'fast-matmul', 'cycle'],
    [TRIANGLE, 'elimination', 'eliminate'],
    [TRIANGLE, 'definition', 'definition'],
    ['x1*x2', 'conditioning', 'conditioned'],
    ['x1*x2 + x2*x3', 'tree-messages', 'attend 3; combine; attend 2'],
    [`${TRIANGLE} + x3*x4`, 'cycle-gemm', 'attend 4; combine; cycle'],
    [`${TRIANGLE} + x3*x4`, 'conditioning', 'conditioned; combine; conditioned'],
    ['x1*x2*x3 + x3*x4', 'elimination', 'attend 4; combine; eliminate'],
  ])('%s by %s: %s', (polynomial, algorithm, stages) => {
    const plan = planOf(polynomial, { algorithm });
    expect([plan.algorithm, outline(plan)]).toEqual([algorithm, stages]);
  });

  it('definition costs n^t', () => {
    expect(planOf('x1*x2 + x2*x3 + x3*x4', { algorithm: 'definition' }).exponent).toBe(4);
  });

  it.each([
    [TRIANGLE, 'tree-messages', /forests of pairs/],
    ['x1*x2*x3', 'tree-messages', /forests of pairs/],
    ['x1*x2', 'cycle-gemm', /cycles/],
    ['x1*x2*x3', 'cycle-gemm', /cycles/],
    [K4, 'fast-matmul', /cycles/],
    [`${TRIANGLE} + x3*x4*x5`, 'cycle-gemm', /cycles/],
    ['x1*x2 + x2*x3', 'elimination', /no forest/],
  ])('%s by %s is refused: %s', (polynomial, algorithm, reason) => {
    const error = refusal(() => planOf(polynomial, { algorithm }));
    expect([error.code, error.extra.errors?.[0]?.pointer]).toEqual(['invalid_request', '/algorithm']);
    expect(error.message).toMatch(reason);
    expect(error.message).toContain(algorithm);
  });

  it('is refused where a mask makes it something else', () => {
    expect(refusal(() => planOf(TRIANGLE, { algorithm: 'cycle-gemm', mask: { type: 'root-causal' } })).message).toMatch(
      /unmasked cycles/,
    );
  });

  it('is refused where no back end has it', () => {
    for (const algorithm of ['cycle-gemm', 'definition', 'elimination']) {
      const error = refusal(() => planOf(TRIANGLE, { algorithm }, SIMPLE));
      expect([error.code, error.extra.errors?.[0]?.pointer]).toEqual(['unsupported_on_backend', '/algorithm']);
      expect(error.message).toMatch(new RegExp(`${algorithm}.*float32.*reference`));
    }
  });
});

describe('back ends', () => {
  const both = machine(backend('native', BASIC, 10), backend('reference', ALL));

  it('the faster one is taken, and the slower one where the faster has not got the step', () => {
    expect(planOf('x1*x2', {}, both).backend.name).toBe('native');
    expect(planOf(TRIANGLE, { algorithm: 'definition' }, both).backend.name).toBe('reference');
    const mixed = planOf(`${TRIANGLE} + x3*x4`, { algorithm: 'cycle-gemm' }, both);
    expect(mixed.stages.map((stage) => [stage.step.kind, stage.backend.name])).toEqual([
      ['attend', 'native'],
      ['combine', 'native'],
      ['cycle', 'reference'],
    ]);
    expect(mixed.backend.name).toBe('reference');
  });

  it('are asked in the precision of the request', () => {
    const single = machine(backend('native', ALL, 10, ['float32']), backend('reference', ALL));
    expect(planOf('x1*x2', {}, single).backend.name).toBe('native');
    expect(planOf('x1*x2', { precision: 'float64' }, single).backend.name).toBe('reference');
    expect(refusal(() => planOf('x1*x2', { precision: 'float64', backend: 'native' }, single)).code).toBe('unsupported_on_backend');
  });

  it('by name run every stage, or say why not', () => {
    const plan = planOf(TRIANGLE, { backend: 'reference' }, both);
    expect(new Set(plan.stages.map((stage) => stage.backend.name))).toEqual(new Set(['reference']));
    expect(refusal(() => planOf(TRIANGLE, { backend: 'webgpu' }, both)).message).toMatch(/no Vulkan device/);
    expect(refusal(() => planOf(TRIANGLE, { backend: 'gpu' }, both)).extra.errors?.[0]?.pointer).toBe('/backend');
    expect(refusal(() => planOf(TRIANGLE, { backend: 'native', algorithm: 'definition' }, both)).extra.errors?.[0]?.pointer).toBe(
      '/backend',
    );
  });
});
