import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Matrix } from '../../../kernels/backend.ts';
import { asProblem, attendCases, BANDS, outputOf, type RandomAttend, randomAttend } from '../attends.ts';
import { expectOutput, forestOutput, matrix, randomProblem, runStep } from '../cases.ts';
import { FORESTS } from '../polynomials.ts';
import { SETS_AND_PRECISIONS } from './sets.ts';

describe.each(SETS_AND_PRECISIONS)('attend on $isa in $precision', ({ backend, precision }) => {
  it('agrees with the definition for any shape, bias and band, in tiles', () => {
    fc.assert(
      fc.property(attendCases, fc.double({ min: 0, max: 1, noNaN: true }), (shape, cut) => {
        const step = randomAttend(precision, shape);
        runStep(backend, step, shape.nq, [Math.floor(cut * shape.nq)]);
        expectOutput(outputOf(step), asProblem(step));
      }),
      { numRuns: 60, seed: 20260 },
    );
  });

  it.each(BANDS)('crosses blocks of keys and of rows with $name', ({ band }) => {
    const step = randomAttend(precision, { seed: 3, nq: 421, nk: 437, d: 24, dv: 33, score: 8, blocked: 0.1, band });
    runStep(backend, step, 421, [100, 101, 350]);
    expectOutput(outputOf(step), asProblem(step));
  });

  it('keeps rows whose first keys are far below the later ones', () => {
    const step = randomAttend(precision, { seed: 4, nq: 40, nk: 500, d: 3, dv: 5, score: 1, blocked: 0, band: null });
    const keyBias = matrix(precision, 500, 1, (i) => (i < 250 ? -Infinity : 0));
    const keys = matrix(precision, 500, 3, (i) => (i % 3 === 0 ? i / 6 : 0));
    const rising: RandomAttend = { ...step, queries: matrix(precision, 40, 3, (i) => (i % 7) - 2), keys, keyBias };
    runStep(backend, rising, 40);
    expectOutput(outputOf(rising), asProblem(rising));
  });

  it.each([0.5, 3, 5.5, 5.6, 40])('follows scores that climb by %d every 37 keys', (climb) => {
    const step = randomAttend(precision, { seed: 6, nq: 50, nk: 900, d: 5, dv: 19, score: 2, blocked: 0.1, band: null });
    const queries = matrix(precision, 50, 5, (i) => (i % 5 === 0 ? 1 : step.queries.data[i]));
    for (const sign of [1, -1]) {
      const score = (key: number): number => (sign * climb * Math.floor(key / 37)) / step.scale;
      const keys = matrix(precision, 900, 5, (i) => (i % 5 === 0 ? score(i / 5) : step.keys.data[i]));
      const climbing: RandomAttend = { ...step, queries, keys };
      runStep(backend, climbing, 50);
      expectOutput(outputOf(climbing), asProblem(climbing));
    }
  });

  it.each(FORESTS)('computes $name by attend and combine steps', (polynomial) => {
    const forest = polynomial.conditionings.find(({ cutset }) => cutset.length === 0)?.forest ?? [];
    for (const [seed, maxScore] of [1, 5, 50, 200].entries()) {
      const problem = randomProblem(polynomial, { seed, precision, maxScore, biases: true, sparseValues: seed % 2 === 1 });
      expectOutput(forestOutput(backend, problem, forest), problem);
    }
  });

  it('takes views at any offset, on shared memory, and writes nothing beside its results', () => {
    const step = randomAttend(precision, { seed: 9, nq: 29, nk: 61, d: 7, dv: 19, score: 4, blocked: 0, band: null });
    const size = precision === 'float64' ? 8 : 4;
    const moved = (source: Matrix): Matrix => {
      const memory = new SharedArrayBuffer(size * (source.data.length + 64));
      const all = precision === 'float64' ? new Float64Array(memory) : new Float32Array(memory);
      all.fill(12345);
      const data = all.subarray(3, 3 + source.data.length);
      data.set(source.data);
      return { ...source, data };
    };
    const shared: RandomAttend = {
      ...step,
      queries: moved(step.queries),
      keys: moved(step.keys),
      keyBias: moved(step.keyBias as Matrix),
      values: moved(step.values as Matrix),
      message: moved(step.message),
      logSumExp: moved(step.logSumExp),
    };
    runStep(backend, shared, 29);
    expectOutput(outputOf(shared), asProblem(step));
    for (const { data } of [shared.message, shared.logSumExp]) {
      const all = precision === 'float64' ? new Float64Array(data.buffer) : new Float32Array(data.buffer);
      expect(all.filter((value) => value === 12345).length).toBe(64);
    }
  });

  it('computes the log-sum-exp alone when no message is wanted', () => {
    const step = randomAttend(precision, { seed: 5, nq: 50, nk: 70, d: 9, dv: 4, score: 20, blocked: 0.2, band: null });
    runStep(backend, step, 50);
    const alone = { ...step, values: null, message: null, logSumExp: matrix(precision, 50, 1) };
    runStep(backend, alone, 50);
    expect(alone.logSumExp.data).toEqual(step.logSumExp.data);
  });
});
