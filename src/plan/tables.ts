import type { EliminateStep, Work } from '../../kernels/backend.ts';

/** What an elimination sums and keeps (math.md §6.5): the planner's model of the `eliminate` step. Variables are those of the block. */

/** One variable summed out, which leaves a table over its at most two neighbours. */
export interface TableSum {
  readonly variable: number;
  readonly neighbours: readonly number[];
  /** Whether it has to be done again for every assignment of the cutset. */
  readonly repeated: boolean;
}

export interface TableShape {
  /** n of each variable. */
  readonly rows: readonly number[];
  readonly d: number;
  /** 0 without values. */
  readonly dv: number;
  readonly width: number;
}

type Eliminated = Pick<EliminateStep<unknown>, 'monomials' | 'masks' | 'cutset' | 'order'>;

interface Factor {
  readonly variables: readonly number[];
  readonly repeated: boolean;
}

export function eliminationSums({ monomials, masks, cutset, order }: Eliminated): TableSum[] {
  const all = [...monomials.map(({ variables }) => variables), ...masks.map(({ row, column }) => [row, column])];
  let factors: Factor[] = all.map((variables) => {
    const free = variables.filter((variable) => !cutset.includes(variable));
    return { variables: free, repeated: free.length < variables.length };
  });
  return order.map((variable) => {
    const own = factors.filter(({ variables }) => variables.includes(variable));
    const neighbours = [...new Set(own.flatMap(({ variables }) => variables))].filter((other) => other !== variable);
    const sum = { variable, neighbours, repeated: own.some(({ repeated }) => repeated) };
    factors = [...factors.filter((factor) => !own.includes(factor)), { variables: neighbours, repeated: sum.repeated }];
    return sum;
  });
}

/** n is multiplied with itself so many times: by the cutset where a sum is repeated, and by what the sum goes over. */
export function eliminationExponent(step: Eliminated): number {
  const sums = eliminationSums(step).map(({ neighbours, repeated }) => neighbours.length + 1 + (repeated ? step.cutset.length : 0));
  return Math.max(1 + step.cutset.length, ...sums);
}

/**
 * How a back end sums over a variable with two neighbours: the native one by matrix products where nothing is masked and in logarithms
 * elsewhere, so that no bit of a row depends on later ones (kernels/native/src/tables.h); the reference in logarithms and fp64.
 */
export type SumWay = 'products' | 'logarithms' | 'reference';

/** Of a term and a column, as the kernels' sums in logarithms were seen to cost in units of their other flops. */
const FLOPS_OF_TERM = { logarithms: 5, reference: 2 } as const;

/** Of an entry of a product: its logarithm, its checks and the packing of both sides, in exponentials of attend. */
const LOGARITHM = 60;

/**
 * A sum with two neighbours is a matrix product for each column of the values and one for the weights, 2 n^3 (dv + 1) flops, and n^2
 * exponentials a factor; in logarithms it takes n^3 exponentials, and more flops a term and column.
 */
export function eliminationWork(
  sums: readonly TableSum[],
  cutset: readonly number[],
  { rows, d, dv, width }: TableShape,
  way: SumWay,
): Work {
  const n = (variable: number): number => rows[variable - 1] as number;
  const assignments = cutset.reduce((product, variable) => product * n(variable), 1);
  let [flops, exponentials] = [0, 0];
  for (const { variable, neighbours, repeated } of sums) {
    const times = repeated ? assignments : 1;
    const terms = neighbours.reduce((product, one) => product * n(one), n(variable));
    const pairs = neighbours.reduce((sum, one) => sum + n(one) * n(variable), 0);
    const cubic = neighbours.length === 2;
    const product = cubic && way === 'products';
    const perTerm = product ? 2 * (dv + 1) : FLOPS_OF_TERM[way === 'products' ? 'logarithms' : way] * dv;
    flops += times * (terms * perTerm + pairs * 2 * d);
    exponentials += times * (product ? pairs + (terms / n(variable)) * LOGARITHM : terms);
  }
  return { flops, exponentials: exponentials + assignments, bytes: width * rows.reduce((sum, one) => sum + one * (d + dv + 1), 0) };
}

/** What the native kernels' tables of averages take in a thread at most: columns beyond it go through in further passes. */
const PLANE_BYTES = 192 * 2 ** 20;

/** Bytes of all tables over two variables in every thread; of x1 a table holds the rows that are the thread's share. */
export function tableBytes(sums: readonly TableSum[], { rows, dv, width }: TableShape, threads: number, way: SumWay): number {
  const n = (variable: number): number => (rows[variable - 1] as number) / (variable === 1 ? threads : 1);
  const pairs = sums.flatMap(({ neighbours: [a, b] }) => (a === undefined || b === undefined ? [] : [n(a) * n(b)]));
  const entries = pairs.reduce((sum, one) => sum + one, 0);
  // The reference back end computes in fp64 whatever the operands are.
  if (way === 'reference') return threads * 8 * entries * (dv + 1);
  return threads * (Math.min(width * entries * dv, PLANE_BYTES) + 8 * width * entries);
}
