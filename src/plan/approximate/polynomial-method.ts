import type { Precision } from '../../../kernels/backend.ts';
import type { MaskedBlock } from '../block.ts';
import { chooseMethod, finishPlan, refuseBackend } from '../compile.ts';
import { type Draft, draftSeconds, type Message, named, newDraft, scratch, supports } from '../draft.ts';
import { pairMasks } from '../masks.ts';
import type { Gathered } from '../messages.ts';
import type { ApproximationMethod } from '../plan.ts';
import { type BlockMethod, solve } from '../solve.ts';
import { type FeatureSizes, featureError, type MeanError, outputBound, type PartError, UNITS } from './certificate.ts';
import type { ApproximateContext, Candidate } from './context.ts';
import { type ExponentialKind, type ExponentialPolynomial, exponentialPolynomial, roughError } from './exponential.ts';
import { type FeatureSpec, featureMessage, type PreparedRows } from './features.ts';
import { type Moments, momentsOf } from './moments.ts';
import { compressedNames } from './names.ts';
import { scanMessage, scans } from './scan.ts';
import { blockBound, largestEntry, type ScoreBound, sumOfRawBounds } from './score-bound.ts';
import { rank } from './work.ts';

/** Beyond this cancellation takes the digits (math.md §3.6). */
const LARGEST_SCORE: Readonly<Record<Precision, number>> = { float32: 4, float64: 12 };
/** e^-600 is far from fp64's smallest number. */
const LARGEST_SCAN_SCORE = 300;
const MAX_RANK = 150_000;
/** Terms of a contraction: some seconds of walking. */
const MAX_VISITS = 3e7;
const MAX_DEGREE = 24;
/** Of the tolerance, what is left to the degree search once rounding has its share. */
const SHARE = 0.98;

/** A block with its polynomial. */
interface Fit {
  readonly polynomial: ExponentialPolynomial;
  readonly bound: ScoreBound;
  readonly error: PartError;
  readonly rank: number;
}

/**
 * Taylor or minimax polynomials (math.md §3.3-3.5), block by block; blocks with scores too large, or cheaper exactly where the mode lets the
 * planner choose, stay exact. Null where no block can be approximated at all.
 */
export function polynomialCandidate(
  context: ApproximateContext,
  kind: 'taylor' | 'minimax',
  method: ApproximationMethod = kind,
): Candidate | null {
  const { problem, tree } = context;
  const bounds = tree.blocks.map((block, b) => boundOf(context, block, b));
  const moments = context.compressed.size > 0 ? null : momentsOf(problem, tree.blocks, bounds, context.survey);
  let chosen = tree.blocks.map(
    (block, b) => fits(context, block) && (bounds[b] as ScoreBound).bound <= LARGEST_SCORE[problem.precision],
  );
  for (let round = 0; round < tree.blocks.length + 1; round++) {
    const found = fitBlocks(context, kind, chosen, bounds, moments);
    const kept = found.map((fit, b) => fit !== null && !(problem.mode === 'auto' && exactIsCheaper(context, b, fit)));
    // Slower than exact in every block: still the plan to compare exact with.
    if (!kept.some(Boolean)) return found.some((fit) => fit !== null) ? assemble(context, method, found, moments) : null;
    if (kept.every((one, b) => one === chosen[b])) return assemble(context, method, found, moments);
    chosen = kept;
  }
  return null;
}

/** Masks go with moving sums; log-weights further apart than fp64's range would be lost in those. */
function fits({ largestScore }: ApproximateContext, block: MaskedBlock): boolean {
  return block.masks.length === 0 || (scans(block) && largestScore < LARGEST_SCAN_SCORE);
}

/** Compressed rows are centred already, and their bound is of what was kept. */
function boundOf({ problem, survey, compressed }: ApproximateContext, { monomials }: MaskedBlock, index: number): ScoreBound {
  const fewer = compressed.get(index);
  if (fewer === undefined) return blockBound(monomials, problem.scale, survey);
  const renamed = new Map([...fewer.slices].map(([variable, slices]) => [`q${variable}`, slices]));
  return { bound: sumOfRawBounds(monomials, problem.scale, renamed), centred: true };
}

function fitBlocks(
  context: ApproximateContext,
  kind: ExponentialKind,
  chosen: readonly boolean[],
  bounds: readonly ScoreBound[],
  moments: Moments | null,
): (Fit | null)[] {
  const count = chosen.filter(Boolean).length;
  const share = logShare(context, count);
  const averages = (index: number): Average | null =>
    moments === null
      ? null
      : { average: moments.average[index] as number, worst: moments.worst[index] as number, reach: reachOf(context, moments) };
  return chosen.map((is, b) => (is ? fitBlock(context, kind, b, bounds[b] as ScoreBound, share, averages(b)) : null));
}

