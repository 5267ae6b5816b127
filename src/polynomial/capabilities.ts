/**
 * What one head of a mechanism can and cannot do, as data (math.md §4). A claim has a source; where none is known the verdict is 'open'.
 *
 * The constructions use single monomials and leave the others silent. Coordinates are split into blocks, one for each monomial in
 * use: a minimal one that holds the variables with data. Its other variables hold ones in the block and variables outside it zeros, so
 * of the other monomials only those inside it remain there. These are silenced by *sign copies*: the block stands once for every
 * pattern of signs, with product +1, on the variables with data; the wanted product keeps its value, and a product of only some of
 * them sums to zero. Coefficients are absorbed by scaling the block. Where x1 does not hold what a construction needs, variables are
 * tied to it (ties.ts). test/constructions runs all of this over HTTP.
 */

import { pairGraph, primalGraph } from './graph.ts';
import { formatVariables, type Polynomial } from './polynomial.ts';
import { isStrassen, occurs, SOURCES } from './statements.ts';
import { largestClique, nearestCycle, type Tied, widestMonomial } from './ties.ts';
import { triangleAtRoot, type Walks, walksFromRoot } from './walks.ts';

export type Task =
  | 'composition'
  | 'two-lookups'
  | 'match-2'
  | 'match-3'
  | 'match-k'
  | 'boolean-matrix-product'
  | 'root-finding'
  | 'parity'
  | 'dyck-1';

export interface Capability {
  readonly task: Task;
  /** r of r-fold composition, k of Match-k, the number of unknowns of root finding; null elsewhere. */
  readonly order: number | null;
  readonly verdict: 'yes' | 'no' | 'open';
  readonly statement: string;
  /** `SOURCES.unknown` exactly where the verdict is 'open'. */
  readonly source: string;
  /** How the weights are chosen, for 'yes'. */
  readonly construction?: string;
}

const SIGN_COPIES =
  'variables of a monomial that carry no data hold ones, and each block stands once for every pattern of signs with product +1, so that smaller monomials cancel';

/** Statements for unmasked heads. Every mechanism gets the same tasks in the same order. */
export function capabilities(polynomial: Polynomial): Capability[] {
  const statements = [
    ...composition(polynomial),
    twoLookups(polynomial),
    match2(polynomial),
    match3(polynomial),
    matchK(polynomial),
    booleanProduct(polynomial),
    rootFinding(polynomial),
    ...regularLanguages(polynomial),
  ];
  return occurs(polynomial, 1) ? statements : statements.map(withoutRoot);
}

/** No monomial holds x1: the output does not depend on the query row, which decides the tasks that every row answers for its own token. */
function withoutRoot({ task, order }: Capability): Capability {
  const perRow: readonly Task[] = ['match-2', 'match-3', 'match-k', 'boolean-matrix-product'];
  if (!perRow.includes(task)) return open(task, order, 'x1 occurs in no monomial; no claim about this task is known to us.');
  return no(
    task,
    order,
    'x1 occurs in no monomial, so all output rows are equal, and here each row has its own answer.',
    SOURCES.derived,
  );
}

function composition(polynomial: Polynomial): Capability[] {
  const { walks, pairsOnly } = rootWalks(polynomial);
  const depth = walks.longest.length - 1;
  if (depth === 0) return [deeperComposition(polynomial, 1)];
  const statement =
    depth === 1
      ? 'One lookup f1(x) in one layer with one head; x1 starts no path of two edges.'
      : `r-fold composition f_r(...f_1(x)) for every r up to ${depth}, one layer and one head: x1 starts the path ${pathText(walks.longest)}.`;
  const construction = `Typed codewords: block e of the coordinates serves the e-th edge of the path, which asks for the token of type e at the present value${pairsOnly ? '' : `; ${SIGN_COPIES}`}.`;
  const source = pairsOnly && depth > 1 ? `${SOURCES.paper}, Theorems 3.1 and 3.4; weights: ${SOURCES.derived}` : SOURCES.derived;
  return [yes('composition', depth, statement, source, construction), deeperComposition(polynomial, depth + 1)];
}

