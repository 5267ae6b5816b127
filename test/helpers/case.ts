import { type OracleAnswer, type OracleCase, oracle, type Rows } from './oracle.ts';
import { monomialsOf, variableCountOf } from './polynomials.ts';
import { random, randomRows } from './random.ts';

export type Encoding = 'flat' | 'nested' | 'base64';

export interface HttpCase extends OracleCase {
  readonly polynomial: string;
}

/** A random case with its own n_j per variable, scaled so that the largest score is about `peak`. */
export function randomCase(polynomial: string, peak: number, seed: number): HttpCase {
  const next = random(seed);
  const t = variableCountOf(polynomial);
  const [d, dv] = [3, 2];
  const rows = Array.from({ length: t }, () => 2 + Math.floor(next() * (t > 4 ? 2 : 4)));
  const q = rows.map((n) => randomRows(next, n, d, 1));
  const v = rows.map((n, j) => (j === 0 ? null : randomRows(next, n, dv, 1)));
  const monomials = monomialsOf(polynomial);
  const unit = oracle({ monomials, q, v, scale: 1 });
  return { polynomial, monomials, q, v, scale: peak / unit.maxScore };
}

export function encodeTensor(rows: Rows, encoding: Encoding): unknown {
  const shape = [rows.length, rows[0]?.length ?? 0];
  if (encoding === 'nested') return rows;
  if (encoding === 'flat') return { shape, dtype: 'float32', data: rows.flat() };
  return { shape, dtype: 'float32', base64: Buffer.from(new Float32Array(rows.flat()).buffer).toString('base64') };
}

/** The request body of a case. */
export function requestOf(one: HttpCase, encoding: Encoding, extra: Record<string, unknown> = {}): Record<string, unknown> {
  const tensors: Record<string, unknown> = {};
  one.q.forEach((rows, j) => {
    tensors[`q${j + 1}`] = encodeTensor(rows, encoding);
    const values = one.v[j];
    if (values) tensors[`v${j + 1}`] = encodeTensor(values, encoding);
    const bias = one.b?.[j];
    if (bias)
      tensors[`b${j + 1}`] = { shape: [bias.length], data: bias.map((x) => (x === Number.NEGATIVE_INFINITY ? '-Infinity' : x)) };
  });
  return { polynomial: one.polynomial, scale: one.scale, tensors, ...extra };
}

interface WireTensor {
  readonly shape: number[];
  readonly dtype: string;
  readonly data?: unknown;
  readonly base64?: string;
}

/** The elements of a tensor of a response, whatever its encoding. */
export function elements(tensor: WireTensor): number[] {
  if (tensor.base64 === undefined) return (tensor.data as number[]).flat(4);
  const bytes = Buffer.from(tensor.base64, 'base64');
  const copy = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  return [...(tensor.dtype === 'float64' ? new Float64Array(copy) : new Float32Array(copy))];
}

/** math.md §8, item 4, for outputs; for log-sum-exps the score error itself, which also rounds the sum. */
export function tolerances(
  answer: OracleAnswer,
  t: number,
  precision: 'float32' | 'float64',
): { output: number; logSumExp: number } {
  const unit = precision === 'float32' ? 4e-7 : 4e-15;
  const finite = answer.logSumExp.filter(Number.isFinite).map(Math.abs);
  const score = (t - 1) * unit * (1 + answer.maxScore);
  return { output: (answer.range / 2) * score, logSumExp: score + unit * Math.max(0, ...finite) };
}

export function maxDifference(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  return a.reduce((worst, value, i) => (Object.is(value, b[i]) ? worst : Math.max(worst, Math.abs(value - (b[i] as number)))), 0);
}
