import type { MaskedBlock } from '../block.ts';
import { chooseMethod, finishPlan, refuseBackend } from '../compile.ts';
import { addStage, bytesPerElement, type Draft, draftRows, input, newDraft, scratch, supports } from '../draft.ts';
import { pairMasks } from '../masks.ts';
import { type BlockMethod, solve } from '../solve.ts';
import { outputBound } from './certificate.ts';
import type { ApproximateContext, Candidate } from './context.ts';
import { type FeatureSpec, featureMessage, type PreparedRows } from './features.ts';
import { deviation } from './moment-bound.ts';
import type { SurveyedSlice } from './survey.ts';
import { randomFeatureWork } from './work.ts';

/** Numbers that the features of one variable may take. */
const MAX_NUMBERS = 2 ** 26;
const MAX_FEATURES = 2 ** 15;

/**
 * Positive random features (math.md §3.9) on the pairs of x1: e^<a,b> is the mean of F products of features, so an attention call becomes two
 * thin products. The weights are independent Gaussians by seed, not orthogonal ones: those vary less, but the certificate needs independence.
 * It is probabilistic, entry by entry: with probability 1 - δ numerator and denominator each lie within a relative `deviation` of what they
 * estimate. Other blocks are exact: an inner edge would have to hold for every row of its parent at once.
 */
export function randomFeaturesCandidate(context: ApproximateContext): Candidate | null {
  const { problem, backends, threads, tree, wish } = context;
  const draft = newDraft(problem, backends);
  const fits = tree.blocks.filter(isRootPair);
  if (problem.mask.type !== 'none' || fits.length === 0 || !supports(draft, STEPS)) return null;
  const count = featuresNeeded(fits, context);
  if (count === null) return null;
  const maxAbsError = errorBound(fits, context, count);
  solve(draft, tree, pairMasks(problem), (block) =>
    isRootPair(block) ? randomMethod(block, context, count) : exactMethod(draft, block),
  );
  const { confidence } = wish;
  const finite = Number.isFinite(maxAbsError);
  const plan = {
    ...finishPlan(draft, 'random-features', threads),
    approximation: {
      used: true,
      method: 'random-features' as const,
      rank: count,
      reason: fits.length < tree.blocks.length ? `${tree.blocks.length - fits.length} of ${tree.blocks.length} blocks exact` : '',
      certificate: finite ? { kind: 'probabilistic' as const, maxAbsError, confidence } : { kind: 'none' as const },
    },
  };
  return { plan, maxAbsError };
}

const STEPS = ['random-features', 'accumulate', 'contract', 'apply'] as const;

/** What the client fixed, or the power of two that certifies the tolerance; a fixed number runs even where nothing can be said of its error. */
function featuresNeeded(fits: readonly MaskedBlock[], context: ApproximateContext): number | null {
  const { problem, wish } = context;
  const most = Math.min(MAX_FEATURES, Math.floor(MAX_NUMBERS / Math.max(...problem.rows)));
  if (wish.features !== undefined) return wish.features <= most ? wish.features : null;
  let count = Math.min(most, 16);
  while (count < most && errorBound(fits, context, count) > wish.tolerance) count = Math.min(most, count * 2);
  return Number.isFinite(errorBound(fits, context, count)) ? count : null;
}

/** u of every such block is off by at most R/2 t / (1 - t), and the product of messages by the sum of those: R/2 is at most the product of values. */
function errorBound(fits: readonly MaskedBlock[], context: ApproximateContext, count: number): number {
  const { tree, wish, certificate, exactPart } = context;
  const odds = (1 - wish.confidence) / (2 * fits.length);
  const rounding = outputBound(
    [...tree.blocks, ...tree.roots.slice(1)].map(() => exactPart),
    0,
    certificate,
  );
  return fits.reduce((sum, block) => {
    const t = deviation(spreadOf(block, context), count, odds);
    return sum + (t < 1 ? (certificate.values.most * t) / (1 - t) : Number.POSITIVE_INFINITY);
  }, rounding);
}

function isRootPair({ root, variables, monomials, masks }: MaskedBlock): boolean {
  return root === 1 && variables.length === 2 && monomials.length === 1 && masks.length === 0;
}

function factorOf({ monomials }: MaskedBlock, scale: number): number {
  return scale * (monomials[0]?.coefficient ?? 0);
}

/** Largest |a + b| of rows as the features see them: the spread of the weight's logarithm. */
function spreadOf(block: MaskedBlock, { problem, survey }: ApproximateContext): number {
  const factor = Math.sqrt(Math.abs(factorOf(block, problem.scale)));
  const sizes = block.variables.map((variable) =>
    (survey.get(`q${variable}`) as readonly SurveyedSlice[]).map(({ raw }) => raw.norms[1] as number),
  ) as [number[], number[]];
  return factor * Math.max(0, ...sizes[0].map((size, slice) => size + (sizes[1][slice] as number)));
}

function exactMethod(draft: Draft, block: MaskedBlock): BlockMethod {
  const method = chooseMethod(draft, block);
  if (method === null) refuseBackend(draft.problem, draft.backends);
  return method;
}

function randomMethod(block: MaskedBlock, { problem, wish }: ApproximateContext, count: number): BlockMethod {
  const factor = factorOf(block, problem.scale);
  const made = new Map<number, number>();
  const prepared: PreparedRows = {
    dimension: count,
    buffers: (draft, variable) => {
      const known = made.get(variable);
      if (known !== undefined) return { queries: known, unary: null };
      // The sign of the score goes to one side.
      const own = Math.sqrt(Math.abs(factor)) * (variable === block.root && factor < 0 ? -1 : 1);
      const queries = addFeatures(draft, variable, block, { factor: own, seed: wish.seed, count });
      made.set(variable, queries);
      return { queries, unary: null };
    },
  };
  // p(x) = x: the score of two rows of features is the weight itself.
  const spec: FeatureSpec = {
    coefficients: [0, 1],
    centred: false,
    entries: new Map(block.variables.map((variable) => [variable, 1])),
    weighted: true,
    prepared,
  };
  return {
    algorithm: 'random-features',
    kinds: ['random-features', 'accumulate', 'contract', 'apply'],
    applies: () => true,
    add: (draft, own, gathered) => featureMessage(draft, own, gathered, spec),
  };
}

interface Drawn {
  readonly factor: number;
  readonly seed: number;
  readonly count: number;
}

/** Both variables of a block see the same directions, and every block its own. */
function addFeatures(draft: Draft, variable: number, block: MaskedBlock, { factor, seed, count }: Drawn): number {
  const extent = { variable, count: 1 };
  const { d, precision } = draft.problem;
  const output = scratch(draft, `features of q${variable} in ${block.variables.join(',')}`, extent, count);
  const from = input(draft, 'q', variable);
  const step = { kind: 'random-features', input: from, factor, seed: seed * 8 + (block.variables[1] as number), output } as const;
  addStage(draft, step, extent, variable, randomFeatureWork(draftRows(draft, extent), count, d, bytesPerElement(precision)));
  return output;
}
