import type { Problem } from '../../contract/request.ts';
import type { MaskedBlock } from '../block.ts';
import type { Plan } from '../plan.ts';
import { largestEigenvalue } from './largest-eigenvalue.ts';
import type { ScoreBound } from './score-bound.ts';
import type { CompressedBlock, Survey, SurveyedSlice } from './survey.ts';

/**
 * Errors of weights on average instead of at worst: most tuples have scores far below the largest, and what a polynomial p is off by there
 * hardly counts.
 *
 * Theorem D. Let W = ω Π e^(x_b) be the exact weights, ω what stands beside the blocks' scores, and W~ the same with p_b(x_b) for e^(x_b), where
 * |p_b(x) - e^x| <= κ_b x^2. With Δ_b = p_b e^(-x_b) - 1 and E the average over the exact tuple probabilities of a row l1,
 *   Att~ - Att = E[Δ (v - Att)] / (1 + E Δ),  1 + Δ = Π (1 + Δ_b),  so  |Att~ - Att| <= reach η / (1 - η),  η >= E|Δ|,  reach >= |v - Att|.
 * Blocks hang in a tree, and given its root row what a block's other rows and all below them are does not depend on the rest (as in
 * math.md §6.1). So with η_b >= E[|Δ_b| given the block's root row] for every root row, products of several |Δ_b| are at most those of the
 * η_b, taken from the leaves up, and η = Σ E|Δ_b| + Π (1 + η_b) - 1 - Σ η_b.
 * Given its root row a block's rows have probabilities proportional to ω e^x, ω the product of what the others bring along, e^o between its
 * smallest and its largest; with u uniform and E_u x^2 <= τ^2, |E_u x| <= μ,
 *   E|Δ| = E_ω|p - e^x| / E_ω e^x <= κ e^o τ^2 e^(μ'),  μ' = μ + (e^o - 1) τ >= |E_ω x|  (Jensen, Cauchy-Schwarz).
 * For a root row that is summed over itself, E|Δ| averages that: rows of one variable have probabilities ρ u with E_u|ρ - 1| at most the
 * σ = sqrt(Var_u W)/E_u W of all tuples, so E_u x^2 over the root's rows too, and σ τ^2, stand for τ^2.
 * What a block brings to its root row is its own E_ω e^x, between e^-μ' and 1 + μ' + κ_0 e^o τ^2, κ_0 = (e^M - 1 - M) / M^2, and its tilt.
 * Last, |Att - E_u v| <= (b - a)/2 σ, so that Att is known to lie near the mean of the values, and `reach` is the larger
 * distance from there to an end of their interval.
 */
export interface Moments {
  /** η_b / κ_b of every block. */
  readonly worst: readonly number[];
  /** E|Δ_b| / κ_b of every block. */
  readonly average: readonly number[];
  /** Largest |v - Att| of any tuple, channel and slice. */
  readonly reach: number;
}

/** Beyond this the products of covariances would hold up the event loop, and cost more than they tell. */
const LARGEST_DIMENSION = 128;
/** Exact plans shorter than this are not worth it where the client did not ask. */
const WORTH_LOOKING_SECONDS = 0.1;

/** Whether the survey should bring covariances for Theorem D. */
export function momentsWanted({ polynomial, d, mask, mode, hasBias, approximation }: Problem, exact: Plan): boolean {
  const method = approximation?.method ?? 'auto';
  const features = method === 'auto' || method === 'taylor' || method === 'minimax';
  if (!features || mask.type !== 'none' || hasBias.slice(1).some(Boolean) || polynomial.monomials.length === 0) return false;
  return d <= LARGEST_DIMENSION && (mode === 'approximate' || exact.seconds > WORTH_LOOKING_SECONDS);
}

/** Rounding of covariances in chains of 64 and of products of means, against the size of the rows: far more than that. */
const SLACK = 2e-5;
/** Of stored means, against the rows as they are. */
const MEAN_SLACK = 2e-7;

/**
 * Null where rows have weights of their own, or are masked: their averages are not the uniform ones. Of a block in fewer coordinates the
 * moments are those of the scores that it keeps; what it dropped changes the weights beside them (`CompressedBlock.lost`).
 */
