import type { Precision } from '../../../kernels/backend.ts';
import type { MaskedBlock } from '../block.ts';
import { type PartError, TINY, UNITS } from './certificate.ts';
import type { ApproximateContext } from './context.ts';
import { sumOfRawBounds, weightedBound } from './score-bound.ts';

/**
 * Rounding of attention calls over a forest of pairs where the kernel is the careful one (kernels/native/src/careful.h), block by block with
 * the sizes of the block's own scores. To first order in u; 1.001 covers the rest.
 *
 * Score. The scale and its product with a query are rounded, and products where multiply-adds are not fused: 3 u Σ|a_c b_c|. Coordinates are
 * summed in chains of SCORE_CHAIN, the first beginning with the key's bias, and then chain by chain. Each addition errs by u times the sum that
 * it makes, and coordinate c of d, in chain p = floor(c / SCORE_CHAIN) of P, is in at most SCORE_CHAIN - c mod SCORE_CHAIN sums of its chain and in
 * P - p of chains: the error is at most u Σ_c w_c |a_c b_c| with w_c the sum of these and 3, where one chain would have w_c = d - c + 3; the bias
 * is rounded once, to units of log2, and is in at most SCORE_CHAIN + P sums.
 *
 * Weight. A key's weight is e^(S - m_1) e^(m_1 - m_2) .., m_i the maximum in force at the i-th block of a run: the arguments are rounded by u times
 * their sizes, which add up to m_k - S, at most twice the largest |S|, and each of at most RUN_BLOCKS exponentials by 2.2 u (exp.h). What rescales a run
 * is fp64 and common to y and z.
 *
 * Sums. Within a run y passes at most KEY_BLOCK multiply-adds and two roundings a block, z at most 20 of these and the additions of its lanes: 208 u and
 * 95 u. Runs are added in fp64, the quotient is rounded once.
 */
export const SCORE_CHAIN = 32;
const EXPONENTIALS = 4 * 2.2;
const SUMS = 310;
/** Fewest keys of a run, and most cells of keys (cells.h): each may end with a run of its own. */
const SMALLEST_RUN = 384;
const MOST_CELLS = 128;
const SECOND_ORDER = 1.001;

interface CarefulSizes {
  /** Σ w_c |a_c b_c| and |a b|, at most. */
  readonly weighted: number;
  readonly score: number;
  /** Largest |log-weight| that a key brings along. */
  readonly keyLog: number;
  readonly d: number;
  readonly n: number;
}

export function carefulError({ weighted, score, keyLog, d, n }: CarefulSizes, precision: Precision): PartError {
  const unit = UNITS[precision];
  const runs = Math.ceil(n / SMALLEST_RUN) + MOST_CELLS;
  const scores = weighted + (SCORE_CHAIN + chains(d) + 1) * keyLog;
  const lambda = unit * (scores + 2 * (score + keyLog) + EXPONENTIALS) + UNITS.float64 * (2 * (score + keyLog) + 4 * runs);
  return {
    logError: SECOND_ORDER * lambda,
    messageError: SECOND_ORDER * (unit * SUMS + UNITS.float64 * 4 * runs),
    floor: 4 * n * TINY[precision],
  };
}

/** w_c of every coordinate. */
export function chainWeights(d: number): number[] {
  return Array.from({ length: d }, (_, c) => SCORE_CHAIN - (c % SCORE_CHAIN) + chains(d) - Math.floor(c / SCORE_CHAIN) + 3);
}

function chains(d: number): number {
  return Math.ceil(d / SCORE_CHAIN);
}

/** One part a block, and 4 u (1 + |L|) for each message that is stored and added to the bias of another. */
export function carefulParts({ problem, tree, survey, largestBias }: ApproximateContext): {
  readonly parts: readonly PartError[];
  readonly stored: number;
} {
  const { precision, rows, scale, d } = problem;
  const weights = chainWeights(d);
  // Largest |log-weight| of a variable's rows, of their own and of what was brought to them.
  const gathered = rows.map((_, j) => largestBias(j + 1));
  let stored = 0;
  const parts = tree.blocks.map(({ root, variables, monomials }: MaskedBlock) => {
    const other = variables.find((variable) => variable !== root) as number;
    const n = rows[other - 1] as number;
    const score = sumOfRawBounds(monomials, scale, survey);
    const keyLog = gathered[other - 1] as number;
    const brought = score + keyLog + Math.log(Math.max(1, n));
    gathered[root - 1] = (gathered[root - 1] as number) + brought;
    if (root !== 1) stored += 4 * UNITS[precision] * (1 + (gathered[root - 1] as number));
    return carefulError({ weighted: weightedBound(monomials, scale, survey, weights), score, keyLog, d, n }, precision);
  });
  return { parts, stored };
}
