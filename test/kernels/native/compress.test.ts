import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CompressStep, Matrix, Precision } from '../../../kernels/backend.ts';
import { matrix, randomMatrix, randomSource, runStep } from '../cases.ts';
import { expectedStep, ROUNDING } from './approximate.ts';
import { SETS_AND_PRECISIONS } from './sets.ts';

const shapes = fc.record({
  seed: fc.integer({ min: 0, max: 1e6 }),
  n: fc.integer({ min: 1, max: 200 }),
  cols: fc.integer({ min: 1, max: 70 }),
  kept: fc.double({ min: 0, max: 1, noNaN: true }),
  parts: fc.integer({ min: 1, max: 5 }),
  tilts: fc.integer({ min: 0, max: 2 }),
  centred: fc.boolean(),
  /** How far the rows stand off the space of the basis. */
  off: fc.constantFrom(0, 1e-5, 1),
});
type Shape = typeof shapes extends fc.Arbitrary<infer S> ? S : never;

/** Orthonormal columns by Gram and Schmidt, and rows that lie near their span. */
function randomStep(precision: Precision, shape: Shape): CompressStep<Matrix> {
  const random = randomSource(shape.seed);
  const { n, cols, parts } = shape;
  const k = Math.max(1, Math.floor(shape.kept * cols));
  const basis = orthonormal(random, precision, cols, k);
  const weights = randomMatrix(random, 'float64', n, k);
  const row = (at: number) => {
    let sum = shape.off * (2 * random() - 1);
    for (let i = 0; i < k; i++) sum += weights.data[Math.floor(at / cols) * k + i] * basis.data[(at % cols) * k + i];
    return sum;
  };
  const vector = () => randomMatrix(random, precision, 1, cols);
  return {
    kind: 'compress',
    input: matrix(precision, n, cols, row),
    center: shape.centred ? vector() : null,
    basis,
    tilts: Array.from({ length: shape.tilts }, () => ({ vector: vector(), factor: 4 * random() - 2 })),
    parts,
    output: matrix(precision, n, k),
    unary: matrix(precision, n, 1),
    residual: matrix(precision, parts, 1),
  };
}

function orthonormal(random: () => number, precision: Precision, rows: number, cols: number): Matrix {
  const columns: number[][] = [];
  for (let i = 0; i < cols; i++) {
    let column = Array.from({ length: rows }, () => 2 * random() - 1);
    for (let again = 0; again < 2; again++) {
      for (const other of columns) {
        const along = other.reduce((sum, value, at) => sum + value * column[at], 0);
        column = column.map((value, at) => value - along * other[at]);
      }
      const norm = Math.hypot(...column);
      column = column.map((value) => value / norm);
    }
    columns.push(column);
  }
  return matrix(precision, rows, cols, (at) => columns[at % cols][Math.floor(at / cols)]);
}

/** Of a row's residual the reference's own fp64; `output` there is not rounded to fp32, so coordinates decide first. */
function residualOf({ input, center, basis, output }: CompressStep<Matrix>, row: number): number {
  const { cols } = input;
  const k = basis.cols;
  let lost = 0;
  for (let c = 0; c < cols; c++) {
    let rest = input.data[row * cols + c] - (center?.data[c] ?? 0);
    for (let i = 0; i < k; i++) rest -= output.data[row * k + i] * basis.data[c * k + i];
    lost += rest * rest;
  }
  return Math.sqrt(lost);
}

describe.each(SETS_AND_PRECISIONS)('compress on $isa in $precision', ({ backend, precision }) => {
  const u = ROUNDING[precision];

  it('agrees with the reference, and its residual is never low', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const step = randomStep(precision, shape);
        runStep(backend, step, shape.parts, [Math.floor(shape.parts / 2)]);
        const expected = expectedStep(step, shape.parts);
        for (const name of ['output', 'unary'] as const) {
          for (const [i, value] of expected[name].data.entries()) {
            expect(Math.abs(step[name].data[i] - value), `${name} ${i}`).toBeLessThanOrEqual(
              u * Math.abs(value) + 1e-13 * (1 + shape.cols),
            );
          }
        }
        for (let part = 0; part < shape.parts; part++) {
          const [first, last] = [0, 1].map((side) => Math.floor(((part + side) * shape.n) / shape.parts));
          let truth = 0;
          for (let row = first; row < last; row++) truth = Math.max(truth, residualOf(step, row));
          const rounding = (shape.cols + 80) * 2 ** -53 * 2 * shape.cols;
          expect(step.residual.data[part]).toBeGreaterThanOrEqual(truth - rounding);
          expect(step.residual.data[part]).toBeLessThanOrEqual(truth * (1 + 5 * u) + rounding);
        }
      }),
      { numRuns: 40, seed: 20264 },
    );
  });
});