export function momentsOf(
  problem: Problem,
  blocks: readonly MaskedBlock[],
  bounds: readonly ScoreBound[],
  survey: Survey,
  compressed: ReadonlyMap<number, CompressedBlock> = new Map(),
): Moments | null {
  const slices = [
    ...problem.rows.map((_, j) => survey.get(`q${j + 1}`)),
    ...[...compressed.values()].flatMap((one) => [...one.slices.values()]),
  ];
  const known = slices.every((all) => all?.every(({ covariance }) => covariance !== null));
  if (!known || problem.mask.type !== 'none' || problem.hasBias.slice(1).some(Boolean)) return null;
  const brought = problem.rows.map(() => 0);
  const worst: number[] = [];
  const typical: number[] = [];
  let [growth, offset, tilted] = [1, 0, 0];
  blocks.forEach((block, b) => {
    const { bound, centred } = bounds[b] as ScoreBound;
    const { deviation: t, typical: s, mean, tilts } = blockMoments(block, problem, survey, centred, compressed.get(b));
    const others = block.variables.filter((variable) => variable !== block.root);
    const tilt = others.reduce((sum, variable) => sum + (tilts.get(variable) as number), 0);
    const spread = others.reduce((sum, variable) => sum + (brought[variable - 1] as number), tilt);
    const mu = mean + Math.expm1(spread) * t;
    worst.push(Math.exp(spread + mu) * t * t);
    typical.push(Math.exp(spread + mu) * s * s);
    const own = mu + Math.log1p(mu + curvature(bound) * Math.exp(spread) * t * t);
    brought[block.root - 1] = (brought[block.root - 1] as number) + own + (tilts.get(block.root) as number);
    growth *= 1 + 2 * mean + 4 * curvature(2 * bound) * t * t;
    offset += mean;
    tilted += tilt + (block.root === 1 ? 0 : (tilts.get(block.root) as number));
  });
  const sigma = Math.sqrt(Math.max(0, growth * Math.exp(2 * (offset + tilted)) - 1));
  const average = blocks.map(({ root }, b) => {
    const most = worst[b] as number;
    return root === 1 ? most : smaller((typical[b] as number) + sigma * most, most);
  });
  return { worst, average, reach: valueReach(problem, survey, sigma) };
}

/** The second where the first is not known to be below it: products of nothing and infinity say nothing. */
function smaller(uncertain: number, certain: number): number {
  return uncertain < certain ? uncertain : certain;
}

/** sup of (e^x - 1 - x) / x^2 on [-M, M]. */
function curvature(bound: number): number {
  return bound < 1e-3 ? 0.5 + bound : (Math.expm1(bound) - bound) / bound ** 2;
}

interface BlockMoments {
  /** τ, the same over the root's rows too, and μ. */
  readonly deviation: number;
  readonly typical: number;
  readonly mean: number;
  /** By variable: how far apart the logs of the unary rests of its rows may lie. */
  readonly tilts: ReadonlyMap<number, number>;
}

function blockMoments(
  block: MaskedBlock,
  { scale, d }: Problem,
  survey: Survey,
  centred: boolean,
  fewer: CompressedBlock | undefined,
): BlockMoments {
  const count = survey.get('q1')?.length ?? 0;
  const slices = Array.from({ length: count }, (_, slice) => {
    const rows = new Map(
      block.variables.map((variable) => {
        const own = (survey.get(`q${variable}`) as readonly SurveyedSlice[])[slice] as SurveyedSlice;
        const kept = fewer?.slices.get(variable)?.[slice];
        // What is kept of a row was centred before.
        return [variable, kept === undefined ? rowMoments(own, own, centred) : rowMoments(kept, own, false)];
      }),
    );
    return { rows, ...scoreMoments(block, scale, rows, fewer?.dimension ?? d) };
  });
  const most = (of: (one: (typeof slices)[0]) => number): number => Math.max(0, ...slices.map(of));
  const tilts = new Map(
    block.variables.map((variable) => [variable, centred ? most(({ rows }) => tiltOf(block, variable, scale, rows)) : 0]),
  );
  const sizes = {
    deviation: most(({ deviation }) => deviation),
    typical: most(({ typical }) => typical),
    mean: most(({ mean }) => mean),
  };
  return { ...sizes, tilts };
}

/** Of one variable's rows as the features take them. */
interface RowMoments {
  /** E y y^T, [d, d]. */
  readonly second: Float64Array;
  /** Bounds on |E y|, by coordinate. */
  readonly mean: Float64Array;
  readonly columns: ArrayLike<number>;
  readonly norm: number;
  /** The stored mean, and largest less smallest entry of every column: what tilts are made of. */
  readonly center: ArrayLike<number>;
  readonly widths: Float64Array;
}

