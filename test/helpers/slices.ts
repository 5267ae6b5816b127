import { type Encoding, elements, maxDifference, tolerances } from './case.ts';
import { type OracleAnswer, oracle, type Rows } from './oracle.ts';
import { monomialsOf } from './polynomials.ts';
import { random, randomRows } from './random.ts';

/** Problems of several slices: tensors with leading dimensions, and what the definition says of every slice. */

/** A tensor's own leading dimensions: [], [heads] or [batch, heads]. */
export type Lead = readonly number[];

/** Slices of one tensor, entry by entry and head by head, seen as [batch, heads]. */
export interface Stack {
  readonly lead: Lead;
  readonly batch: number;
  readonly heads: number;
  readonly slices: readonly Rows[];
}

export interface SlicedCase {
  readonly polynomial: string;
  readonly q: readonly Stack[];
  readonly v: readonly (Stack | null)[];
  /** Biases as stacks of one column. */
  readonly b?: readonly (Stack | null)[];
  readonly scale: number;
  /** Real rows by variable, then by batch entry. */
  readonly lengths?: readonly (readonly number[])[];
}

export interface SlicedAnswer {
  readonly shape: number[];
  readonly output: number[];
  readonly logSumExp: number[];
  readonly emptyRows: number;
  readonly slices: readonly OracleAnswer[];
}

export function stack(next: () => number, lead: Lead, rows: number, columns: number, amplitude = 1): Stack {
  const [batch, heads] = [...new Array<number>(2 - lead.length).fill(1), ...lead] as [number, number];
  return { lead, batch, heads, slices: Array.from({ length: batch * heads }, () => randomRows(next, rows, columns, amplitude)) };
}

/** Leading dimensions by tensor name, q1..qt, v2..vt, b1..bt; null: the tensor is left out. */
export type Layout = (name: string, variable: number) => Lead | null;

export interface Sizes {
  readonly rows: readonly number[];
  readonly d: number;
  readonly dv: number;
}

/** A random case: entries in ±1, scores of a few units. */
export function slicedCase(polynomial: string, layout: Layout, { rows, d, dv }: Sizes, seed: number): SlicedCase {
  const next = random(seed);
  const make = (role: string, j: number, columns: number, amplitude?: number): Stack | null => {
    const lead = layout(`${role}${j + 1}`, j + 1);
    return lead && stack(next, lead, rows[j] as number, columns, amplitude);
  };
  const q = rows.map((_, j) => make('q', j, d) as Stack);
  const v = rows.map((_, j) => (j === 0 ? null : make('v', j, dv)));
  const b = rows.map((_, j) => make('b', j, 1, 3));
  return { polynomial, q, v, b, scale: 3 };
}

/** A copy with some of a bias's keys switched off. */
export function withHoles(bias: Stack, isOff: (row: number, slice: number) => boolean): Stack {
  const off = (rows: Rows, slice: number): Rows => rows.map((row, i) => (isOff(i, slice) ? [Number.NEGATIVE_INFINITY] : row));
  return { ...bias, slices: bias.slices.map(off) };
}

function all(one: SlicedCase): Stack[] {
  return [...one.q, ...one.v, ...(one.b ?? [])].filter((each) => each !== null);
}

/** Shared batch entries, and heads shared by groups (api.md §2). */
function sliceOf({ batch, heads, slices }: Stack, entry: number, head: number, allHeads: number): Rows {
  return slices[(batch === 1 ? 0 : entry) * heads + Math.floor((head * heads) / allHeads)] as Rows;
}

