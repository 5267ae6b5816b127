import type { Problem } from '../../contract/request.ts';
import type { MaskedBlock } from '../block.ts';
import type { Plan } from '../plan.ts';
import { hasMoments, rowMoments, SLACK, scoreMoments, tiltOf, VANISHED_WEIGHTED } from './row-moments.ts';
import type { ScoreBound } from './score-bound.ts';
import { type CompressedBlock, type Survey, type SurveyedSlice, weighs } from './survey.ts';

/**
 * Errors of weights on average instead of at worst: most tuples have scores far below the largest, and what a polynomial p is off by there
 * hardly counts.
 *
 * Theorem D. Let W = ω Π e^(x_b) be the exact weights, ω what stands beside the blocks' scores, and W~ the same with p_b(x_b) for e^(x_b), where
 * |p_b(x) - e^x| <= κ_b x^2. Biases are factors of ω in either, one of each variable's rows: averages are under ν, the product of e^bias of every
 * variable's rows brought to the sum 1, and uniform where there is no bias. With Δ_b = p_b e^(-x_b) - 1 and E the average over the exact tuple probabilities of a row l1,
 *   Att~ - Att = E[Δ (v - Att)] / (1 + E Δ),  1 + Δ = Π (1 + Δ_b),  so  |Att~ - Att| <= reach η / (1 - η),  η >= E|Δ|,  reach >= |v - Att|.
 * Blocks hang in a tree, and given its root row what a block's other rows and all below them are does not depend on the rest (as in
 * math.md §6.1). So with η_b >= E[|Δ_b| given the block's root row] for every root row, products of several |Δ_b| are at most those of the
 * η_b, taken from the leaves up, and η = Σ E|Δ_b| + Π (1 + η_b) - 1 - Σ η_b.
 * Given its root row a block's rows have probabilities proportional to ω e^x ν, ω the product of what the others bring along beside their biases,
 * e^o between its smallest and its largest; with E_ν x^2 <= τ^2, |E_ν x| <= μ (about zero: the features' centre need not be ν's mean),
 *   E|Δ| = E_ω|p - e^x| / E_ω e^x <= κ e^o τ^2 e^(μ'),  μ' = μ + (e^o - 1) τ >= |E_ω x|  (Jensen, Cauchy-Schwarz; E_ω under ω ν).
 * For a root row that is summed over itself, E|Δ| averages that: rows of one variable have probabilities ρ ν with E_ν|ρ - 1| at most the
 * σ = sqrt(Var W)/E W under ν of all tuples, the biases left out of W, so E_ν x^2 over the root's rows too, and σ τ^2, stand for τ^2. Of W^2 a block
 * brings at most 1 + 2μ + 4κ_0(2M) τ^2 and its tilts, of ln W at least -μ and those. Given a row of x1 the mean of x is a constant, which cancels:
 * less that, x has mean zero and |x| <= M + μ.
 * What a block brings to its root row is its own E_ω e^x, between e^-μ' and 1 + μ' + κ_0 e^o τ^2, κ_0 = (e^M - 1 - M) / M^2, and its tilt.
 * Last, |Att - E_ν v| <= (b - a)/2 σ, so that Att is known to lie near the mean of the values, and `reach` is the larger
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
export function momentsWanted({ polynomial, d, mask, mode, approximation }: Problem, exact: Plan): boolean {
  const method = approximation?.method ?? 'auto';
  const features = method === 'auto' || method === 'taylor' || method === 'minimax';
  if (!features || mask.type !== 'none' || polynomial.monomials.length === 0) return false;
  return d <= LARGEST_DIMENSION && (mode === 'approximate' || exact.seconds > WORTH_LOOKING_SECONDS);
}

/**
 * Null where tuples are masked, or the survey brought too little. Of a block in fewer coordinates the moments are those of the scores that it
 * keeps; what it dropped changes the weights beside them (`CompressedBlock.lost`).
 */