function deeperComposition(polynomial: Polynomial, order: number): Capability {
  const heads = polynomial.variableCount - 1;
  if (isStar(polynomial)) {
    const bound = 'H heads of size d and p bits need H(d+1)p = Ω(n log n) for 2-fold composition';
    const source = `${SOURCES.paper}, Theorem 3.1; ${SOURCES.composition}`;
    if (heads === 1) return no('composition', order, `Self-attention in one layer: ${bound}.`, source);
    return no(
      'composition',
      order,
      `A star is the product of ${heads} heads of self-attention, and ${bound}.`,
      `${source}; star: ${SOURCES.derived}`,
    );
  }
  if (polynomial.variableCount === 3 && order === 3) {
    const known = isStrassen(polynomial) || isTensor(polynomial);
    const bound = '3-fold composition in one layer needs more than n^(1-o(1)) heads';
    const embedding = known ? '' : '; every h in three variables is a head of the 3-tensor';
    return no(
      'composition',
      order,
      `${bound}${embedding}.`,
      `${SOURCES.paper}, Theorem 3.3${known ? '' : `; embedding: ${SOURCES.derived}`}`,
    );
  }
  return open('composition', order, `No construction and no bound is known to us for ${order}-fold composition with one head.`);
}

function twoLookups(polynomial: Polynomial): Capability {
  const { walks, pairsOnly } = rootWalks(polynomial, (candidate) => candidate.branching?.path.length ?? 0);
  const { branching } = walks;
  if (branching === null)
    return open(
      'two-lookups',
      null,
      'No path from x1 branches, so the construction by concatenation does not apply; no bound is known to us.',
    );
  const [a, b] = branching.branches;
  const after = branching.path.length - 1;
  const statement = `Two lookups f(z) and g(z) at once, z reached by ${after} lookup${after === 1 ? '' : 's'}: x${branching.path.at(-1)} branches to x${a} and x${b}.`;
  const construction = `V${a} = [one-hot | ones], V${b} = [ones | one-hot], other values ones: the product of the rows is a concatenation${pairsOnly ? '' : `; ${SIGN_COPIES}`}.`;
  return yes('two-lookups', null, statement, SOURCES.derived, construction);
}

function match2(polynomial: Polynomial): Capability {
  const pair = polynomial.monomials.some(({ variables }) => variables.length === 2 && variables[0] === 1);
  const construction = `cos(a + b) as an inner product of two coordinates, one more for a blank token${pair ? '; d = 3' : `; ${SIGN_COPIES}`}.`;
  return yes(
    'match-2',
    2,
    'Match2 with one head.',
    `${SOURCES.matching}${pair ? '' : `; weights: ${SOURCES.derived}`}`,
    construction,
  );
}

function match3(polynomial: Polynomial): Capability {
  const wide = widestForMatch3(polynomial);
  if (wide !== null) return matchByCosines('match-3', 3, wide, 'Match3 with one head', polynomial);
  const cycle = nearestCycle(pairGraph(polynomial));
  if (cycle !== null) {
    const construction =
      'Score -γ(x_i + x_j + x_k - T)^2 from pair terms alone, T = 0, M, 2M: three heads (value, square and blank coordinates)';
    const statement = `Match3 with three heads, by the pairs of ${listed(cycle.variables)}.`;
    return yes('match-3', 3, statement, `${SOURCES.strassen}; weights: ${SOURCES.derived}`, `${construction}${tiedText(cycle)}.`);
  }
  if (isStar(polynomial)) {
    const statement = 'One layer of self-attention of size n^o(1) cannot; a star is a product of such heads.';
    return no('match-3', 3, statement, SOURCES.matching + (polynomial.variableCount === 2 ? '' : `; star: ${SOURCES.derived}`));
  }
  return open('match-3', 3, 'x1 reaches a tree of pairs only; no construction and no bound is known to us.');
}

