/**
 * Eigenvalues, largest first, and eigenvectors of a symmetric matrix [n, n], by Jacobi's rotations; vectors[i] belongs to values[i]. The
 * vectors are orthonormal up to rounding whenever the rotations stop, which they do when what is left off the diagonal is below 1e-6 of
 * the whole: a basis to drop coordinates in need not be better, since what is dropped is measured.
 */
export interface Eigen {
  readonly values: readonly number[];
  readonly vectors: readonly Float64Array[];
}

const SWEEPS = 20;
const ENOUGH = 1e-6;

export function symmetricEigen(matrix: ArrayLike<number>, n: number): Eigen {
  const a = Float64Array.from(matrix);
  const v = new Float64Array(n * n);
  for (let i = 0; i < n; i++) v[i * n + i] = 1;
  const limit = ENOUGH * Math.sqrt(a.reduce((sum, x) => sum + x * x, 0));
  for (let sweep = 0; sweep < SWEEPS && offDiagonal(a, n) > limit; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) if (Math.abs(a[p * n + q] as number) > limit / (4 * n)) rotate(a, v, n, p, q);
    }
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => (a[j * n + j] as number) - (a[i * n + i] as number));
  return {
    values: order.map((i) => a[i * n + i] as number),
    vectors: order.map((i) => v.slice(i * n, (i + 1) * n)),
  };
}

/**
 * The `count` largest, roughly, by Ritz vectors of a block Krylov step of a matrix without negative eigenvalues: orthonormal up to rounding, and as good as the
 * gap behind them. A fraction of the cost where few of many are wanted.
 */
export function leadingEigen(matrix: ArrayLike<number>, n: number, count: number): Eigen {
  const a = Float64Array.from(matrix);
  let rows: Float64Array[] = Array.from({ length: count }, (_, i) =>
    Float64Array.from({ length: n }, (_, c) => Math.cos(1 + 2.4 * i * c + i + c * c)),
  );
  for (let round = 0; round < ROUNDS; round++) rows = orthonormal(rows.map((row) => times(a, row)));
  const images = rows.map((row) => times(a, row));
  const small = new Float64Array(count * count);
  for (let i = 0; i < count; i++)
    for (let j = 0; j < count; j++) small[i * count + j] = dot(rows[i] as Float64Array, images[j] as Float64Array);
  const { values, vectors } = symmetricEigen(small, count);
  const turned = vectors.map((weights) => {
    const sum = new Float64Array(n);
    for (const [i, row] of rows.entries()) addTo(sum, row, weights[i] as number);
    return sum;
  });
  return { values, vectors: orthonormal(turned) };
}

const ROUNDS = 3;

/** Gram-Schmidt, twice; a row that vanishes becomes zero, which loses nothing but itself. */
function orthonormal(rows: readonly Float64Array[]): Float64Array[] {
  const done: Float64Array[] = [];
  for (const row of rows) {
    const own = Float64Array.from(row);
    const before = Math.sqrt(dot(own, own));
    for (let pass = 0; pass < 2; pass++) for (const other of done) addTo(own, other, -dot(own, other));
    const size = Math.sqrt(dot(own, own));
    done.push(size > 1e-10 * before ? own.map((x) => x / size) : own.fill(0));
  }
  return done;
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

function addTo(sum: Float64Array, x: Float64Array, factor: number): void {
  for (let i = 0; i < x.length; i++) sum[i] = (sum[i] as number) + factor * (x[i] as number);
}

/** Of a symmetric matrix with a vector. */
export function times(matrix: Float64Array, x: Float64Array): Float64Array {
  const n = x.length;
  const result = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += (matrix[i * n + j] as number) * (x[j] as number);
    result[i] = sum;
  }
  return result;
}

function offDiagonal(a: Float64Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) sum += 2 * (a[i * n + j] as number) ** 2;
  return Math.sqrt(sum);
}

/** Zeroes a[p, q] by a rotation of both rows and both columns; rows of v are the vectors. */
function rotate(a: Float64Array, v: Float64Array, n: number, p: number, q: number): void {
  const apq = a[p * n + q] as number;
  const theta = ((a[q * n + q] as number) - (a[p * n + p] as number)) / (2 * apq);
  const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  turn(a, p, q, n, n, c, t * c);
  turn(a, p * n, q * n, 1, n, c, t * c);
  turn(v, p * n, q * n, 1, n, c, t * c);
}

/** Turns n pairs of entries, `step` apart, by the angle whose cosine and sine are given. */
function turn(data: Float64Array, p: number, q: number, step: number, n: number, cosine: number, sine: number): void {
  for (let k = 0, i = p, j = q; k < n; k++, i += step, j += step) {
    const x = data[i] as number;
    const y = data[j] as number;
    data[i] = cosine * x - sine * y;
    data[j] = sine * x + cosine * y;
  }
}
