/**
 * Polynomials in the place of e^x on [-M, M] (math.md §3.3), each with a bound on its error that is proved for the coefficients as they
 * stand, whatever way they were found.
 */

export interface ExponentialPolynomial {
  /** Of 1, x, x^2, ... */
  readonly coefficients: readonly number[];
  /**
   * λ of Theorem A: |ln p(x) - x - c| <= λ on [-M, M] for one constant c, which normalisation removes. Infinity where p is not certainly
   * positive there.
   */
  readonly logError: number;
  /** κ of Theorem D (moments.ts): |p(x) - e^x| <= κ x^2 on [-M, M]; Infinity where p(0) or p'(0) is not that of e^x. */
  readonly squareError: number;
  /** Σ |coefficients[k]| M^k, what rounding errors of sums of features are relative to (math.md §3.6). */
  readonly absoluteSum: number;
}

/** 'economised': 1 + x + x^2 r(x), r near the best for (e^x - 1 - x) / x^2, for errors on average. */
export type ExponentialKind = 'taylor' | 'minimax' | 'economised';

const UNIT = 2 ** -53;

export function exponentialPolynomial(kind: ExponentialKind, degree: number, bound: number): ExponentialPolynomial {
  const { coefficients, squareError } = fitted(bound === 0 ? 'taylor' : kind, degree, bound);
  const absoluteSum = coefficients.reduce((sum, c, k) => sum + Math.abs(c) * bound ** k, 0);
  return { coefficients, absoluteSum, squareError, logError: logErrorBound(coefficients, bound, absoluteSum) };
}

function fitted(kind: ExponentialKind, degree: number, bound: number): Pick<ExponentialPolynomial, 'coefficients' | 'squareError'> {
  if (kind === 'minimax') return { coefficients: minimax(degree, bound), squareError: Number.POSITIVE_INFINITY };
  if (kind === 'economised' && degree > 1) return economised(degree, bound);
  // Σ_k>g M^(k-2) / k!
  const terms = squareTerms(bound, degree);
  const squareError = raised(
    terms.reduce((sum, term, k) => (k + 2 > degree ? sum + term : sum), 0),
    terms,
  );
  return { coefficients: taylor(degree), squareError: degree > 0 ? squareError : Number.POSITIVE_INFINITY };
}

const MOST_SQUARE_TERMS = 100;

/**
 * M^k / (k + 2)!, the sizes of the terms of (e^x - 1 - x) / x^2, the last one standing for all that follow: as many as are needed for it to be beyond
 * fp64's rounding, a dozen where scores are small. Each costs a polynomial of Chebyshev's of its degree.
 */
function squareTerms(bound: number, degree: number): number[] {
  const terms = [0.5];
  let most = 0.5;
  for (let k = 1; k < MOST_SQUARE_TERMS; k++) {
    const term = ((terms[k - 1] as number) * bound) / (k + 2);
    terms.push(term);
    most = Math.max(most, term);
    // From here on they fall by more than a half each.
    if (k > degree && 2 * bound < k && term < 2 ** -70 * most) break;
  }
  terms.push(2 * (terms.pop() as number));
  return terms;
}

/** Coefficients are rounded, each by a few units of the largest. */
function raised(sum: number, terms: readonly number[]): number {
  return sum * (1 + 1e-12) + 1e-13 * terms.reduce((most, term) => Math.max(most, Math.abs(term)), 0.5);
}

/**
 * The series of (e^x - 1 - x) / x^2, its highest power taken away again and again with the multiple of Chebyshev's polynomial that has it: each
 * step costs no more than that multiple.
 */
function economised(degree: number, bound: number): Pick<ExponentialPolynomial, 'coefficients' | 'squareError'> {
  // In y = x / M.
  const terms = squareTerms(bound, degree);
  const given = [...terms];
  let squareError = terms.pop() as number;
  for (let top = terms.length - 1; top > degree - 2; top--) {
    const size = (terms[top] as number) / 2 ** (top - 1);
    squareError += Math.abs(size);
    chebyshevPowers(top).forEach((value, k) => {
      terms[k] = (terms[k] as number) - size * value;
    });
    terms.pop();
  }
  return { coefficients: [1, 1, ...terms.map((term, k) => term / bound ** k)], squareError: raised(squareError, given) };
}

