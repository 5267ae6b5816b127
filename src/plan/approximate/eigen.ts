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
