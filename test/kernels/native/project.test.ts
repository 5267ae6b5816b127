import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Matrix, PROGRESS, type Precision } from '../../../kernels/backend.ts';
import type { NativeBackend } from '../../../kernels/native/index.ts';
import { matrix, randomMatrix, randomSource, runStep } from '../cases.ts';
import { SETS_AND_PRECISIONS } from './sets.ts';

const shapes = fc.record({
  seed: fc.integer({ min: 1, max: 1e6 }),
  n: fc.integer({ min: 1, max: 60 }),
  m: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 250, max: 600 })), // runs are of 256
  cols: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 10, max: 140 })),
});

interface Shape {
  readonly seed: number;
  readonly n: number;
  readonly m: number;
  readonly cols: number;
}

function operands(precision: Precision, { seed, n, m, cols }: Shape): { input: Matrix; weights: Matrix } {
  const random = randomSource(seed);
  return { input: randomMatrix(random, precision, n, m), weights: randomMatrix(random, precision, m, cols) };
}

function project(backend: NativeBackend, input: Matrix, weights: Matrix, cuts: readonly number[] = []): Matrix {
  const output = matrix(input.data instanceof Float64Array ? 'float64' : 'float32', input.rows, weights.cols);
  runStep(backend, { kind: 'project', input, weights, output }, input.rows, cuts);
  return output;
}

/** Two sums of m terms, each within m units of rounding of the terms' sizes; in fp32 the truth's own is nothing. */
function expectProduct(output: Matrix, input: Matrix, weights: Matrix): void {
  const unit = output.data instanceof Float64Array ? 2 ** -53 : 2 ** -24;
  const m = input.cols;
  for (let row = 0; row < output.rows; row++) {
    for (let c = 0; c < output.cols; c++) {
      let [sum, size] = [0, 0];
      for (let k = 0; k < m; k++) {
        const term = input.data[row * m + k] * weights.data[k * output.cols + c];
        sum += term;
        size += Math.abs(term);
      }
      const error = Math.abs(output.data[row * output.cols + c] - sum);
      if (!(error <= 2 * (m + 1) * unit * size)) expect.fail(`row ${row}, column ${c} is off by ${error} of ${size}`);
    }
  }
}

describe.each(SETS_AND_PRECISIONS)('project on $isa in $precision', ({ backend, precision }) => {
  it('multiplies matrices of odd shapes', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const { input, weights } = operands(precision, shape);
        expectProduct(project(backend, input, weights), input, weights);
      }),
      { numRuns: 40, seed: 3 },
    );
  });

  it('gives the same bits however its rows are cut into tiles', () => {
    fc.assert(
      fc.property(shapes, fc.array(fc.nat(), { maxLength: 4 }), (shape, points) => {
        const { input, weights } = operands(precision, shape);
        const cuts = points.map((point) => point % (shape.n + 1)).sort((a, b) => a - b);
        expect(project(backend, input, weights, cuts).data).toEqual(project(backend, input, weights).data);
      }),
      { numRuns: 20, seed: 4 },
    );
  });

  it('goes on over many blocks of rows, counting them, and leaves at once when the flag is set', () => {
    const { input, weights } = operands(precision, { seed: 5, n: 500, m: 7, cols: 5 });
    const output = matrix(precision, 500, 5);
    const control = new Int32Array(2);
    const step = { kind: 'project', input, weights, output } as const;
    backend.run(step, { firstRow: 0, lastRow: 333, control, callId: 91_001 });
    expect(control[PROGRESS]).toBe(333);
    backend.run(step, { firstRow: 333, lastRow: 500, control, callId: 91_001 });
    expectProduct(output, input, weights);
    const untouched = { ...step, output: matrix(precision, 500, 5) };
    const stopped = Int32Array.from([1, 0]);
    backend.run(untouched, { firstRow: 0, lastRow: 500, control: stopped, callId: 91_002 });
    expect(stopped[PROGRESS]).toBe(0);
    expect(untouched.output.data.every(Number.isNaN)).toBe(true);
  });

  it('does not mistake the weights of one call for those of another', () => {
    const { input, weights } = operands(precision, { seed: 6, n: 8, m: 5, cols: 3 });
    const alone = project(backend, input, weights);
    project(backend, input, { ...weights, data: weights.data.map((w) => -w) });
    expect(project(backend, input, weights).data).toEqual(alone.data);
  });

  it('gives zeros for an empty inner dimension', () => {
    const output = project(backend, matrix(precision, 3, 0), matrix(precision, 0, 4));
    expect(Array.from(output.data)).toEqual(new Array(12).fill(0));
  });

  it('refuses operands of wrong shapes', () => {
    const input = matrix(precision, 2, 3);
    expect(() => project(backend, input, matrix(precision, 4, 2))).toThrow('native: weights is [4, 2]');
    const other = precision === 'float64' ? 'float32' : 'float64';
    expect(() => project(backend, input, matrix(other, 3, 2))).toThrow(/element type/);
  });
});