/** T_0, T_1, .. as far as they were asked for. */
const chebyshev: number[][] = [[1], [0, 1]];

/** Coefficients of T_k in powers. */
function chebyshevPowers(k: number): readonly number[] {
  while (chebyshev.length <= k) {
    const [before, now] = chebyshev.slice(-2) as [number[], number[]];
    const next = [0, ...now.map((value) => 2 * value)];
    before.forEach((value, power) => {
      next[power] = (next[power] as number) - value;
    });
    chebyshev.push(next);
  }
  return chebyshev[k] as number[];
}

function taylor(degree: number): number[] {
  const coefficients = [1];
  for (let k = 1; k <= degree; k++) coefficients.push((coefficients[k - 1] as number) / k);
  return coefficients;
}

/**
 * The bound: f(x) = p(x) e^-x - 1 is, up to less than `tail`, a polynomial of degree N = g + the tail's, and the largest size of one on
 * an interval is at most 1/cos(π N / 2K) times that at K Chebyshev nodes (Ehlich and Zeller 1964); K = 8 N makes that 1.02.
 */
function logErrorBound(coefficients: readonly number[], bound: number, absoluteSum: number): number {
  const { degree: tailDegree, size: tail } = tailOf(bound);
  const nodes = 8 * (coefficients.length - 1 + tailDegree);
  let [lowest, highest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < nodes; i++) {
    const error = relativeError(coefficients, bound * Math.cos((Math.PI * (i + 0.5)) / nodes));
    lowest = Math.min(lowest, error);
    highest = Math.max(highest, error);
  }
  const rounding = 4 * (coefficients.length + 2) * UNIT * absoluteSum * Math.exp(bound);
  const slack = absoluteSum * tail + rounding;
  const middle = (highest + lowest) / 2;
  const half = ((highest - lowest) / 2 + slack) / Math.cos(Math.PI / 16) + slack;
  const smallest = 1 + middle - half;
  return smallest > 0 ? Math.log((1 + middle + half) / smallest) / 2 : Number.POSITIVE_INFINITY;
}

/** The degree D from which the rest of e^-x, at most M^(D+1)/(D+1)! e^M, is below fp64's rounding, and that rest. */
function tailOf(bound: number): { readonly degree: number; readonly size: number } {
  let size = Math.exp(bound) * bound;
  let degree = 0;
  while (size > 2 ** -60 && degree < 100) {
    degree++;
    size *= bound / (degree + 1);
  }
  return { degree, size };
}

/** About the error of the best polynomial of a degree, κ for an economised one, from its leading term: for deciding which degrees to try. */
export function roughError(kind: ExponentialKind, degree: number, bound: number): number {
  let size = 1;
  for (let k = 1; k <= degree + 1; k++) size *= bound / k;
  if (kind === 'economised') return size / bound ** 2 / 2 ** Math.max(0, degree - 2);
  return kind === 'minimax' ? size / 2 ** degree : size / 2;
}

function relativeError(coefficients: readonly number[], x: number): number {
  return evaluate(coefficients, x) * Math.exp(-x) - 1;
}

function evaluate(coefficients: readonly number[], x: number): number {
  let value = 0;
  for (let k = coefficients.length - 1; k >= 0; k--) value = value * x + (coefficients[k] as number);
  return value;
}

/**
 * The polynomial whose largest relative error is smallest, by Remez's exchange on a grid: p e^-x - 1 takes its extreme g + 2 times with
 * alternating signs. Where the exchange stalls, what it has is still bounded by `logErrorBound`.
 */
