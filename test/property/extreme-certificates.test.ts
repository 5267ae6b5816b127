import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { interpret } from '../../src/contract/interpret.ts';
import type { Engine } from '../../src/schedule/engine.ts';
import { startEngine } from '../../src/schedule/engine.ts';
import { allocate } from '../../src/tensor/allocate.ts';
import { convert } from '../../src/tensor/convert.ts';
import type { FloatDType, Tensor } from '../../src/tensor/tensor.ts';
import { type OracleCase, oracle, type Rows } from '../helpers/oracle.ts';
import { monomialsOf, variableCountOf } from '../helpers/polynomials.ts';
import { random, randomRows } from '../helpers/random.ts';

/** Requests at the edges of what certificates account for, each of which was once answered beyond its own. */

let engine: Engine;
beforeAll(async () => {
  const limits = { maxInflightBytes: 2 ** 30, maxQueueSeconds: 1e6, maxSyncSeconds: 1e6, maxResultBytes: 2 ** 30 };
  engine = await startEngine({ threads: 2, backends: ['native', 'reference'], nativeIsa: null, ...limits });
});
afterAll(() => engine.close());

interface Extreme extends Pick<OracleCase, 'q' | 'v' | 'b' | 'admissible'> {
  readonly polynomial: string;
  readonly scale?: number;
  readonly outputType?: FloatDType;
  readonly options: Record<string, unknown>;
}

function tensor(rows: Rows | readonly number[]): Tensor {
  const shape = typeof rows[0] === 'number' ? [rows.length] : [rows.length, (rows[0] as number[]).length];
  const result = allocate('float32', shape);
  result.data.set(rows.flat());
  return result;
}

/** Certified error and measured error. */
async function errorsOf({ polynomial, q, v, b, scale = 0.1, outputType = 'float64', options, admissible }: Extreme) {
  const tensors = new Map<string, Tensor>();
  q.forEach((rows, j) => {
    tensors.set(`q${j + 1}`, tensor(rows));
    const [values, bias] = [v[j], b?.[j]];
    if (values) tensors.set(`v${j + 1}`, tensor(values));
    if (bias) tensors.set(`b${j + 1}`, tensor(bias));
  });
  const request = interpret({
    tensors,
    options: { polynomial, scale, mode: 'approximate', output: { dtype: outputType }, ...options },
  });
  const { plan, output } = await engine.run(request, { signal: new AbortController().signal, timeoutMs: 60_000 });
  const exact = oracle({ monomials: monomialsOf(polynomial), q, v, scale, ...(b && { b }), ...(admissible && { admissible }) });
  const given = convert(output.data, outputType);
  const errors = exact.output.flat().map((value, i) => Math.abs(value - (given[i] as number)));
  return { certified: plan.approximation?.certificate?.maxAbsError ?? Number.NaN, measured: Math.max(...errors) };
}

async function expectCertified(extreme: Extreme): Promise<void> {
  const { certified, measured } = await errorsOf(extreme);
  expect(measured).toBeLessThanOrEqual(certified);
  expect(certified).toBeLessThan(1);
}

