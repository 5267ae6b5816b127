import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { interpret } from '../../src/contract/interpret.ts';
import { allocate } from '../../src/tensor/allocate.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { startTestApp, type TestApp } from '../helpers/app.ts';
import { type HttpCase, maxDifference, randomCase, tolerances } from '../helpers/case.ts';
import { randomHypergraph, rootedGraphs } from '../helpers/graphs.ts';
import { maskNames, maskOf } from '../helpers/masks.ts';
import { oracle } from '../helpers/oracle.ts';
import { variableCountOf } from '../helpers/polynomials.ts';
import { random } from '../helpers/random.ts';

/** Whatever the planner chooses, for any graph, any mask, biases, lengths and large scores, is the definition. */

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

function tensor(rows: readonly (readonly number[])[] | readonly number[]): Tensor {
  const flat = rows.flat();
  const shape = Array.isArray(rows[0]) ? [rows.length, rows[0].length] : [rows.length];
  const result = allocate('float64', shape);
  result.data.set(flat);
  return result;
}

function tensorsOf(one: HttpCase): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  one.q.forEach((rows, j) => {
    tensors.set(`q${j + 1}`, tensor(rows));
    const [values, bias] = [one.v[j], one.b?.[j]];
    if (values) tensors.set(`v${j + 1}`, tensor(values));
    if (bias) tensors.set(`b${j + 1}`, tensor(bias));
  });
  return tensors;
}

async function check(polynomial: string, seed: number): Promise<void> {
  const next = random(seed);
  const t = variableCountOf(polynomial);
  for (const type of ['none', ...maskNames] as const) {
    const plain = randomCase(polynomial, [2, 30, 200][Math.floor(next() * 3)] as number, seed);
    const b = plain.q.map((rows) =>
      next() < 0.5 ? null : rows.map(() => (next() < 0.15 ? Number.NEGATIVE_INFINITY : 6 * next() - 3)),
    );
    const lengths = plain.q.map((rows) => (next() < 0.7 ? rows.length : Math.floor(next() * (rows.length + 1))));
    const masked = type === 'none' ? { mask: { type } } : maskOf(type, polynomial, next);
    const one = { ...plain, b, lengths, ...masked };
    const truth = oracle(one);
    const named = Object.fromEntries(lengths.map((length, j) => [j + 1, [length]]));
    for (const precision of ['float64', 'float32'] as const) {
      const options = {
        polynomial,
        scale: one.scale,
        precision,
        mask: { ...masked.mask, lengths: named },
        output: { logSumExp: true },
      };
      const result = await app.engine.run(interpret({ tensors: tensorsOf(one), options }), {
        signal: new AbortController().signal,
        timeoutMs: 20_000,
      });
      const tolerance = tolerances(truth, t, precision);
      const context = `${polynomial} ${type} ${precision} ${result.plan.algorithm}`;
      const limit = precision === 'float64' ? 1e-12 * Math.max(truth.range, 1e-3) : tolerance.output;
      expect(maxDifference([...result.output.data], truth.output.flat()), context).toBeLessThanOrEqual(limit);
      expect(maxDifference([...(result.logSumExp as Tensor).data], truth.logSumExp), context).toBeLessThanOrEqual(
        Math.max(tolerance.logSumExp, precision === 'float64' ? 1e-12 : 0),
      );
    }
  }
}

describe('every connected graph, with x1 anywhere', () => {
  it.each([2, 3, 4, 5])('on %d vertices', { timeout: 120_000 }, async (t) => {
    const graphs = rootedGraphs(t);
    // 1, 3, 11, 58: connected graphs on t vertices with one vertex marked.
    expect(graphs.length).toBe({ 2: 1, 3: 3, 4: 11, 5: 58 }[t]);
    for (const [index, polynomial] of graphs.entries()) await check(polynomial, 100 * t + index);
  });
});

describe('random hypergraphs with monomials of degree 2 to 4', () => {
  it.each([3, 4, 5, 6])('on %d variables', { timeout: 120_000 }, async (t) => {
    const next = random(t);
    for (let i = 0; i < 50; i++) await check(randomHypergraph(t, next), 1000 * t + i);
  });
});
