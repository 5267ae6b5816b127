/**
 * Variables tied to one another: a large score for equal rows makes `to` take the row of `from`, so that both count as one variable.
 * The polynomial then does what the smaller one does that comes of merging them: C4 becomes a triangle.
 */
import type { Rows } from '../helpers/oracle.ts';
import { monomialsOf } from '../helpers/polynomials.ts';
import { queriesOf, type Term } from './head.ts';

export type Tie = readonly [from: number, to: number];

/**
 * Like `queriesOf`, for terms on merged variables, each named by the first of those that are tied.
 *
 * @param strength score of an equal pair above an unequal one
 */
export function tiedQueriesOf(text: string, n: number, terms: readonly Term[], ties: readonly Tie[], strength: number): Rows[] {
  const root = Math.sqrt(strength);
  const equalities = ties.flatMap(([from, to]) =>
    Array.from({ length: n }, (_, row): Term => {
      const isRow = Array.from({ length: n }, (_, other) => (other === row ? root : 0));
      return { [from]: isRow, [to]: isRow };
    }),
  );
  return queriesOf(text, n, [...terms.map((term) => placed(text, term, ties)), ...equalities]);
}

/** The same term on variables that some monomial holds. */
function placed(text: string, term: Term, ties: readonly Tie[]): Term {
  const named = Object.keys(term).map(Number);
  const mergedInto = (variable: number): number => {
    const tie = ties.find(([, to]) => to === variable);
    return tie ? mergedInto(tie[0]) : variable;
  };
  for (const { variables } of monomialsOf(text)) {
    const places = named.map((name) => variables.find((variable) => mergedInto(variable) === name));
    if (places.includes(undefined)) continue;
    return Object.fromEntries(places.map((place, i) => [place, term[named[i] as number] as readonly number[]]));
  }
  throw new Error(`no monomial of ${text} holds ${named}`);
}
