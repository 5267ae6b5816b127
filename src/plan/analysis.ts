import type { AnalysisQuestion } from '../contract/analysis.ts';
import { withoutNulls } from '../contract/present.ts';
import { capabilities } from '../polynomial/capabilities.ts';
import { toDot } from '../polynomial/dot.ts';
import { polynomialFacts } from '../polynomial/facts.ts';
import { formatPolynomial } from '../polynomial/polynomial.ts';
import { approximationThreshold, entryThreshold, lowerBound, upperBound } from '../polynomial/statements.ts';
import { exactExponent, PREFIXES } from './exponent.ts';
import { formatPlan } from './format.ts';
import { maskEdges, pairMasks } from './masks.ts';
import { operandsOf } from './operands.ts';
import { degreeFor, scoreBound } from './outlook.ts';
import type { BufferSpec, Machine, Plan, Stage } from './plan.ts';

export interface VerdictLimits {
  readonly maxSyncSeconds: number;
  readonly maxJobSeconds: number;
  readonly maxInflightBytes: number;
}

const TOLERANCES = [1e-2, 1e-3, 1e-4];

/** Everything that is known of a polynomial without its tensors (api.md §4); pure data, each claim with its source. */
export function analyze(
  { problem, entryBound }: AnalysisQuestion,
  plan: Plan,
  limits: VerdictLimits,
  machine: Machine,
): Record<string, unknown> {
  const { polynomial, rows, d, dv, batch, heads } = problem;
  const pairs = pairMasks(problem);
  const masks = maskEdges(pairs);
  const facts = polynomialFacts(polynomial, masks);
  const { t, k, s, components, treewidth, cutset, eliminationOrder } = facts;
  const exponent = exactExponent(problem, pairs);
  const note = <S extends Noted>(statement: S): S => (pairs.length === 0 ? statement : withoutMask(statement));
  const n = rows[0] as number;
  const bound = entryBound === null ? null : scoreBound(polynomial, problem.scale, d, entryBound);
  return {
    polynomial: formatPolynomial(polynomial),
    ...{ t, k, s, monomials: polynomial.monomials, components, treewidth, cutset, eliminationOrder, class: facts.class, exponent },
    upperBound: withoutNulls(exponent < facts.exponent ? PREFIXES : upperBound(polynomial, masks)),
    lowerBound: withoutNulls(note(lowerBound(polynomial))),
    shape: { n, d, dv, batch, heads },
    plan: {
      ...planSummary(plan),
      ...verdict(plan, limits),
      text: formatPlan(plan),
      stages: plan.stages.map((stage) => stageSummary(stage, plan)),
    },
    approximation: {
      threshold: withoutNulls(note(approximationThreshold(polynomial))),
      entryThreshold: entryThreshold(k, n),
      ...(entryBound !== null && { entryBound, belowThreshold: entryBound < entryThreshold(k, n) }),
      // Entries near 1e155 are enough for a bound that no double holds.
      ...(bound !== null && Number.isFinite(bound) && { scoreBound: bound }),
      tolerances:
        entryBound === null ? [] : TOLERANCES.map((tolerance) => degreeFor(tolerance, entryBound, problem, plan, machine)),
    },
    tasks: capabilities(polynomial).map((capability) => withoutNulls(note(capability))),
    dot: toDot(polynomial, masks),
  };
}

type Noted = { readonly text: string } | { readonly statement: string };

/** What is known of lower bounds, thresholds and tasks is known without a mask. */
function withoutMask<S extends Noted>(said: S): S {
  return 'text' in said
    ? { ...said, text: `${said.text} Stated without a mask.` }
    : { ...said, statement: `${said.statement} Stated without a mask.` };
}

function planSummary(plan: Plan): Record<string, unknown> {
  const { algorithm, exponent, work, bytes, backend, threads, estimatedMs, mask } = plan;
  const { flops, exponentials } = work;
  return {
    algorithm,
    exponent,
    mask,
    flops,
    exponentials,
    bytes,
    backend: backend.name,
    ...(backend.isa && { isa: backend.isa }),
    threads,
    estimatedMs,
  };
}

/** Which way of asking for this plan is open, and the setting that closes the others. */
function verdict(plan: Plan, limits: VerdictLimits): { verdict: string; limit?: string } {
  const seconds = plan.estimatedMs / 1e3;
  if (plan.bytes > limits.maxInflightBytes) return { verdict: 'refused', limit: 'MAX_INFLIGHT_BYTES' };
  if (seconds > limits.maxJobSeconds) return { verdict: 'refused', limit: 'MAX_JOB_SECONDS' };
  if (seconds > limits.maxSyncSeconds) return { verdict: 'job-only', limit: 'MAX_SYNC_SECONDS' };
  return { verdict: 'synchronous' };
}

function stageSummary(stage: Stage, plan: Plan): Record<string, unknown> {
  const { read, write } = operandsOf(stage.step);
  const names = (buffers: readonly number[]): string[] => [
    ...new Set(buffers.map((buffer) => (plan.buffers[buffer] as BufferSpec).name)),
  ];
  return {
    step: stage.step.kind,
    backend: stage.backend.name,
    level: stage.level,
    variable: stage.variable,
    reads: names(read),
    writes: names(write),
    flops: stage.work.flops,
    exponentials: stage.work.exponentials,
    estimatedMs: stage.seconds * 1e3,
  };
}
