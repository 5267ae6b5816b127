/**
 * Writes a wanted score as the tensors of one head, for any polynomial (math.md §4; the header of src/polynomial/capabilities.ts).
 *
 * A wanted score is a sum of terms, each a product of one number per row of some of the variables. A term takes one block of
 * coordinates on a minimal monomial that holds its variables; the block is repeated with signs where smaller monomials would see it too.
 */
import { expect } from 'vitest';
import { post, type TestApp } from '../helpers/app.ts';
import { elements } from '../helpers/case.ts';
import type { Rows } from '../helpers/oracle.ts';
import { monomialsOf, variableCountOf } from '../helpers/polynomials.ts';

/** The product, over the variables that are keys, of the feature of the row each of them takes. At least two variables. */
export type Term = Readonly<Record<number, readonly number[]>>;

type Monomial = ReturnType<typeof monomialsOf>[number];

/**
 * q1..qt, all n×d, whose score with the scale 1/d is the sum of the terms, up to one constant for all tuples.
 *
 * @param text the polynomial in the plain notation of `monomialsOf`
 */
export function queriesOf(text: string, n: number, terms: readonly Term[]): Rows[] {
  const monomials = monomialsOf(text);
  const t = variableCountOf(text);
  if (monomials.some(({ coefficient }) => !Number.isFinite(coefficient)))
    throw new Error(`write the coefficients of ${text} as numbers`);
  const blocks = terms.map((term) => blockOf(monomials, term));
  const d = blocks.reduce((sum, { signs }) => sum + signs.length, 0);
  return Array.from({ length: t }, (_, j) =>
    Array.from({ length: n }, (_, row) => blocks.flatMap((block) => entriesOf(block, j + 1, row, d))),
  );
}

interface Block {
  readonly term: Term;
  readonly monomial: Monomial;
  /** One line of signs, by variable with data, for every copy. */
  readonly signs: readonly (readonly number[])[];
}

function blockOf(monomials: readonly Monomial[], term: Term): Block {
  const data = dataOf(term);
  const holds = (set: readonly number[], part: readonly number[]): boolean => part.every((variable) => set.includes(variable));
  const [monomial] = monomials
    .filter(({ variables }) => holds(variables, data))
    .sort((a, b) => a.variables.length - b.variables.length);
  if (!monomial) throw new Error(`no monomial holds ${data}`);
  const inside = monomials.filter(({ variables }) => variables !== monomial.variables && holds(monomial.variables, variables));
  const seen = inside.some(({ variables }) => data.some((variable) => variables.includes(variable)));
  return { term, monomial, signs: seen ? evenSigns(data.length) : [data.map(() => 1)] };
}

/** What one row of one variable holds in the copies of a block. */
function entriesOf({ term, monomial, signs }: Block, variable: number, row: number, d: number): number[] {
  if (!monomial.variables.includes(variable)) return signs.map(() => 0);
  const feature = term[variable];
  if (!feature) return signs.map(() => 1);
  const data = dataOf(term);
  const position = data.indexOf(variable);
  const factor = d / (monomial.coefficient * signs.length);
  const amplitude = Math.abs(factor) ** (1 / data.length) * (position === 0 ? Math.sign(factor) : 1);
  return signs.map((copy) => amplitude * (copy[position] as number) * (feature[row] as number));
}

function dataOf(term: Term): number[] {
  return Object.keys(term).map(Number);
}

/** All lines of `count` signs whose product is +1. */
function evenSigns(count: number): number[][] {
  let lines: number[][] = [[]];
  for (let i = 1; i < count; i++) lines = lines.flatMap((line) => [1, -1].map((sign) => [...line, sign]));
  return lines.map((line) => [...line, line.reduce((product, sign) => product * sign, 1)]);
}

export interface Head {
  readonly q: readonly Rows[];
  /** Values by variable; those left out are ones. */
  readonly v: Readonly<Record<number, Rows>>;
}

export interface HeadAnswer {
  /** heads × n × dv. */
  readonly output: readonly Rows[];
  readonly plan: { readonly class: string; readonly algorithm: string; readonly backend: string };
}

/** `{ mechanism }` or `{ polynomial }`, and `precision` where it is not float32. */
export type Asked = Readonly<Record<string, string>>;

/** Sends heads that share their values as one request with a head dimension; the tensors travel in the precision of the computation. */
export async function ask(app: TestApp, asked: Asked, heads: readonly Head[]): Promise<HeadAnswer> {
  const [first] = heads;
  if (!first) throw new Error('no head');
  const dtype = asked.precision ?? 'float32';
  const tensors: Record<string, unknown> = {};
  first.q.forEach((_, j) => {
    tensors[`q${j + 1}`] = stacked(
      heads.map(({ q }) => q[j] as Rows),
      dtype,
    );
  });
  for (const [variable, rows] of Object.entries(first.v)) tensors[`v${variable}`] = stacked([rows], dtype);
  const body = { ...asked, tensors, output: { encoding: 'base64' } };
  const answer = await post(app, '/v1/attention', body);
  expect(answer.status, JSON.stringify(answer.body).slice(0, 400)).toBe(200);
  const [count, n, dv] = answer.body.output.shape as [number, number, number];
  expect(count).toBe(heads.length);
  const flat = elements(answer.body.output);
  const rowAt = (start: number): number[] => flat.slice(start * dv, (start + 1) * dv);
  const output = heads.map((_, head) => Array.from({ length: n }, (_, row) => rowAt(head * n + row)));
  return { output, plan: answer.body.plan };
}

function stacked(heads: readonly Rows[], dtype: string): unknown {
  const shape = [heads.length, heads[0]?.length ?? 0, heads[0]?.[0]?.length ?? 0];
  const numbers = heads.flat(2);
  const array = dtype === 'float64' ? new Float64Array(numbers) : new Float32Array(numbers);
  return { shape, dtype, base64: Buffer.from(array.buffer).toString('base64') };
}

/** What rounding may do to an output in [0, 1] (math.md §8, item 4; the unit of float64 as in helpers/case.ts). */
export function rounding(t: number, maxScore: number, precision: 'float32' | 'float64' = 'float32'): number {
  return 0.5 * (t - 1) * (precision === 'float32' ? 4e-7 : 4e-15) * (1 + maxScore);
}