function minimax(degree: number, bound: number): number[] {
  const count = degree + 2;
  const grid = Array.from({ length: 16 * count }, (_, i) => -Math.cos((Math.PI * i) / (16 * count - 1)));
  let points = Array.from({ length: count }, (_, i) => -Math.cos((Math.PI * i) / (count - 1)));
  let best: { coefficients: number[]; size: number } | null = null;
  for (let round = 0; round < 12; round++) {
    const series = interpolate(points, degree, bound);
    if (series === null) break;
    const errors = grid.map((x) => chebyshevSum(series, x) * Math.exp(-bound * x) - 1);
    const size = Math.max(...errors.map(Math.abs));
    if (best !== null && size >= best.size * (1 - 1e-3)) break;
    best = { coefficients: toPowers(series, bound), size };
    const next = alternation(grid, errors, count);
    if (next === null) break;
    points = next;
  }
  return best?.coefficients ?? taylor(degree);
}

/**
 * Σ a_k T_k with errors of one size and alternating signs at the points: a linear system in a_0..a_g and the size. Rows are brought to one
 * size, or elimination would choose its pivots by e^-Mx and lose the right end of the interval.
 */
function interpolate(points: readonly number[], degree: number, bound: number): number[] | null {
  const rows = points.map((x, i) => {
    const weight = Math.exp(-Math.max(0, bound * x));
    const target = Math.exp(Math.min(0, bound * x));
    return [...chebyshevRow(x, degree).map((value) => value * weight), i % 2 === 0 ? target : -target, target];
  });
  return solveLinear(rows)?.slice(0, degree + 1) ?? null;
}

function chebyshevRow(x: number, degree: number): number[] {
  const row = [1, x];
  for (let k = 2; k <= degree; k++) row.push(2 * x * (row[k - 1] as number) - (row[k - 2] as number));
  return row.slice(0, degree + 1);
}

function chebyshevSum(series: readonly number[], x: number): number {
  return chebyshevRow(x, series.length - 1).reduce((sum, value, k) => sum + value * (series[k] as number), 0);
}

/** One extreme of each run of errors of one sign, `count` runs in a row; null where there are fewer. */
function alternation(grid: readonly number[], errors: readonly number[], count: number): number[] | null {
  const runs: { x: number; error: number }[] = [];
  grid.forEach((x, i) => {
    const error = errors[i] as number;
    const last = runs.at(-1);
    if (last === undefined || last.error * error < 0) runs.push({ x, error });
    else if (Math.abs(error) > Math.abs(last.error)) runs[runs.length - 1] = { x, error };
  });
  while (runs.length > count) {
    const [first, last] = [runs[0], runs.at(-1)] as [(typeof runs)[0], (typeof runs)[0]];
    if (Math.abs(first.error) < Math.abs(last.error)) runs.shift();
    else runs.pop();
  }
  return runs.length === count ? runs.map(({ x }) => x) : null;
}

/** Coefficients of powers of x from those of T_k(x / M). */
function toPowers(series: readonly number[], bound: number): number[] {
  const powers = new Array<number>(series.length).fill(0);
  series.forEach((a, k) => {
    chebyshevPowers(k).forEach((value, i) => {
      powers[i] = (powers[i] as number) + a * value;
    });
  });
  return powers.map((value, k) => value / bound ** k);
}

/** Gaussian elimination with pivoting on rows [A | b]; null where the system is singular. */
function solveLinear(rows: number[][]): number[] | null {
  const n = rows.length;
  for (let column = 0; column < n; column++) {
    const pivot = rows
      .slice(column)
      .reduce((most, row) => (Math.abs(row[column] as number) > Math.abs(most[column] as number) ? row : most));
    if (Math.abs(pivot[column] as number) < 1e-300) return null;
    rows.splice(rows.indexOf(pivot), 1);
    rows.splice(column, 0, pivot);
    for (let r = column + 1; r < n; r++) eliminate(rows[r] as number[], pivot, column);
  }
  const solution = new Array<number>(n).fill(0);
  for (let r = n - 1; r >= 0; r--) {
    const row = rows[r] as number[];
    const known = solution.reduce((sum, value, c) => (c > r ? sum + value * (row[c] as number) : sum), 0);
    solution[r] = ((row[n] as number) - known) / (row[r] as number);
  }
  return solution;
}

function eliminate(row: number[], pivot: readonly number[], column: number): void {
  const factor = (row[column] as number) / (pivot[column] as number);
  for (let c = column; c < row.length; c++) row[c] = (row[c] as number) - factor * (pivot[c] as number);
}