/** Of the rows that scores are made of, and of those that tilts are. */
function rowMoments(one: SurveyedSlice, own: SurveyedSlice, centred: boolean): RowMoments {
  const d = one.mean.length;
  const covariance = one.covariance as ArrayLike<number>;
  const sizes = centred ? one.centred : one.raw;
  const columns = sizes.columns;
  const center = (c: number): number => (centred ? 0 : (one.mean[c] as number));
  const second = new Float64Array(d * d);
  for (let a = 0; a < d; a++) {
    for (let b = 0; b < d; b++) second[a * d + b] = (covariance[a * d + b] as number) + center(a) * center(b);
    // A positive diagonal covers what is lost in any entry of its row: rounding is relative to the sizes of both.
    second[a * d + a] = (second[a * d + a] as number) + SLACK * d * (sizes.entry * sizes.entry);
  }
  const mean = Float64Array.from({ length: d }, (_, c) => Math.abs(center(c)) + MEAN_SLACK * (one.raw.columns[c] as number));
  const widths = Float64Array.from(own.mean, (_, c) => (own.highest[c] as number) - (own.lowest[c] as number));
  return { second, mean, columns, norm: sizes.norms[1] as number, center: own.mean, widths };
}

/** Of the sum of a block's scores over uniform rows of all variables but its root, the largest over rows of the root (Minkowski). */
function scoreMoments(
  { root, monomials }: MaskedBlock,
  scale: number,
  rows: ReadonlyMap<number, RowMoments>,
  d: number,
): { deviation: number; typical: number; mean: number } {
  let [deviation, typical, mean] = [0, 0, 0];
  for (const { coefficient, variables } of monomials) {
    const others = variables.filter((variable) => variable !== root).map((variable) => rows.get(variable) as RowMoments);
    const product = new Float64Array(d * d).fill(1);
    for (const { second } of others) times(product, second, product);
    const own = variables.includes(root) ? (rows.get(root) as RowMoments) : null;
    const factor = Math.abs(scale * coefficient);
    deviation += factor * Math.sqrt(Math.max(0, own === null ? total(product) : largestForm(product, own, d)));
    typical += factor * Math.sqrt(Math.max(0, total(own === null ? product : times(product, own.second))));
    for (let c = 0; c < d; c++) {
      mean += factor * others.reduce((all, one) => all * (one.mean[c] as number), own === null ? 1 : (own.columns[c] as number));
    }
  }
  return { deviation, typical, mean };
}

/** Entry by entry. */
function times(a: Float64Array, b: Float64Array, into: Float64Array = new Float64Array(a.length)): Float64Array {
  for (let i = 0; i < a.length; i++) into[i] = (a[i] as number) * (b[i] as number);
  return into;
}

function total(matrix: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < matrix.length; i++) sum += matrix[i] as number;
  return sum;
}

/** Bound on y^T A y over the rows y of a variable. */
function largestForm(matrix: Float64Array, { norm, columns }: RowMoments, d: number): number {
  let byColumns = 0;
  for (let a = 0; a < d; a++) {
    let row = 0;
    for (let b = 0; b < d; b++) row += Math.abs(matrix[a * d + b] as number) * (columns[b] as number);
    byColumns += row * (columns[a] as number);
  }
  return Math.min(byColumns, norm * norm * largestEigenvalue(matrix, d));
}

/** Largest less smallest of Σ factor <mean_i, q_j> over the rows of j (math.md §3.3). */
function tiltOf({ monomials }: MaskedBlock, variable: number, scale: number, rows: ReadonlyMap<number, RowMoments>): number {
  const { widths } = rows.get(variable) as RowMoments;
  return monomials.reduce((sum, { coefficient, variables }) => {
    const other = variables.includes(variable) ? variables.find((one) => one !== variable) : undefined;
    if (other === undefined) return sum;
    const { center } = rows.get(other) as RowMoments;
    const width = widths.reduce((all, one, c) => all + one * Math.abs(center[c] as number), 0);
    return sum + 1.001 * Math.abs(scale * coefficient) * width;
  }, 0);
}

/** `distance` is how far Att may lie from the mean of the values, in half intervals. */
function valueReach({ hasValues }: Problem, survey: Survey, distance: number): number {
  const tensors = hasValues.flatMap((has, j) => (has ? [survey.get(`v${j + 1}`) as readonly SurveyedSlice[]] : []));
  let reach = 0;
  (tensors[0] ?? []).forEach((first, slice) => {
    for (let c = 0; c < first.lowest.length; c++) {
      let [low, high, mean] = [1, 1, 1];
      for (const tensor of tensors) {
        const one = tensor[slice] as SurveyedSlice;
        const [a, b] = [one.lowest[c] as number, one.highest[c] as number];
        const ends = [low * a, low * b, high * a, high * b];
        [low, high, mean] = [Math.min(...ends), Math.max(...ends), mean * (one.mean[c] as number)];
      }
      const size = Math.max(Math.abs(low), Math.abs(high));
      const away = Math.max(high - mean, mean - low) + (distance * (high - low)) / 2 + SLACK * size;
      reach = Math.max(reach, smaller(away, 1.00001 * (high - low)));
    }
  });
  return reach;
}
