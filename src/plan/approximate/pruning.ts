import type { MaskedBlock } from '../block.ts';
import { chooseMethod, finishPlan, refuseBackend } from '../compile.ts';
import { newDraft, supports } from '../draft.ts';
import { pairMasks } from '../masks.ts';
import type { Stage } from '../plan.ts';
import { solve } from '../solve.ts';
import { carefulParts } from './careful.ts';
import { outputBound, pruningError } from './certificate.ts';
import type { ApproximateContext, Candidate } from './context.ts';
import { keptShare, WORTH_TRYING } from './glance.ts';

/** Of the tolerance, what goes to the keys that are left out; the rest is rounding. */
const SHARE = 0.9;
/** Of attend's time for the same pairs, what those that stay take, and bounds and cells beside that (kernels/native/src/prune.h). */
const CAREFUL = 1.07;
const BOUNDS = 0.06;

/**
 * Attention calls that leave out keys too small to matter (math.md §3.7), for scores so large that a few keys have nearly all of the mass.
 * Null where no two scores can be far enough apart for that, or where h is no forest of unmasked pairs.
 */
export function pruningCandidate(context: ApproximateContext): Candidate | null {
  const { problem, threads, tree, wish, exactPart } = context;
  const edges = tree.blocks.length;
  if (problem.mask.type !== 'none' || edges === 0 || tree.blocks.some(({ variables }) => variables.length > 2)) return null;
  const careful = carefulParts(context);
  const averages = tree.roots.slice(1).map(() => exactPart);
  const parts = [...careful.parts, ...averages];
  const certificate = averages.length > 0 ? context.certificate : { ...context.certificate, stored: careful.stored };
  const rounding = outputBound(parts, 0, certificate);
  const { range } = certificate.values;
  const lost = Math.min(0.5, range === 0 ? 0.5 : (SHARE * Math.min(wish.tolerance, range) - rounding) / range);
  if (!(lost > 0)) return null;
  const n = Math.max(...problem.rows.slice(1));
  const dropBelow = Math.log((edges * n) / lost);
  const kept = tree.blocks.map((_, b) => keptShare(context.glance?.scores[b] ?? [], dropBelow));
  const hopeless = problem.mode === 'auto' ? !kept.some((share) => share < WORTH_TRYING) : 2 * context.largestScore < dropBelow;
  if (wish.method === 'auto' && hopeless) return null;
  const draft = newDraft(problem, context.backends);
  if (!supports(draft, ['attend', 'combine'])) return null;
  solve(draft, tree, pairMasks(problem), (block: MaskedBlock) => {
    const method = chooseMethod(draft, block);
    if (method === null) refuseBackend(problem, draft.backends);
    return method;
  });
  const most = Math.max(...kept);
  const stages = draft.stages.map((stage) => prune(stage, dropBelow, CAREFUL * most + BOUNDS));
  const maxAbsError = outputBound(parts, edges * pruningError(n, dropBelow), certificate);
  const plan = {
    ...finishPlan({ ...draft, stages }, 'pruning', threads),
    approximation: { used: true, method: 'prune', reason: '', certificate: { kind: 'proved', maxAbsError } } as const,
  };
  return { plan, maxAbsError };
}

function prune(stage: Stage, dropBelow: number, share: number): Stage {
  const { step, seconds } = stage;
  if (step.kind !== 'attend' || step.queries === null) return stage;
  return { ...stage, step: { ...step, dropBelow }, seconds: seconds * share };
}