/** A monomial of three variables or more: one of x1 needs no ties. */
function widestForMatch3(polynomial: Polynomial): Tied | null {
  const own = widestAtRoot(polynomial);
  if (own.length >= 3) return { variables: own, ties: [] };
  const reached = widestMonomial(polynomial, primalGraph(polynomial));
  return reached.variables.length >= 3 ? reached : null;
}

function matchK(polynomial: Polynomial): Capability {
  const graph = primalGraph(polynomial);
  const wide = widestMonomial(polynomial, graph);
  const k = wide.variables.length;
  if (k >= 4) return matchByCosines('match-k', k, wide, `Match-k with one head for every k up to ${k}`, polynomial);
  const clique = largestClique(graph);
  const size = clique.variables.length;
  if (size < 4)
    return open(
      'match-k',
      4,
      'x1 reaches no monomial and no clique of four variables; no construction and no bound for k >= 4 is known to us.',
    );
  const statement = `Match-k with k heads for every k up to ${size}, by the pairs of ${listed(clique.variables)}.`;
  const construction = 'Score -γ(x_1 + ... + x_k - T)^2 from pair terms alone, T = 0, M, ..., (k-1)M';
  return yes('match-k', size, statement, SOURCES.derived, `${construction}${copiesText(polynomial)}${tiedText(clique)}.`);
}

function matchByCosines(task: 'match-3' | 'match-k', k: number, wide: Tied, what: string, polynomial: Polynomial): Capability {
  const direct = wide.ties.length === 0;
  const source = task === 'match-k' ? SOURCES.derived : `${SOURCES.matching}${direct ? '' : `; weights: ${SOURCES.derived}`}`;
  const statement = `${what}, by the monomial ${formatVariables([...wide.variables].sort((a, b) => a - b))}.`;
  return yes(task, k, statement, source, cosines(k, polynomial, wide));
}

function booleanProduct(polynomial: Polynomial): Capability {
  const pairs = triangleAtRoot(pairGraph(polynomial));
  const primal = primalGraph(polynomial);
  const own = pairs ?? triangleAtRoot(primal);
  const triangle = own === null ? nearestCycle(primal) : { variables: own, ties: [] };
  if (triangle !== null) {
    const statement = `Boolean matrix product (composition of relations) with one head, by the pairs of ${listed(triangle.variables)}.`;
    const size = pairs === null ? copiesText(polynomial) + tiedText(triangle) : '; d = 3m + 3';
    const construction = `One-hot equality of the row, inner and column index on the three pairs, gates where an entry is 0, one blank pair${size}.`;
    return yes('boolean-matrix-product', null, statement, `${SOURCES.strassen}; weights: ${SOURCES.derived}`, construction);
  }
  if (isStar(polynomial)) {
    const statement =
      'Heads of self-attention need a total size that grows at least like sqrt(n); a star is a product of such heads.';
    return no(
      'boolean-matrix-product',
      null,
      statement,
      SOURCES.strassen + (polynomial.variableCount === 2 ? '' : `; star: ${SOURCES.derived}`),
    );
  }
  return open('boolean-matrix-product', null, 'x1 reaches a tree of pairs only; no construction and no bound is known to us.');
}

function rootFinding(polynomial: Polynomial): Capability {
  const primal = primalGraph(polynomial);
  const wide = widestMonomial(polynomial, primal);
  const sums = [largestClique(primal), nearestCycle(primal)].filter((found) => found !== null);
  const [sum] = sums.sort((a, b) => b.variables.length - a.variables.length);
  const anyPolynomial = wide.variables.length >= (sum?.variables.length ?? 0);
  const unknowns = anyPolynomial ? wide : (sum ?? wide);
  const what = anyPolynomial ? 'any polynomial p' : 'any sum p of polynomials in one unknown each';
  const count = unknowns.variables.length;
  const statement = `Roots p(y1, ${count > 2 ? '..., ' : ''}y${count}) = 0 over a set of integers for ${what}, through ${listed(unknowns.variables)}; the root where it is unique, else the mean of all.`;
  const construction = `Score -β p(y)^2, one coordinate for each product of p^2 on a monomial that holds its unknowns; where it holds more, ${SIGN_COPIES}${tiedText(unknowns)}.`;
  return yes('root-finding', count, statement, `${SOURCES.paper}, Theorem 3.7; weights: ${SOURCES.derived}`, construction);
}