/** The λ that each of `count` blocks may have so that the whole meets the tolerance. */
export function logShare({ wish, certificate, exactPart }: ApproximateContext, count: number): number {
  const rounding = outputBound([exactPart], 0, certificate);
  const { range } = certificate.values;
  const rest = SHARE * wish.tolerance - rounding;
  if (!(rest > 0)) return 0;
  return Math.min(0.5, range === 0 ? 0.5 : 2 * Math.atanh(Math.min(0.5, rest / range))) / count;
}

/** What Theorem D makes of a polynomial's κ: E|Δ| is `average` times it, and counts as much as a λ of 2 `reach` times that. */
interface Average extends MeanError {
  /** In units of the values' range. */
  readonly reach: number;
}

function reachOf({ certificate }: ApproximateContext, { reach }: Moments): number {
  const { range } = certificate.values;
  return range === 0 ? 1 : Math.min(1, reach / range);
}

/** The smallest degree within the share, or else the degree with the smallest error. */
function fitBlock(
  context: ApproximateContext,
  kind: ExponentialKind,
  index: number,
  bound: ScoreBound,
  share: number,
  average: Average | null,
): Fit | null {
  const { problem, tree, wish, compressed } = context;
  const { monomials } = tree.blocks[index] as MaskedBlock;
  const { dimension } = compressed.get(index) ?? { dimension: problem.d };
  const kinds = kind === 'taylor' || average === null ? [kind] : ([kind, 'economised'] as const);
  const rough = (one: ExponentialKind, degree: number): number =>
    roughError(one, degree, bound.bound) * (one === 'economised' && average !== null ? 2 * average.reach * average.average : 1);
  const step = kind === 'taylor' ? 2 : 1;
  const allowed = (degree: number): boolean =>
    degree <= (wish.degree ?? MAX_DEGREE) &&
    rank(dimension, degree) <= MAX_RANK &&
    rank(monomials.length * dimension, degree) <= MAX_VISITS;
  let best: Fit | null = null;
  for (let degree = wish.degree ?? step; allowed(degree); degree += step) {
    for (const one of kinds) {
      // Far from enough, and there is a larger one.
      const guess = Math.min(rough(one, degree), kind === 'taylor' && average !== null ? rough('economised', degree) : Infinity);
      if (allowed(degree + step) && guess > 3 * share) continue;
      const fit = fitDegree(context, index, bound, one, degree, average);
      if (best === null || sizeOf(fit, average) < sizeOf(best, average)) best = fit;
    }
    if (best !== null && sizeOf(best, average) + best.error.messageError <= share) break;
  }
  return best !== null && Number.isFinite(sizeOf(best, average)) ? best : null;
}

function fitDegree(
  context: ApproximateContext,
  index: number,
  bound: ScoreBound,
  kind: ExponentialKind,
  degree: number,
  average: Average | null,
): Fit {
  const { problem, tree, survey, compressed } = context;
  const { monomials } = tree.blocks[index] as MaskedBlock;
  const { dimension, lost } = compressed.get(index) ?? { dimension: problem.d, lost: 0 };
  const polynomial = exponentialPolynomial(kind, degree, bound.bound);
  const r = rank(dimension, degree);
  const own = featureError(polynomial, bound.bound, problem.precision, { ...featureSizes(context, index, bound), rank: r });
  // Means and tilts are exact up to rounding: sums of d terms, none of the three larger than twice the raw scores (score-bound.ts).
  const raw = sumOfRawBounds(monomials, problem.scale, survey);
  const tilts = bound.centred ? 5 * (problem.d + 8) * UNITS[problem.precision] * raw : 0;
  const error = { ...own, logError: own.logError + tilts + lost };
  const kappa = polynomial.squareError;
  const meanError = average === null ? null : { average: kappa * average.average, worst: kappa * average.worst };
  const onAverage = meanError !== null && Number.isFinite(error.logError) && asLog(meanError, average) < polynomial.logError;
  // What is left of λ is rounding.
  const part = onAverage ? { ...error, logError: error.logError - polynomial.logError, meanError } : error;
  return { polynomial, bound, error: part, rank: r };
}

/** As a λ. */
function sizeOf({ error: { logError, meanError } }: Fit, average: Average | null): number {
  return logError + (meanError === undefined ? 0 : asLog(meanError, average));
}

function asLog({ average, worst }: MeanError, averages: Average | null): number {
  return (2 * (averages?.reach ?? 1) * average) / Math.max(1e-300, 1 - 2 * worst);
}

function spec(context: ApproximateContext, index: number, { polynomial, bound }: Fit): FeatureSpec {
  const { tree, compressed } = context;
  const { variables } = tree.blocks[index] as MaskedBlock;
  const fewer = compressed.get(index);
  const entries = new Map(variables.map((variable) => [variable, coordinateSize(context, index, variable, bound)]));
  const prepared = fewer === undefined ? null : compressedRows(index, fewer.dimension);
  return { coefficients: polynomial.coefficients, centred: bound.centred, entries, prepared };
}

