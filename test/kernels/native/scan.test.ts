import { describe, expect, it } from 'vitest';
import type { Matrix, Precision, ScanStep } from '../../../kernels/backend.ts';
import { matrix, randomMatrix, randomSource, runStep } from '../cases.ts';
import { expectedStep, ROUNDING } from './approximate.ts';
import { SETS, SETS_AND_PRECISIONS } from './sets.ts';

interface Shape {
  readonly t: number;
  readonly n: number;
  /** Of the others; n where left out. */
  readonly keys?: number;
  readonly d: number;
  readonly dv: number;
  readonly degree: number;
  readonly lowest: number;
  readonly highest: number;
  readonly cuts: readonly number[];
  /** Rows of large bias, which leave the windows again. */
  readonly heavy?: number;
}

const far = Number.POSITIVE_INFINITY;
const SHAPES: readonly Shape[] = [
  { t: 2, n: 30, d: 3, dv: 2, degree: 2, lowest: 0, highest: far, cuts: [] },
  { t: 3, n: 41, d: 2, dv: 3, degree: 2, lowest: 0, highest: far, cuts: [8, 21] },
  { t: 3, n: 50, d: 5, dv: 17, degree: 2, lowest: 0, highest: 6, cuts: [13] },
  { t: 4, n: 25, d: 2, dv: 1, degree: 4, lowest: -2, highest: 3, cuts: [9] },
  { t: 5, n: 20, d: 2, dv: 4, degree: 2, lowest: 0, highest: far, cuts: [3] },
  { t: 2, n: 33, d: 16, dv: 8, degree: 2, lowest: 1, highest: 9, cuts: [17] },
  { t: 2, n: 40, keys: 11, d: 3, dv: 2, degree: 2, lowest: 0, highest: 4, cuts: [20] },
  { t: 2, n: 12, keys: 60, d: 3, dv: 2, degree: 2, lowest: -far, highest: 2, cuts: [] },
  { t: 3, n: 21, d: 4, dv: 2, degree: 0, lowest: 0, highest: 5, cuts: [7] },
  { t: 2, n: 26, d: 3, dv: 0, degree: 2, lowest: 0, highest: far, cuts: [7] },
  { t: 2, n: 300, d: 2, dv: 2, degree: 2, lowest: 0, highest: 5, cuts: [100], heavy: 40 },
];

function scanOf(precision: Precision, shape: Shape, seed: number): ScanStep<Matrix> {
  const random = randomSource(seed);
  const { t, n, keys = n, d, dv, degree, lowest, highest, heavy } = shape;
  const vector = (): Matrix => matrix(precision, 1, d, () => 0.2 * random());
  const map = (rows: number) => ({
    queries: randomMatrix(random, precision, rows, d),
    center: random() < 0.5 ? vector() : null,
    ...{ stretch: 0.5, degree, tilts: random() < 0.5 ? [{ vector: vector(), factor: 0.7 }] : [] },
  });
  const bias = (rows: number): Matrix | null =>
    random() < 0.3 && heavy === undefined
      ? null
      : matrix(precision, rows, 1, (at) => (random() < 0.2 ? -Infinity : random() + (at === heavy ? 30 : 0)));
  return {
    kind: 'scan',
    root: map(n),
    others: Array.from({ length: t - 1 }, (_, j) => ({
      ...map(keys),
      values: dv > 0 && (j === 0 || random() < 0.7) ? randomMatrix(random, precision, keys, dv) : null,
      bias: bias(keys),
      ...{ lowest, highest },
    })),
    coefficients: Array.from({ length: degree + 1 }, (_, k) => 1 / [1, 1, 2, 6, 24][k]),
    factor: -0.8,
    offsets: [{ left: vector(), right: vector(), factor: 0.4 }],
    message: dv > 0 ? matrix(precision, n, dv) : null,
    logSumExp: matrix(precision, n, 1),
  };
}

function expectScanned(step: ScanStep<Matrix>, precision: Precision): void {
  const truth = expectedStep(step, step.root.queries.rows);
  // Rounding of the sums is in fp64: what has left them may have weighed 1024 times as much as what is there.
  const limit = (size: number): number => 2 * ROUNDING[precision] * size + 1e-9;
  truth.logSumExp.data.forEach((expected, row) => {
    const value = step.logSumExp.data[row];
    if (expected === -Infinity) expect(value, `row ${row}`).toBe(-Infinity);
    else expect(Math.abs(value - expected), `row ${row}`).toBeLessThanOrEqual(limit(Math.abs(expected)));
  });
  truth.message?.data.forEach((expected, at) => {
    expect(Math.abs((step.message as Matrix).data[at] - expected), `element ${at}`).toBeLessThanOrEqual(limit(Math.abs(expected)));
  });
}

describe.each(SETS_AND_PRECISIONS)('scan on $isa, $precision', ({ backend, precision }) => {
  it.each(SHAPES.flatMap((shape) => [1, 2, 3].map((seed) => ({ ...shape, seed }))))(
    'is that of the reference: t=$t, n=$n, d=$d, dv=$dv, degree $degree, rows $lowest to $highest, seed $seed',
    ({ seed, ...shape }) => {
      const step = scanOf(precision, shape, seed);
      runStep(backend, step, shape.n, [...shape.cuts]);
      expectScanned(step, precision);
    },
  );
});

describe('scan over many rows', () => {
  it.each(SETS)('starts its sums anew as the reference does on $isa', ({ backend }) => {
    const shape = { t: 2, n: 2600, d: 2, dv: 1, degree: 2, lowest: 0, highest: 100, cuts: [1300] };
    const step = scanOf('float64', shape, 5);
    runStep(backend, step, shape.n, shape.cuts);
    expectScanned(step, 'float64');
  });

  it.each(SETS)('stops when cancelled on $isa', ({ backend }) => {
    const step = scanOf('float32', { ...(SHAPES[1] as Shape), n: 200 }, 1);
    const control = new Int32Array(new SharedArrayBuffer(16));
    control[0] = 1;
    backend.run(step, { firstRow: 0, lastRow: 200, control, callId: 1e9 });
    expect(step.logSumExp.data.every(Number.isNaN)).toBe(true);
  });
});