function regularLanguages(polynomial: Polynomial): Capability[] {
  return (['parity', 'dyck-1'] as const).map((task) =>
    polynomial.variableCount === 2
      ? no(task, null, 'Listed as impossible for one layer of self-attention.', `${SOURCES.paper}; ${SOURCES.regular}`)
      : open(task, null, 'No claim about this task is known to us.'),
  );
}

/** Walks by pair monomials alone where they serve as well as any, since these need no sign copies. */
function rootWalks(
  polynomial: Polynomial,
  measure = (walks: Walks): number => walks.longest.length,
): { walks: Walks; pairsOnly: boolean } {
  const pairs = walksFromRoot(pairGraph(polynomial));
  const all = walksFromRoot(primalGraph(polynomial));
  return measure(pairs) >= measure(all) ? { walks: pairs, pairsOnly: true } : { walks: all, pairsOnly: false };
}

/** The variables of a monomial of highest degree that holds x1. */
function widestAtRoot(polynomial: Polynomial): readonly number[] {
  const atRoot = polynomial.monomials.filter(({ variables }) => variables[0] === 1);
  return atRoot.at(-1)?.variables ?? [];
}

function cosines(k: number, polynomial: Polynomial, wide: Tied): string {
  const { variables } = wide;
  const inside = (other: readonly number[]): boolean =>
    other.length < variables.length && other.every((variable) => variables.includes(variable));
  const plain = variables.length === k && !polynomial.monomials.some((monomial) => inside(monomial.variables));
  const size = 2 ** (k - 1);
  const coordinates = plain ? (wide.ties.length === 0 ? `; d = ${size + 1}` : '') : `; ${SIGN_COPIES}`;
  return `cos of the sum of ${k} angles as a ${k}-way inner product of ${size} coordinates, one more for a blank token${coordinates}${tiedText(wide)}.`;
}

/** Nothing where all monomials are pairs, which no other monomial can be inside of. */
function copiesText(polynomial: Polynomial): string {
  return polynomial.monomials.every(({ variables }) => variables.length === 2) ? '' : `; ${SIGN_COPIES}`;
}

function tiedText({ ties }: Tied): string {
  if (ties.length === 0) return '';
  const followers = ties.map(([from, to]) => `x${to} takes the row of x${from}`);
  return `; ${followers.join(', ')}, by a score for equal rows that is larger than all else`;
}

function listed(variables: readonly number[]): string {
  return variables.map((variable) => `x${variable}`).join(', ');
}

/** All monomials are the pairs of x1 with every other variable: a product of t - 1 heads of self-attention (math.md §1.3). */
function isStar(polynomial: Polynomial): boolean {
  const { monomials, variableCount } = polynomial;
  return monomials.length === variableCount - 1 && monomials.every(({ variables }) => variables.length === 2 && variables[0] === 1);
}

function isTensor(polynomial: Polynomial): boolean {
  return polynomial.monomials.length === 1 && polynomial.monomials[0]?.variables.length === polynomial.variableCount;
}

function pathText(path: readonly number[]): string {
  return path.map((variable) => `x${variable}`).join(' - ');
}

function yes(task: Task, order: number | null, statement: string, source: string, construction: string): Capability {
  return { task, order, verdict: 'yes', statement, source, construction };
}

function no(task: Task, order: number | null, statement: string, source: string): Capability {
  return { task, order, verdict: 'no', statement, source };
}

function open(task: Task, order: number | null, statement: string): Capability {
  return { task, order, verdict: 'open', statement, source: SOURCES.unknown };
}
