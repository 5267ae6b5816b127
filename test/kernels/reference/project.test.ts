import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Matrix, Precision } from '../../../kernels/backend.ts';
import { load } from '../../../kernels/reference/index.ts';
import { matrix, randomMatrix, randomSource, runStep } from '../cases.ts';

const backend = load();
const size = fc.integer({ min: 1, max: 150 });
const shapes = fc.record({
  seed: fc.integer({ min: 1, max: 1e6 }),
  precision: fc.constantFrom('float32', 'float64') as fc.Arbitrary<Precision>,
  n: size,
  m: size,
  cols: fc.integer({ min: 1, max: 9 }),
});

function project(input: Matrix, weights: Matrix, cuts: readonly number[] = []): Matrix {
  const output = matrix(input.data instanceof Float64Array ? 'float64' : 'float32', input.rows, weights.cols);
  runStep(backend, { kind: 'project', input, weights, output }, input.rows, cuts);
  return output;
}

describe('project', () => {
  it('multiplies matrices of odd shapes', () => {
    fc.assert(
      fc.property(shapes, ({ seed, precision, n, m, cols }) => {
        const random = randomSource(seed);
        const input = randomMatrix(random, precision, n, m);
        const weights = randomMatrix(random, precision, m, cols);
        const output = project(input, weights);
        for (let row = 0; row < n; row++) {
          for (let c = 0; c < cols; c++) {
            let sum = 0;
            let size = 0;
            for (let k = 0; k < m; k++) {
              const term = input.data[row * m + k] * weights.data[k * cols + c];
              sum += term;
              size += Math.abs(term);
            }
            // Two sums in fp64, each within m 2^-53 of the terms' sizes, and one rounding to the operands' type.
            const rounding = precision === 'float32' ? 2 ** -24 * Math.abs(sum) : 0;
            expect(Math.abs(output.data[row * cols + c] - sum)).toBeLessThanOrEqual(1.001 * rounding + 2 * m * 2 ** -53 * size);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it('gives the same bits however its rows are cut into tiles', () => {
    fc.assert(
      fc.property(shapes, fc.array(fc.nat(), { maxLength: 4 }), ({ seed, precision, n, m, cols }, points) => {
        const random = randomSource(seed);
        const input = randomMatrix(random, precision, n, m);
        const weights = randomMatrix(random, precision, m, cols);
        const cuts = points.map((point) => point % (n + 1)).sort((a, b) => a - b);
        expect(project(input, weights, cuts).data).toEqual(project(input, weights).data);
      }),
      { numRuns: 40 },
    );
  });

  it('refuses operands of wrong shapes', () => {
    const input = matrix('float64', 2, 3);
    expect(() => project(input, matrix('float64', 4, 2))).toThrow('project: weights is [4, 2] but should be [3, 2]');
  });
});
