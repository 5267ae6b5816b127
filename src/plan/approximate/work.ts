import type { Work } from '../../../kernels/backend.ts';

/** Modelled work of the feature steps (math.md §3.5). */

/** C(n, k) in floating point: a rank is compared and shown, and may be beyond what integers hold. */
export function binomial(n: number, k: number): number {
  let product = 1;
  for (let i = 1; i <= k; i++) product *= (n - k + i) / i;
  return Math.round(product);
}

/** Features of D coordinates up to degree g. */
export function rank(dimension: number, degree: number): number {
  return binomial(dimension + degree, degree);
}

/**
 * What a feature of a row costs beside its products, and what a row costs whatever its features: by its coordinates, which are read, weighed and
 * turned, by its columns, which are read or written, and at all (bench/approximate-kernels.ts, ranks 17 to 4,845).
 */
const FEATURE_FLOPS = 8;
const ROW_FLOPS = { row: 1300, coordinate: 60, column: 72 };

/** Features of n rows, and their products with `cols` columns: accumulate and apply alike. */
export function featureWork(n: number, r: number, dimension: number, cols: number, width: number): Work {
  const row = ROW_FLOPS.row + ROW_FLOPS.coordinate * dimension + ROW_FLOPS.column * cols;
  return {
    flops: n * (r * (2 * cols + FEATURE_FLOPS) + row),
    exponentials: n,
    bytes: width * (n * (dimension + cols) + 2 * r * cols),
  };
}

/** What a number of a short product costs beside its multiply-adds. */
const SHORT_FLOPS = 28;

/** n rows of r numbers, each with `cols` multiply-adds that end in fp64. */
export function shortProductWork(n: number, r: number, dimension: number, cols: number, width: number): Work {
  return { flops: n * r * (2 * cols + SHORT_FLOPS), exponentials: n, bytes: width * (n * (dimension + cols) + 2 * r * cols) };
}

/** Random features of n rows: in fp64, whatever the width of what is stored. */
export function randomFeatureWork(n: number, count: number, dimension: number, width: number): Work {
  const wide = 8 / width;
  return { flops: wide * n * count * 2 * dimension, exponentials: wide * n * count, bytes: width * n * (dimension + count) };
}

/** Against its multiply-adds alone: moving sums are loaded and stored as often as they are multiplied. */
const SCAN_COST = 2;

/** Moving sums of `variables` - 1 variables and the root's features, in fp64. */
export function scanWork(n: number, r: number, variables: number, dimension: number, cols: number, width: number): Work {
  const { flops, exponentials, bytes } = shortProductWork(n, r * (variables + 1), dimension, cols, width);
  return { flops: (SCAN_COST * 8 * flops) / width, exponentials, bytes };
}

/** What a visit of the walk over multi-indices costs beside its products, in flops of the back end that walks. */
const VISIT_FLOPS = 60;

export function contractWork(visits: number, r: number, variables: number, cols: number, width: number): Work {
  return { flops: visits * (VISIT_FLOPS + variables * cols), exponentials: 0, bytes: width * variables * r * cols };
}

/**
 * Two passes over the rows: some operations an entry, and up to two dozen for its powers; entries are met in conversions more than in products.
 * `products` is how many matrices of products of coordinates there are.
 */
export function surveyWork(n: number, cols: number, width: number, norms: number, products: number): Work {
  return {
    flops: (6 + (norms === 0 ? 0 : norms <= 3 ? 10 : 24) + 2 * cols * products) * n * cols,
    exponentials: 0,
    bytes: 2 * width * n * cols,
  };
}

/** Keys, biases and products of values of m tuples. */
export function sampleWork(
  m: number,
  monomials: readonly { readonly variables: readonly number[] }[],
  d: number,
  dv: number,
  width: number,
): Work {
  const degrees = monomials.reduce((sum, { variables }) => sum + variables.length, 0);
  return { flops: m * (degrees * d + 4 * dv), exponentials: 0, bytes: width * m * (degrees * d + 6 * dv) };
}

/** Scores of n rows with m tuples, and sums of what the exponential and a polynomial differ by, and of its squares. */
export function residualWork(n: number, m: number, d: number, dv: number, width: number): Work {
  return { flops: n * m * (2 * d + 6 * dv + 10), exponentials: n * m, bytes: width * (n * (d + dv) + m * (d + 3 * dv)) };
}