/** What the coordinates of a variable's rows are divided by. */
function coordinateSize({ survey, compressed }: ApproximateContext, index: number, variable: number, bound: ScoreBound): number {
  const slices = compressed.get(index)?.slices.get(variable);
  const entry = slices === undefined ? largestEntry(survey.get(`q${variable}`), bound.centred) : largestEntry(slices, false);
  // A variable whose rows are all zero has no size to divide by, and one far below the others' none that matters.
  return Math.max(1e-30, entry);
}

function featureSizes(context: ApproximateContext, index: number, bound: ScoreBound): Omit<FeatureSizes, 'rank'> {
  const { problem, tree, compressed, certificate } = context;
  const { root, variables, monomials, masks } = tree.blocks[index] as MaskedBlock;
  const size = (variable: number): number => coordinateSize(context, index, variable, bound);
  const spread = monomials.reduce(
    (sum, one) => sum + Math.abs(one.coefficient) * one.variables.reduce((product, variable) => product * size(variable), 1),
    0,
  );
  return {
    rows: variables.filter((variable) => variable !== root).map((variable) => problem.rows[variable - 1] as number),
    spread: Math.abs(problem.scale) * (compressed.get(index)?.dimension ?? problem.d) * spread,
    values: certificate.values.product,
    movingLog: masks.length > 0 ? context.largestScore : null,
  };
}

/** What the second look left for a block. */
function compressedRows(block: number, dimension: number): PreparedRows {
  return {
    dimension,
    buffers: (draft, variable) => {
      const { rows, unary } = compressedNames(variable, block);
      const extent = { variable, count: 1 };
      return { queries: named(draft, rows, extent, dimension), unary: named(draft, unary, extent, 1) };
    },
  };
}

function exactIsCheaper(context: ApproximateContext, index: number, fit: Fit): boolean {
  const { problem, backends, tree } = context;
  const block = tree.blocks[index] as MaskedBlock;
  const trial = (): { draft: Draft; gathered: Map<number, Gathered> } => {
    const draft = newDraft(problem, backends);
    const values = scratch(draft, 'values', { variable: 0, count: 1 }, problem.dv);
    return { draft, gathered: new Map(block.variables.slice(1).map((variable) => [variable, { values, bias: null }])) };
  };
  const approximate = trial();
  approximateMessage(approximate.draft, block, approximate.gathered, spec(context, index, fit));
  const exact = trial();
  const method = chooseMethod(exact.draft, block);
  method?.add(exact.draft, block, exact.gathered);
  return method !== null && draftSeconds(exact.draft) <= draftSeconds(approximate.draft);
}

function approximateMessage(draft: Draft, block: MaskedBlock, gathered: ReadonlyMap<number, Gathered>, how: FeatureSpec): Message {
  return block.masks.length === 0 ? featureMessage(draft, block, gathered, how) : scanMessage(draft, block, gathered, how);
}

function assemble(
  context: ApproximateContext,
  method: ApproximationMethod,
  fits: readonly (Fit | null)[],
  moments: Moments | null,
): Candidate | null {
  const { problem, backends, threads, tree, certificate, exactPart } = context;
  const draft = newDraft(problem, backends);
  if (!supports(draft, ['accumulate', 'contract', 'apply', 'scan', 'attend', 'combine'])) return null;
  solve(draft, tree, pairMasks(problem), (block) => {
    const index = tree.blocks.findIndex(
      ({ root, variables }) => root === block.root && variables.join() === block.variables.join(),
    );
    const fit = fits[index] ?? null;
    return fit === null ? exactMethod(draft, block) : featureMethod(context, index, fit);
  });
  // Components without x1 end in an average of their own.
  const parts = [...fits.map((fit) => fit?.error ?? exactPart), ...tree.roots.slice(1).map(() => exactPart)];
  const maxAbsError = outputBound(parts, 0, certificate, moments?.reach);
  const used = fits.filter((fit) => fit !== null);
  const degree = Math.max(...used.map(({ polynomial }) => polynomial.coefficients.length - 1));
  const exactBlocks = fits.length - used.length;
  const plan = {
    ...finishPlan(draft, 'polynomial-features', threads),
    approximation: {
      used: true,
      method,
      degree,
      rank: Math.max(...used.map((fit) => fit.rank)),
      reason: exactBlocks === 0 ? '' : `${exactBlocks} of ${fits.length} blocks exact`,
      scoreBound: Math.max(...used.map(({ bound }) => bound.bound)),
      certificate: { kind: 'proved', maxAbsError } as const,
    },
  };
  return { plan, maxAbsError };
}

function exactMethod(draft: Draft, block: MaskedBlock): BlockMethod {
  const method = chooseMethod(draft, block);
  if (method === null) refuseBackend(draft.problem, draft.backends);
  return method;
}

function featureMethod(context: ApproximateContext, index: number, fit: Fit): BlockMethod {
  return {
    algorithm: 'polynomial-features',
    kinds: ['accumulate', 'contract', 'apply'],
    applies: () => true,
    add: (draft, block, gathered) => approximateMessage(draft, block, gathered, spec(context, index, fit)),
  };
}
