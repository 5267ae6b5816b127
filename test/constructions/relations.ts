/** Boolean matrix product: is there k with A_ik and B_kj? The weights of math.md §4.5. */
import type { Rows } from '../helpers/oracle.ts';
import type { Term } from './head.ts';

/** m×m. Token (i, j) is number im + j and carries A_ij and B_ij; a blank one follows. */
export interface Relations {
  readonly m: number;
  readonly a: readonly boolean[];
  readonly b: readonly boolean[];
}

export function randomRelations(next: () => number, m: number): Relations {
  // This density makes half of the entries of the product true.
  const density = Math.sqrt(1 - 0.5 ** (1 / m));
  const draw = (): boolean[] => Array.from({ length: m * m }, () => next() < density);
  return { m, a: draw(), b: draw() };
}

export function productAt({ m, a, b }: Relations, i: number, j: number): boolean {
  return Array.from({ length: m }, (_, k) => a[i * m + k] && b[k * m + j]).some(Boolean);
}

/** Score β × (3 for a witness, 2.5 for the blank pair, at most 2 for any other). */
export const SCORES = { witness: 3, blank: 2.5, other: 2, gate: -4 };

/** β: n^2 tuples below the wanted one by 1/2 weigh at most δ together. */
export function relationAmplitude({ m }: Relations, delta: number): number {
  return 2 * Math.log((m * m + 1) ** 2 / delta);
}

/**
 * The three index equalities as one-hot products, a gate for the entries that are 0, and the blank pair.
 *
 * @param variables a triangle: the entry (i, j), the entry A_ik, the entry B_kj
 */
export function relationTerms(relations: Relations, variables: readonly [number, number, number], delta: number): Term[] {
  const { m, a, b } = relations;
  const [first, left, right] = variables;
  const root = Math.sqrt(relationAmplitude(relations, delta));
  const cells = Array.from({ length: m * m }, (_, l) => ({ row: Math.floor(l / m), column: l % m }));
  const feature = (of: (cell: { row: number; column: number }, l: number) => number, blank: number): number[] =>
    [...cells.map(of), blank].map((x) => root * x);
  const rowIs = (index: number): number[] => feature(({ row }) => (row === index ? 1 : 0), 0);
  const columnIs = (index: number): number[] => feature(({ column }) => (column === index ? 1 : 0), 0);
  const ones = feature(() => 1, 1);
  const gate = (entries: readonly boolean[]): number[] => feature((_, l) => (entries[l] ? 0 : SCORES.gate), 0);
  const blank = feature(() => 0, Math.sqrt(SCORES.blank));
  const equalities = Array.from({ length: m }, (_, index): Term[] => [
    { [first]: rowIs(index), [left]: rowIs(index) },
    { [left]: columnIs(index), [right]: rowIs(index) },
    { [first]: columnIs(index), [right]: columnIs(index) },
  ]);
  return [
    ...equalities.flat(),
    { [first]: ones, [left]: gate(a) },
    { [first]: ones, [right]: gate(b) },
    { [left]: blank, [right]: blank },
  ];
}

/** 1 for entries, 0 for the blank token: [m^2 + 1, 1]. */
export function entryValues({ m }: Relations): Rows {
  return [...Array.from({ length: m * m }, () => [1]), [0]];
}
