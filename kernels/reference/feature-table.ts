/** The monomials of D coordinates up to degree g in the order of kernels/approximate.ts, and how they are computed and multiplied. */

/** C(n, k) of small whole numbers, exact in fp64. */
export function binomial(n: number, k: number): number {
  let product = 1;
  for (let i = 1; i <= k; i++) product = (product * (n - k + i)) / i;
  return Math.round(product);
}

/** Number of monomials of D coordinates of degree at most g. */
export function featureCount(dimension: number, degree: number): number {
  return binomial(dimension + degree, degree);
}

/** Writes the features of one row y to `features` from `at` on: every degree from the one before, a coordinate at a time. */
export function writeFeatures(y: Float64Array, degree: number, features: Float64Array, at: number): void {
  features[at] = 1;
  let base = at;
  let out = at + 1;
  for (let m = 1; m <= degree; m++) {
    const next = out;
    for (let c = 0; c < y.length; c++) {
      const factor = y[c];
      const count = binomial(c + m - 1, m - 1);
      for (let i = 0; i < count; i++) features[out++] = features[base + i] * factor;
    }
    base = next;
  }
}

/** successor[f · D + c] = the number of feature f times coordinate c, for every feature of degree below g. */
export function successors(dimension: number, degree: number): Int32Array {
  const table = new Int32Array(featureCount(dimension, degree - 1) * dimension);
  let f = 0;
  for (const coordinates of multisets(dimension, degree - 1)) {
    for (let c = 0; c < dimension; c++) table[f * dimension + c] = placeOf(insert(coordinates, c), dimension);
    f++;
  }
  return table;
}

/** All sorted lists of at most `degree` coordinates, in the order of the features. */
export function* multisets(dimension: number, degree: number): Generator<readonly number[]> {
  let last: (readonly number[])[] = [[]];
  for (let m = 0; m <= degree; m++) {
    yield* last;
    const before = last;
    last = [];
    for (let c = 0; c < dimension; c++) {
      const count = binomial(c + m, m);
      for (let i = 0; i < count; i++) last.push([...before[i], c]);
    }
  }
}

function insert(sorted: readonly number[], c: number): number[] {
  const at = sorted.findIndex((one) => one > c);
  return at < 0 ? [...sorted, c] : [...sorted.slice(0, at), c, ...sorted.slice(at)];
}

function placeOf(sorted: readonly number[], dimension: number): number {
  const m = sorted.length;
  const within = sorted.reduce((sum, c, i) => sum + binomial(c + i, i + 1), 0);
  return (m === 0 ? 0 : featureCount(dimension, m - 1)) + within;
}
