import {
  type BackendDescription,
  isDevice,
  modelledSeconds,
  type Precision,
  type Rates,
  type Step,
  type StepKind,
  supportsStep,
  type Work,
} from '../../kernels/backend.ts';
import type { Problem } from '../contract/request.ts';
import { operandsOf } from './operands.ts';
import { type BufferSpec, type Extent, extentRows, type Stage } from './plan.ts';
import { WORTH_SPLITTING_SECONDS } from './tiles.ts';
import { projectWork } from './work.ts';

/** A plan under construction: buffers and stages, and for every buffer the level at which it is ready. */
export interface Draft {
  readonly problem: Problem;
  /** Those that the request allows and that have the precision. */
  readonly backends: readonly BackendDescription[];
  /** Of the pool: what a thread keeps for itself is held so many times. */
  readonly threads: number;
  readonly buffers: BufferSpec[];
  readonly ready: number[];
  readonly stages: Stage[];
}

/** Work of one slice, and what the kernels of all threads hold for it besides the buffers. */
export type StageCost = Pick<Stage, 'work' | 'scratchBytes'>;

/** A message as it travels: buffers of (u, L) or null for all ones and for zero. */
export interface Message {
  readonly u: number | null;
  readonly logSumExp: number | null;
}

/** `threads` matters to steps that keep tables; approximations have none. */
export function newDraft(problem: Problem, backends: readonly BackendDescription[], threads = 1): Draft {
  return { problem, backends, threads, buffers: [], ready: [], stages: [] };
}

export function bytesPerElement(precision: Precision): number {
  return precision === 'float32' ? 4 : 8;
}

function addBuffer(draft: Draft, buffer: BufferSpec): number {
  draft.buffers.push(buffer);
  draft.ready.push(0);
  return draft.buffers.length - 1;
}

/**
 * The buffer of one of q_j, v_j, b_j: the request's tensor, or the projection of its tokens, computed once. Stacking the weights of all
 * projections side by side was measured at 1.14 to 1.22x of the projections alone (native, AVX2, m = 512 and 1024, five of 64 columns),
 * some 2 % of a request of path(3) at n = 4096, and was left.
 */
export function input(draft: Draft, role: 'q' | 'v' | 'b', variable: number): number {
  const name = `${role}${variable}`;
  const found = draft.buffers.findIndex((buffer) => buffer.name === name);
  if (found >= 0) return found;
  const { d, dv, projected } = draft.problem;
  const cols = role === 'b' ? 1 : role === 'q' ? d : dv;
  const extent = { variable, count: 1 };
  if (!projected.names.includes(name)) return addBuffer(draft, { name, source: 'input', extent, cols });
  const tokens = tokensOf(draft, extent);
  const weights = named(draft, `w${name}`, { variable: 0, count: projected.m }, cols);
  const output = scratch(draft, name, extent, cols);
  const work = projectWork(draftRows(draft, extent), projected.m, cols, bytesPerElement(draft.problem.precision));
  addStage(draft, { kind: 'project', input: tokens, weights, output }, extent, variable, work);
  return output;
}

/** The tokens as one variable has them: variables may have different numbers of real rows. */
export function tokensOf(draft: Draft, extent: Extent): number {
  const found = draft.buffers.findIndex(({ name, extent: own }) => name === 'x' && own.variable === extent.variable);
  return found >= 0 ? found : addBuffer(draft, { name: 'x', source: 'input', extent, cols: draft.problem.projected.m });
}

/** An input buffer that is no q, v or b, by its name. */
export function named(draft: Draft, name: string, extent: Extent, cols: number): number {
  const found = draft.buffers.findIndex((buffer) => buffer.name === name);
  return found >= 0 ? found : addBuffer(draft, { name, source: 'input', extent, cols });
}

export function scratch(draft: Draft, name: string, extent: Extent, cols: number): number {
  return addBuffer(draft, { name, source: 'scratch', extent, cols });
}

/** Whether some allowed back end runs every one of these steps. */
export function supports(draft: Draft, kinds: readonly StepKind[]): boolean {
  return kinds.every((kind) => draft.backends.some((backend) => supportsStep(backend, kind, draft.problem.precision)));
}

/** A back end that may take a stage, with its cost there. */
type Candidate = Pick<Stage, 'backend' | 'seconds' | 'work' | 'scratchBytes'>;

/**
 * Adds a stage on the back end that is fastest by its rates, at the first level at which all that it reads is ready. `cost` may differ
 * from back end to back end.
 */
export function addStage(
  draft: Draft,
  step: Step<number>,
  extent: Extent,
  variable: number,
  cost: Work | ((backend: BackendDescription) => StageCost),
): void {
  const { precision } = draft.problem;
  const candidates = draft.backends.flatMap((backend): Candidate[] => {
    const rates = backend.rates[precision];
    if (rates === undefined || !supportsStep(backend, step.kind, precision)) return [];
    const own = typeof cost === 'function' ? cost(backend) : { work: cost, scratchBytes: 0 };
    return [{ backend, seconds: stageSeconds(backend, own.work, rates), ...own }];
  });
  const chosen = place(draft, candidates);
  if (chosen === null) throw new Error(`no allowed back end runs ${step.kind} in ${precision}`);
  const { read, write } = operandsOf(step);
  const level = 1 + Math.max(0, ...read.map((buffer) => draft.ready[buffer] as number));
  for (const buffer of write) draft.ready[buffer] = level;
  draft.stages.push({ step, extent, level, variable, ...chosen });
}

/** On a device the way there and back counts, for every stage of every slice; a hand-over between threads is counted by the level. */
function stageSeconds({ name }: BackendDescription, work: Work, rates: Rates): number {
  return modelledSeconds(work, rates) + (isDevice(name) ? rates.tileSeconds : 0);
}

/** The fastest on this processor against the fastest device: all threads share the slices of the one, the other takes them alone. */
function place({ problem, threads }: Draft, candidates: readonly Candidate[]): Candidate | null {
  const fastest = (some: readonly Candidate[]): Candidate | null =>
    some.reduce<Candidate | null>((best, one) => (best === null || one.seconds < best.seconds ? one : best), null);
  const own = fastest(candidates.filter(({ backend }) => !isDevice(backend.name)));
  const device = fastest(candidates.filter(({ backend }) => isDevice(backend.name)));
  if (own === null || device === null) return own ?? device;
  const isSplit = own.seconds * problem.batch * problem.heads > WORTH_SPLITTING_SECONDS;
  return device.seconds < own.seconds / (isSplit ? threads : 1) ? device : own;
}

export function draftRows(draft: Draft, extent: Extent): number {
  return extentRows(extent, draft.problem.rows);
}

export function draftSeconds(draft: Draft): number {
  return draft.stages.reduce((sum, { seconds }) => sum + seconds, 0);
}
