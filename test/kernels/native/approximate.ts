/** Random feature maps, and the reference's answer on the same numbers in fp64. */
import fc from 'fast-check';
import type { AccumulateStep, ApplyStep, Matrix, Precision, Step } from '../../../kernels/backend.ts';
import { load } from '../../../kernels/reference/index.ts';
import { matrix, randomMatrix, runStep } from '../cases.ts';

export const ROUNDING: Readonly<Record<Precision, number>> = { float32: 2 ** -24, float64: 2 ** -53 };

/** Every matrix of a step in fp64, results empty; the step's own matrices stay as they are. */
export function widened<S>(step: S): S {
  const widen = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(widen);
    if (value === null || typeof value !== 'object') return value;
    if ('data' in value) return { ...value, data: Float64Array.from((value as Matrix).data) };
    return Object.fromEntries(Object.entries(value).map(([key, own]) => [key, widen(own)]));
  };
  return widen(step) as S;
}

/** The same step, run by the reference in fp64. */
export function expectedStep<S extends Step<Matrix>>(step: S, rows: number): S {
  const wide = widened(step);
  runStep(load(), wide, rows);
  return wide;
}

type MapFields = Pick<AccumulateStep<Matrix>, 'queries' | 'center' | 'stretch' | 'degree' | 'tilts'>;

export interface MapShape {
  readonly seed: number;
  readonly n: number;
  readonly dimension: number;
  readonly degree: number;
  readonly dv: number;
  readonly tilts: number;
  readonly centred: boolean;
}

/** Ranks up to some thousands: every degree up to eight meets as many coordinates as that leaves. */
export const MAP_SHAPES = fc
  .record({
    seed: fc.integer({ min: 0, max: 1e6 }),
    n: fc.integer({ min: 1, max: 300 }),
    degree: fc.integer({ min: 0, max: 8 }),
    size: fc.double({ min: 0, max: 1, noNaN: true }),
    dv: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 4, max: 40 })),
    tilts: fc.integer({ min: 0, max: 2 }),
    centred: fc.boolean(),
  })
  .map(({ size, ...rest }): MapShape => {
    const most = [40, 40, 33, 14, 8, 6, 5, 4, 4][rest.degree];
    return { ...rest, dimension: 1 + Math.floor(size * (most - 1)) };
  });

export function randomMap(random: () => number, precision: Precision, shape: MapShape): MapFields {
  const { n, dimension, degree } = shape;
  const vector = () => randomMatrix(random, precision, 1, dimension);
  return {
    queries: randomMatrix(random, precision, n, dimension),
    center: shape.centred ? vector() : null,
    stretch: 0.5,
    degree,
    tilts: Array.from({ length: shape.tilts }, () => ({ vector: vector(), factor: 4 * random() - 2 })),
  };
}

/** The map whose features are the sizes of `map`'s: what rounding errors are relative to. */
export function sizesOf({ queries, center, stretch, degree }: MapFields): MapFields {
  const cols = queries.cols;
  const size = (at: number) => Math.abs((queries.data[at] - (center?.data[at % cols] ?? 0)) * stretch);
  return { queries: matrix('float64', queries.rows, cols, size), center: null, stretch: 1, degree, tilts: [] };
}

/** Σ factor <vector, q_l - center>. */
export function tiltOf({ queries, center, tilts }: MapFields, row: number): number {
  const cols = queries.cols;
  let sum = 0;
  for (const { vector, factor } of tilts) {
    for (let c = 0; c < cols; c++) sum += factor * vector.data[c] * (queries.data[row * cols + c] - (center?.data[c] ?? 0));
  }
  return sum;
}

export const absolute = (source: Matrix): Matrix => ({ ...source, data: Float64Array.from(source.data, Math.abs) });

export type Applied = ApplyStep<Matrix> & { readonly message: Matrix };
