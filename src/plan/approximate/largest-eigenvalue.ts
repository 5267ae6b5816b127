/** Powers up to the 128th; to the 32nd where the matrix is large. */
const SQUARINGS = 7;

/** Bound on the largest eigenvalue of a symmetric matrix [d, d]: of its row sums, and of the Frobenius norm of a high power, which is within d^(1/256) of it. */
export function largestEigenvalue(matrix: Float64Array, d: number): number {
  let rowSum = 0;
  for (let a = 0; a < d; a++) {
    let sum = 0;
    for (let b = 0; b < d; b++) sum += Math.abs(matrix[a * d + b] as number);
    rowSum = Math.max(rowSum, sum);
  }
  if (!(rowSum > 0) || d < 3) return rowSum;
  let [power, next] = [new Float64Array(matrix.length), new Float64Array(matrix.length)];
  for (let i = 0; i < matrix.length; i++) power[i] = (matrix[i] as number) / rowSum;
  let logNorm = 0;
  const rounds = d > 32 ? 5 : SQUARINGS;
  for (let round = 0; round < rounds; round++) {
    const size = Math.sqrt(square(power, d, next));
    if (!(size > 0)) return rowSum;
    for (let i = 0; i < next.length; i++) next[i] = (next[i] as number) / size;
    logNorm = 2 * logNorm + Math.log(size);
    [power, next] = [next, power];
  }
  return Math.min(rowSum, 1.000001 * rowSum * Math.exp(logNorm / 2 ** rounds));
}

/** The square of a symmetric matrix, into `result`; the sum of its squared entries. */
function square(matrix: Float64Array, d: number, result: Float64Array): number {
  let squares = 0;
  for (let a = 0; a < d; a++) {
    for (let b = 0; b <= a; b++) {
      let sum = 0;
      for (let i = a * d, j = b * d; i < (a + 1) * d; i++, j++) sum += (matrix[i] as number) * (matrix[j] as number);
      result[a * d + b] = sum;
      result[b * d + a] = sum;
      squares += (a === b ? 1 : 2) * sum * sum;
    }
  }
  return squares;
}
