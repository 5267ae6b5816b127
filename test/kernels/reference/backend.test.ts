import { describe, expect, it } from 'vitest';
import { CANCEL, CONTROL_CELLS, type Matrix, PROGRESS, type Step, supportsStep } from '../../../kernels/backend.ts';
import { load } from '../../../kernels/reference/index.ts';
import { matrix, randomProblem, runStep } from '../cases.ts';
import { POLYNOMIALS } from '../polynomials.ts';

const backend = load();

/** One small step of each kind, with the number of rows that its tiles count. */
function everyStep(): { step: Step<Matrix>; rows: number; result: Matrix }[] {
  const polynomial = POLYNOMIALS.find(({ name }) => name === 'triangle');
  if (polynomial === undefined) throw new Error('no triangle');
  const problem = randomProblem(polynomial, { seed: 1, precision: 'float64', maxScore: 5, sizes: [5, 4, 3], d: 2, dv: 2 });
  const [, { queries, values }] = problem.variables;
  const fresh = (rows: number) => ({ message: matrix('float64', rows, 2), logSumExp: matrix('float64', rows, 1) });
  const partial = { messages: matrix('float64', 10, 2, () => 1), logSumExps: matrix('float64', 10, 1, () => 0) };
  const attended = { queries: problem.variables[0].queries, keys: queries, keyBias: null, values, scale: 1, band: null };
  const outputs = [5, 5, 5, 15, 5, 5, 5, 5, 5].map(fresh);
  const combined = {
    factors: [partial.messages],
    addends: [partial.logSumExps],
    product: matrix('float64', 10, 2),
    sum: matrix('float64', 10, 1),
  };
  const [root, child, grandchild] = problem.variables;
  const grandchildren = [{ operands: grandchild, coefficient: 1 }];
  const rooted = { queries: root.queries, child, coefficient: 1, grandchildren, scale: 1 };
  const weights = matrix('float64', 2, 3, Math.sin);
  const projected = matrix('float64', 10, 3);
  const [given1, , given2] = polynomial.conditionings;
  return [
    { step: { kind: 'attend', ...attended, ...outputs[0] }, rows: 5, result: outputs[0].logSumExp },
    { step: { kind: 'definition', ...problem, ...outputs[1] }, rows: 5, result: outputs[1].logSumExp },
    { step: { kind: 'conditioned', ...problem, ...given1, parts: 1, ...outputs[2] }, rows: 5, result: outputs[2].logSumExp },
    { step: { kind: 'conditioned', ...problem, ...given2, parts: 3, ...outputs[3] }, rows: 3, result: outputs[3].logSumExp },
    { step: { kind: 'merge', parts: 2, ...partial, ...outputs[4] }, rows: 5, result: outputs[4].logSumExp },
    { step: { kind: 'combine', ...combined }, rows: 10, result: combined.sum },
    { step: { kind: 'eliminate', ...problem, cutset: [], order: [3, 2], ...outputs[6] }, rows: 5, result: outputs[6].logSumExp },
    { step: { kind: 'eliminate', ...problem, cutset: [1], order: [3, 2], ...outputs[7] }, rows: 5, result: outputs[7].logSumExp },
    { step: { kind: 'prefix', ...rooted, ...outputs[8] }, rows: 5, result: outputs[8].logSumExp },
    { step: { kind: 'project', input: partial.messages, weights, output: projected }, rows: 10, result: projected },
  ];
}