export function solveSlices(one: SlicedCase): SlicedAnswer {
  const stacks = all(one);
  const batch = Math.max(...stacks.map((each) => each.batch));
  const heads = Math.max(...stacks.map((each) => each.heads));
  const monomials = monomialsOf(one.polynomial);
  const slices: OracleAnswer[] = [];
  for (let entry = 0; entry < batch; entry++) {
    for (let head = 0; head < heads; head++) {
      const pick = (each: Stack | null | undefined): Rows | null => (each ? sliceOf(each, entry, head, heads) : null);
      const lengths = one.lengths?.map((byEntry) => byEntry[entry] as number);
      slices.push(
        oracle({
          monomials,
          q: one.q.map((each) => pick(each) as Rows),
          v: one.v.map(pick),
          b: one.q.map((_, j) => pick(one.b?.[j])?.flat() ?? null),
          scale: one.scale,
          ...(lengths && { lengths }),
        }),
      );
    }
  }
  const rank = Math.max(...stacks.map(({ lead }) => lead.length));
  const first = slices[0] as OracleAnswer;
  const logSumExp = slices.flatMap((slice) => slice.logSumExp);
  return {
    shape: [...[batch, heads].slice(2 - rank), first.output.length, (first.output[0] as number[]).length],
    output: slices.flatMap(({ output }) => output.flat()),
    logSumExp,
    emptyRows: logSumExp.filter((value) => value === Number.NEGATIVE_INFINITY).length,
    slices,
  };
}

function nest(values: readonly unknown[], shape: readonly number[]): unknown {
  if (shape.length <= 1) return values;
  const size = values.length / (shape[0] as number);
  return Array.from({ length: shape[0] as number }, (_, i) => nest(values.slice(i * size, (i + 1) * size), shape.slice(1)));
}

function encodeStack({ lead, slices }: Stack, isBias: boolean, encoding: Encoding): unknown {
  const first = slices[0] as Rows;
  const [rows, columns] = [first.length, (first[0] as number[]).length];
  const shape = isBias ? [...lead, rows] : [...lead, rows, columns];
  const values = slices.flat(2);
  if (encoding === 'base64')
    return { shape, dtype: 'float32', base64: Buffer.from(new Float32Array(values).buffer).toString('base64') };
  const spelled = values.map((value) => (value === Number.NEGATIVE_INFINITY ? '-Infinity' : value));
  return encoding === 'nested' ? nest(spelled, shape) : { shape, data: spelled };
}

export function bodyOf(one: SlicedCase, encoding: Encoding, extra: Record<string, unknown> = {}): Record<string, unknown> {
  const tensors: Record<string, unknown> = {};
  const add = (role: string, each: Stack | null | undefined, j: number): void => {
    if (each) tensors[`${role}${j + 1}`] = encodeStack(each, role === 'b', encoding);
  };
  one.q.forEach((each, j) => {
    add('q', each, j);
    add('v', one.v[j], j);
    add('b', one.b?.[j], j);
  });
  return { polynomial: one.polynomial, scale: one.scale, tensors, ...extra };
}

// biome-ignore lint/suspicious/noExplicitAny: an answer is read freely
type Body = any;

/** What differs between an answer and the definition, in words; null where it is within math.md §8's tolerance. */
export function differenceFrom(truth: SlicedAnswer, body: Body, t: number, precision: 'float32' | 'float64'): string | null {
  const bounds = truth.slices.map((slice) => tolerances(slice, t, precision));
  const outputBound = Math.max(...bounds.map(({ output }) => output));
  const sumBound = Math.max(...bounds.map(({ logSumExp }) => logSumExp));
  const output = maxDifference(elements(body.output), truth.output);
  const sums = body.logSumExp ? maxDifference(elements(body.logSumExp), truth.logSumExp) : 0;
  if (String(body.output.shape) !== String(truth.shape)) return `shape ${body.output.shape}, not ${truth.shape}`;
  if (body.logSumExp && String(body.logSumExp.shape) !== String(truth.shape.slice(0, -1)))
    return `shape of L ${body.logSumExp.shape}`;
  if (!(output <= outputBound)) return `output off by ${output}, allowed ${outputBound}`;
  if (!(sums <= sumBound)) return `log-sum-exp off by ${sums}, allowed ${sumBound}`;
  return body.emptyRows === truth.emptyRows ? null : `emptyRows ${body.emptyRows}, not ${truth.emptyRows}`;
}
