import type { Precision } from '../../../kernels/backend.ts';
import type { MaskedBlock } from '../block.ts';
import { chooseMethod, finishPlan, refuseBackend } from '../compile.ts';
import { type Draft, draftSeconds, type Message, named, newDraft, scratch, supports } from '../draft.ts';
import { pairMasks } from '../masks.ts';
import type { Gathered } from '../messages.ts';
import type { ApproximationMethod } from '../plan.ts';
import { type BlockMethod, solve } from '../solve.ts';
import type { ApproximateContext, Candidate } from './context.ts';
import { type FeatureSpec, featureMessage, type PreparedRows } from './features.ts';
import { coordinateSize, errorOfFits, type Fit, fitBlocks } from './fit.ts';
import { type Moments, momentsOf } from './moments.ts';
import { compressedNames } from './names.ts';
import { scanMessage, scans } from './scan.ts';
import { blockBound, type ScoreBound, sumOfRawBounds, tighter } from './score-bound.ts';

/** Beyond this cancellation takes the digits (math.md §3.6). */
const LARGEST_SCORE: Readonly<Record<Precision, number>> = { float32: 4, float64: 12 };
/** e^-600 is far from fp64's smallest number. */
const LARGEST_SCAN_SCORE = 300;

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
  let chosen = tree.blocks.map(
    (block, b) => fits(context, block) && (bounds[b] as ScoreBound).bound <= LARGEST_SCORE[problem.precision],
  );
  // Products of covariances are some milliseconds: not where nothing will come of them.
  const moments = chosen.some(Boolean) ? knownMoments(context, bounds) : null;
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

const known = new WeakMap<object, Moments | null>();

/** The same for all methods and precisions that are tried on one survey, or on one second look. */
function knownMoments({ problem, tree, survey, compressed }: ApproximateContext, bounds: readonly ScoreBound[]): Moments | null {
  const look = compressed.size > 0 ? compressed : survey;
  const before = known.get(look);
  if (before !== undefined) return before;
  const moments = momentsOf(problem, tree.blocks, bounds, survey, compressed);
  known.set(look, moments);
  return moments;
}

/** Masks go with moving sums; log-weights further apart than fp64's range would be lost in those. */
function fits({ largestScore }: ApproximateContext, block: MaskedBlock): boolean {
  return block.masks.length === 0 || (scans(block) && largestScore < LARGEST_SCAN_SCORE);
}

/** Compressed rows are centred already, and their bound is of what was kept. */
function boundOf(
  { problem, survey, compressed, measured }: ApproximateContext,
  { monomials }: MaskedBlock,
  index: number,
): ScoreBound {
  const fewer = compressed.get(index);
  if (fewer === undefined) return tighter(blockBound(monomials, problem.scale, survey), measured[index] ?? null);
  const renamed = new Map([...fewer.slices].map(([variable, slices]) => [`q${variable}`, slices]));
  const bound = sumOfRawBounds(monomials, problem.scale, renamed);
  return { bound, absolute: bound, centred: true };
}

function spec(context: ApproximateContext, index: number, { polynomial, bound }: Fit): FeatureSpec {
  const { tree, compressed } = context;
  const { variables } = tree.blocks[index] as MaskedBlock;
  const fewer = compressed.get(index);
  const entries = new Map(variables.map((variable) => [variable, coordinateSize(context, index, variable, bound)]));
  const prepared = fewer === undefined ? null : compressedRows(index, fewer.dimension);
  return { coefficients: polynomial.coefficients, centred: bound.centred, entries, prepared };
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
  const { problem, backends, threads, tree } = context;
  const draft = newDraft(problem, backends);
  if (!supports(draft, ['accumulate', 'contract', 'apply', 'scan', 'attend', 'combine'])) return null;
  solve(draft, tree, pairMasks(problem), (block) => {
    const index = tree.blocks.findIndex(
      ({ root, variables }) => root === block.root && variables.join() === block.variables.join(),
    );
    const fit = fits[index] ?? null;
    return fit === null ? exactMethod(draft, block) : featureMethod(context, index, fit);
  });
  const maxAbsError = errorOfFits(context, fits, moments);
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