describe('the reference back end', () => {
  it('describes itself with positive rates for both precisions', () => {
    const description = backend.describe();
    expect(description.name).toBe('reference');
    for (const precision of ['float32', 'float64'] as const) {
      const rates = description.rates[precision];
      expect(rates).toBeDefined();
      for (const rate of Object.values(rates ?? {})) {
        expect(rate).toBeGreaterThan(0);
        expect(rate).toBeLessThan(Infinity);
      }
    }
    expect(supportsStep(description, 'conditioned', 'float64')).toBe(true);
    expect(supportsStep(description, 'cycle', 'float32')).toBe(false);
  });

  it('spends a bounded part of its clock on measuring', () => {
    let clock = 0;
    let reads = 0;
    load({
      now: () => {
        reads++;
        clock += 0.5;
        return clock;
      },
    }).describe();
    // A clock that moves half a millisecond at each look: 400 looks are the 200 ms that it may take.
    expect(reads).toBeLessThan(400);
  });

  it('adds the rows of every tile to the progress', () => {
    for (const [index, { step, rows }] of everyStep().entries()) {
      const call = -2 - index;
      const control = new Int32Array(CONTROL_CELLS);
      expect(backend.run(step, { firstRow: 0, lastRow: rows - 1, control, callId: call })).toEqual({ fallbackRows: 0 });
      expect(control[PROGRESS], step.kind).toBe(rows - 1);
      backend.run(step, { firstRow: rows - 1, lastRow: rows, control, callId: call });
      expect(control[PROGRESS], step.kind).toBe(rows);
    }
  });

  it('stops at once when the request is cancelled', () => {
    for (const [index, { step, rows, result }] of everyStep().entries()) {
      const call = -100 - index;
      const control = new Int32Array(CONTROL_CELLS);
      control[CANCEL] = 1;
      expect(backend.run(step, { firstRow: 0, lastRow: rows, control, callId: call })).toEqual({ fallbackRows: 0 });
      expect(control[PROGRESS], step.kind).toBe(0);
      expect(result.data.every(Number.isNaN), step.kind).toBe(true);
    }
  });

  it('refuses tiles outside the rows, operands of wrong shapes and steps that it does not know', () => {
    for (const { step, rows } of everyStep()) expect(() => runStep(backend, step, rows + 1)).toThrow(/outside/);
    const [attend, definition, , , merge, combine] = everyStep().map(({ step }) => step) as never[];
    const wrong = matrix('float64', 7, 3);
    const short = { ...matrix('float64', 5, 2), data: new Float64Array(9) };
    expect(() => runStep(backend, { ...(attend as object), values: wrong } as never, 5)).toThrow(
      'attend: values is [7, 3] but should be [4, 2]',
    );
    expect(() => runStep(backend, { ...(attend as object), message: short } as never, 5)).toThrow('holds 9 elements');
    expect(() => runStep(backend, { ...(definition as object), logSumExp: wrong } as never, 5)).toThrow('definition: logSumExp');
    expect(() => runStep(backend, { ...(merge as object), messages: wrong } as never, 5)).toThrow('merge: messages');
    expect(() => runStep(backend, { ...(combine as object), factors: [wrong] } as never, 5)).toThrow('combine: factor');
    expect(() => runStep(backend, { kind: 'cycle' } as never, 1)).toThrow(/does not run cycle/);
  });
});

describe('combine', () => {
  it('multiplies factors, adds addends, spreads single rows and empties rows of weight zero', () => {
    const rows = (...values: number[]) => matrix('float32', values.length, 1, (at) => values[at]);
    const product = matrix('float32', 3, 1);
    const sum = matrix('float32', 3, 1);
    const factors = [rows(1, 2, 3), rows(10)];
    runStep(backend, { kind: 'combine', factors, product, addends: [rows(0, -Infinity, 5), rows(-1)], sum }, 3, [1]);
    expect([...product.data]).toEqual([10, 0, 30]);
    expect([...sum.data]).toEqual([-1, -Infinity, 4]);
  });

  it('is ones and zeros of nothing', () => {
    const product = matrix('float64', 2, 2);
    const sum = matrix('float64', 2, 1);
    runStep(backend, { kind: 'combine', factors: [], product, addends: [], sum }, 2);
    expect([...product.data, ...sum.data]).toEqual([1, 1, 1, 1, 0, 0]);
  });

  it('empties a row whose addends are all -Infinity, without a sum to write', () => {
    const addend = matrix('float64', 1, 1, () => -Infinity);
    const product = matrix('float64', 1, 1);
    runStep(backend, { kind: 'combine', factors: [], product, addends: [addend, addend], sum: null }, 1);
    expect(product.data[0]).toBe(0);
  });
});

describe('merge', () => {
  it('weighs parts by their log-sum-exps, far beyond the range of exp', () => {
    const messages = matrix('float64', 6, 1, (at) => [1, 7, 9, 5, 8, 9][at]);
    const logSumExps = matrix('float64', 6, 1, (at) => [1000, -Infinity, -Infinity, 1000 + Math.log(3), -2000, -Infinity][at]);
    const message = matrix('float64', 3, 1);
    const logSumExp = matrix('float64', 3, 1);
    runStep(backend, { kind: 'merge', parts: 2, messages, logSumExps, message, logSumExp }, 3, [2]);
    expect(message.data[0]).toBeCloseTo((1 + 3 * 5) / 4, 11);
    expect(logSumExp.data[0]).toBeCloseTo(1000 + Math.log(4), 11);
    expect([message.data[1], logSumExp.data[1]]).toEqual([8, -2000]);
    expect([message.data[2], logSumExp.data[2]]).toEqual([0, -Infinity]);
  });
});