describe('what is certified holds', () => {
  it.each(['float16', 'bfloat16', 'float32', 'float64'] as const)('for values near the smallest of %s', async (outputType) => {
    const next = random(1);
    const sizes = { float16: 1e-6, bfloat16: 1e-37, float32: 1e-37, float64: 1e-37 };
    const q = [randomRows(next, 3, 2, 1), randomRows(next, 4, 2, 1)];
    const v = [null, randomRows(next, 4, 3, sizes[outputType])];
    await expectCertified({ polynomial: 'x1*x2', q, v, outputType, options: { approximation: { method: 'taylor', degree: 8 } } });
  });

  it('for products of values below the smallest number', async () => {
    const next = random(2);
    const q = [3, 4, 4].map((n) => randomRows(next, n, 2, 1));
    const v = [null, randomRows(next, 4, 2, 1e-20), randomRows(next, 4, 2, 1e-25)];
    const options = { approximation: { method: 'taylor', degree: 6 } };
    await expectCertified({ polynomial: 'x1*x2 + x2*x3', q, v, options });
    await expectCertified({ polynomial: 'x1*x2*x3', q, v, options });
  });

  // Squares of the small rows' coordinates, and with them their covariance, are zero in float32.
  it.each([1e-10, 1e-19, 1e-21, 1e-23])('for rows as small as those of x1 are large: %d', async (size) => {
    const next = random(9);
    const [large, small] = [randomRows(next, 20, 4, 1), randomRows(next, 60, 4, 1)];
    const q = [
      large.map((row) => row.map((x) => Math.fround(x / size))),
      small.map((row) => row.map((x) => Math.fround(x * size))),
    ];
    const v = [null, small.map((row) => [Math.sign((row[0] as number) + (row[1] as number))])];
    const options = { approximation: { method: 'taylor', degree: 2 } };
    await expectCertified({ polynomial: 'x1*x2', q, v, scale: 0.3, options });
    const b = [null, small.map((_, l) => (l % 7 === 0 ? Number.NEGATIVE_INFINITY : -3 * (l % 11)))];
    await expectCertified({ polynomial: 'x1*x2', q, v, b, scale: 0.3, options });
  });

  // Errors at their largest would be several times as large.
  it.each(['x1*x2*x3', 'x1*x2 + x2*x3'])('by errors on average, biases or not: %s', async (polynomial) => {
    const next = random(11);
    const q = Array.from({ length: 3 }, () => randomRows(next, 40, 8, 0.5));
    const v = [null, ...q.slice(1).map(() => randomRows(next, 40, 2, 1))];
    const b = [null, ...q.slice(1).map((rows) => rows.map(() => Math.fround(next())))];
    const extreme = { polynomial, q, v, scale: 1 / 8, options: { approximation: { method: 'taylor', degree: 2 } } };
    const [plain, biased] = [await errorsOf(extreme), await errorsOf({ ...extreme, b })];
    expect(biased.measured).toBeLessThanOrEqual(biased.certified);
    expect(biased.certified).toBeLessThan(1.5 * plain.certified);
  });

  // Weights that only one row has, that no exponential holds, that follow the scores, and none.
  it.each(['x1*x2', 'x1*x2*x3', 'x1*x2 + x2*x3', 'x1*x2 + x1*x3 + x2*x3', 'x1*x2 + x3*x4'])(
    'for biases far apart: %s',
    async (polynomial) => {
      const next = random(10);
      const rows = Array.from({ length: variableCountOf(polynomial) }, () =>
        randomRows(next, 7, 3, 1).map((row) => row.map((x) => Math.fround(x + 0.5))),
      );
      const v = rows.map((one, j) =>
        j === 0 ? null : one.map((row) => [Math.fround((row[0] as number) * 2), 1 + next()].map(Math.fround)),
      );
      const kinds: ((row: readonly number[], l: number) => number)[] = [
        (_, l) => (l === 3 ? 0 : -300),
        (_, l) => -90 * l,
        ([x]) => Math.fround(20 * (x as number)),
        ([x]) => Math.fround(-500 + 3 * (x as number)),
        () => Number.NEGATIVE_INFINITY,
      ];
      for (const kind of kinds) {
        const b = rows.map((one, j) => (j === 0 ? null : one.map(kind)));
        for (const approximation of [
          { method: 'taylor', degree: 2 },
          { method: 'minimax', degree: 3 },
        ]) {
          await expectCertified({ polynomial, q: rows, v, b, scale: 0.05, options: { approximation } });
        }
      }
    },
  );

  // Coordinates divided by their largest entry: powers of 1e-12 vanish in float32, and their coefficients are powers of 1e12.
  it.each([1e2, 1e4, 1e6, 1e8, 1e10, 1e15])('for large entries in different columns: %d', async (size) => {
    const next = random(3);
    const rows = (n: number, first: number, second: number): Rows =>
      randomRows(next, n, 2, 1).map(([a, b]) => [Math.fround((a as number) * first), Math.fround((b as number) * second)]);
    const q = [rows(4, size, 1 / size), rows(6, 1 / size, size)];
    const v = [null, randomRows(next, 6, 2, 1)];
    for (const method of ['taylor', 'minimax']) {
      for (const degree of [4, 6]) {
        await expectCertified({ polynomial: 'x1*x2', q, v, scale: 1, options: { approximation: { method, degree } } });
      }
    }
  });

  // What has left a window weighs e^depth times what is in it.
  it.each([0, 10, 20, 30, 40, 60, 200])('for windows that heavy rows have left: bias -%d', async (depth) => {
    const [next, n, width] = [random(4), 24, 4];
    const q = [randomRows(next, n, 2, 1), randomRows(next, n, 2, 1)];
    const v = [null, randomRows(next, n, 2, 1)];
    const b = [null, Array.from({ length: n }, (_, l) => (l < n / 2 ? 0 : -depth))];
    const admissible = ([i, j]: readonly number[]): boolean => {
      const difference = (i as number) - (j as number);
      return difference >= 0 && difference < width;
    };
    for (const precision of ['float32', 'float64']) {
      const mask = { type: 'edge-window', window: [width] };
      const options = { precision, mask, approximation: { method: 'taylor', degree: 4 } };
      await expectCertified({ polynomial: 'x1*x2', q, v, b, admissible, options });
    }
  });

  // The rows were compressed in float32, the plan that uses them is in float64.
  it.each([5, 6, 7, 8])('for compressed rows of the lesser precision, seed %d', async (seed) => {
    const next = random(seed);
    const low = randomRows(next, 1, 6, 1)[0] as number[];
    const rows = (n: number): Rows =>
      Array.from({ length: n }, () => {
        const size = 2 * next() - 1;
        return low.map((value) => Math.fround(3 + size * value));
      });
    const q = [rows(1), rows(4)];
    const v = [null, randomRows(next, 4, 2, 1)];
    const options = { approximation: { method: 'compress', tolerance: 1e-6 } };
    try {
      await expectCertified({ polynomial: 'x1*x2', q, v, scale: 0.05, options });
    } catch (error) {
      expect(error).toMatchObject({ code: 'tolerance_unreachable' });
    }
  });
});
