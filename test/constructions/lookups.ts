/** Tables as tokens, looked up along the edges of a tree of variables by typed codewords (math.md §4.1). */
import type { Rows } from '../helpers/oracle.ts';
import { queriesOf, type Term } from './head.ts';

/** Variable `to` takes the row of table number `table` (from 1) filed under the value of the row that variable `from` took. */
export interface Lookup {
  readonly from: number;
  readonly to: number;
  readonly table: number;
}

/** table[p] is the value filed under p. */
export type Table = readonly number[];

interface Token {
  /** 0 for a question. */
  readonly type: number;
  readonly position: number;
  readonly value: number;
}

export interface LookupHead {
  readonly q: readonly Rows[];
  /** Rows of the questions 0..m-1, which come after the tables. */
  readonly questions: readonly number[];
  /** One-hot value of every token, n×m. */
  readonly values: Rows;
  readonly n: number;
  readonly d: number;
  /** σ: the size of every entry, where no block needs copies. */
  readonly sigma: number;
  /** No part of the score is larger than this. */
  readonly maxScore: number;
  /** The most mass that theory lets go to wrong rows: (1 + δ/r)^r - 1, r lookups. */
  readonly wrongMass: number;
}

export function randomTable(next: () => number, m: number): Table {
  return Array.from({ length: m }, () => Math.floor(next() * m));
}

export function lookupHead(
  text: string,
  lookups: readonly Lookup[],
  tables: readonly Table[],
  delta: number,
  next: () => number,
): LookupHead {
  const m = tables[0]?.length ?? 0;
  const tokens: Token[] = tables.flatMap((table, i) => table.map((value, position) => ({ type: i + 1, position, value })));
  const questions = Array.from({ length: m }, (_, x) => tokens.push({ type: 0, position: x, value: x }) - 1);
  const n = tokens.length;
  const bits = 8 * Math.ceil(Math.log2(n));
  const codewords = tokens.map(() => Array.from({ length: bits }, () => (next() < 0.5 ? -1 : 1)));
  const gap = gapOf(codewords, bits);
  const weight = Math.log((n * lookups.length) / delta) / gap;
  const root = Math.sqrt(weight);
  // Token l of type i at position p is row (i - 1)m + p, and its codeword is number l.
  const wordOf = (table: number, position: number): number[] => codewords[(table - 1) * m + position] as number[];
  const terms = lookups.flatMap(({ from, to, table }) =>
    Array.from(
      { length: bits },
      (_, bit): Term => ({
        [from]: tokens.map(({ value }) => root * (wordOf(table, value)[bit] as number)),
        [to]: codewords.map((word) => root * (word[bit] as number)),
      }),
    ),
  );
  const q = queriesOf(text, n, terms);
  const d = q[0]?.[0]?.length ?? 0;
  return {
    q,
    questions,
    values: tokens.map(({ value }) => oneHot(value, m)),
    n,
    d,
    sigma: Math.sqrt(d * weight),
    maxScore: 2 * lookups.length * weight * bits,
    wrongMass: (1 + delta / lookups.length) ** lookups.length - 1,
  };
}

/** Γ: a codeword's product with itself minus the largest with any other. */
function gapOf(codewords: Rows, bits: number): number {
  let gap = bits;
  codewords.forEach((word, i) => {
    for (const other of codewords.slice(0, i))
      gap = Math.min(gap, bits - word.reduce((sum, x, c) => sum + x * (other[c] as number), 0));
  });
  return gap;
}

export function oneHot(value: number, m: number): number[] {
  return Array.from({ length: m }, (_, i) => (i === value ? 1 : 0));
}

/** The value of a question after the tables, in their order. */
export function follow(tables: readonly Table[], x: number): number {
  return tables.reduce((value, table) => table[value] as number, x);
}

/** x1 → x2 → ..., one table for each edge. */
export function alongPath(path: readonly number[]): Lookup[] {
  return path.slice(1).map((to, i) => ({ from: path[i] as number, to, table: i + 1 }));
}

export function largest(row: readonly number[]): number {
  return row.indexOf(Math.max(...row));
}