export function momentsOf(
  problem: Problem,
  blocks: readonly MaskedBlock[],
  bounds: readonly ScoreBound[],
  survey: Survey,
  compressed: ReadonlyMap<number, CompressedBlock> = new Map(),
): Moments | null {
  if (problem.mask.type !== 'none' || !areKnown(problem, survey, compressed)) return null;
  const brought = problem.rows.map(() => 0);
  const worst: number[] = [];
  const typical: number[] = [];
  let [growth, tilted] = [1, 0];
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
    const [shifted, still] = [
      (1 + 2 * mean + 4 * curvature(2 * bound) * t * t) * Math.exp(2 * mean),
      1 + 4 * curvature(2 * (bound + mean)) * t * t,
    ];
    growth *= block.root === 1 ? smaller(still, shifted) : shifted;
    tilted += tilt + (block.root === 1 ? 0 : (tilts.get(block.root) as number));
  });
  const sigma = Math.sqrt(Math.max(0, growth * Math.exp(2 * tilted) - 1));
  const average = blocks.map(({ root }, b) => {
    const most = worst[b] as number;
    return root === 1 ? most : smaller((typical[b] as number) + sigma * most, most);
  });
  return { worst, average, reach: valueReach(problem, survey, sigma) };
}

/** Of every variable but x1, whose rows are not averaged over. */
function areKnown(problem: Problem, survey: Survey, compressed: ReadonlyMap<number, CompressedBlock>): boolean {
  const ofValues = (variable: number): boolean =>
    !problem.hasValues[variable - 1] || survey.get(`v${variable}`)?.every(({ weighted }) => weighted !== null) === true;
  return problem.rows.every((_, j) => {
    const [variable, isWeighted] = [j + 1, weighs(problem, j + 1)];
    if (variable === 1) return true;
    const kept = [...compressed.values()].flatMap(({ slices }) => slices.get(variable) ?? []);
    const known = [...(survey.get(`q${variable}`) ?? []), ...kept].every((slice) => hasMoments(slice, isWeighted));
    return known && (!isWeighted || ofValues(variable));
  });
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
  problem: Problem,
  survey: Survey,
  centred: boolean,
  fewer: CompressedBlock | undefined,
): BlockMoments {
  const { scale, d } = problem;
  const count = survey.get('q1')?.length ?? 0;
  const slices = Array.from({ length: count }, (_, slice) => {
    const rows = new Map(
      block.variables.map((variable) => {
        const own = (survey.get(`q${variable}`) as readonly SurveyedSlice[])[slice] as SurveyedSlice;
        const kept = fewer?.slices.get(variable)?.[slice];
        // What is kept of a row was centred before.
        return [variable, rowMoments(kept ?? own, own, centred && kept === undefined, weighs(problem, variable))];
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

/** `distance` is how far Att may lie from the mean of the values, in half intervals. */
function valueReach(problem: Problem, survey: Survey, distance: number): number {
  const { hasValues } = problem;
  const weighted = hasValues.filter((has, j) => has && weighs(problem, j + 1)).length;
  const tensors = hasValues.flatMap((has, j) => (has ? [survey.get(`v${j + 1}`) as readonly SurveyedSlice[]] : []));
  let reach = 0;
  (tensors[0] ?? []).forEach((first, slice) => {
    for (let c = 0; c < first.lowest.length; c++) {
      let [low, high, mean] = [1, 1, 1];
      for (const tensor of tensors) {
        const one = tensor[slice] as SurveyedSlice;
        const [a, b] = [one.lowest[c] as number, one.highest[c] as number];
        const ends = [low * a, low * b, high * a, high * b];
        [low, high, mean] = [
          Math.min(...ends),
          Math.max(...ends),
          mean * ((one.mean[c] as number) + (one.weighted?.drift[c] ?? 0)),
        ];
      }
      const size = Math.max(Math.abs(low), Math.abs(high));
      const away =
        Math.max(high - mean, mean - low) + (distance * (high - low)) / 2 + (1 + weighted) * SLACK * size + VANISHED_WEIGHTED;
      reach = Math.max(reach, smaller(away, 1.00001 * (high - low)));
    }
  });
  return reach;
}
