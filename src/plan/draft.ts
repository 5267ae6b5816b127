import {
  type AttendStep,
  type BackendDescription,
  modelledSeconds,
  type Precision,
  type Rates,
  type Step,
  type Work,
} from '../../kernels/backend.ts';
import type { Problem } from '../contract/request.ts';
import { type BufferSpec, type Extent, extentRows, type Stage } from './plan.ts';

/** A plan under construction: buffers and stages, and for every buffer the level at which it is ready. */
export interface Draft {
  readonly problem: Problem;
  readonly backend: BackendDescription;
  readonly rates: Rates;
  readonly buffers: BufferSpec[];
  readonly ready: number[];
  readonly stages: Stage[];
}

/** A message as it travels: buffers of (u, L) or null for all ones and for zero. */
export interface Message {
  readonly u: number | null;
  readonly logSumExp: number | null;
}

export function newDraft(problem: Problem, backend: BackendDescription): Draft {
  const rates = backend.rates[problem.precision];
  if (rates === undefined) throw new Error(`${backend.name} has no rates for ${problem.precision}`);
  return { problem, backend, rates, buffers: [], ready: [], stages: [] };
}

export function bytesPerElement(precision: Precision): number {
  return precision === 'float32' ? 4 : 8;
}

function addBuffer(draft: Draft, buffer: BufferSpec): number {
  draft.buffers.push(buffer);
  draft.ready.push(0);
  return draft.buffers.length - 1;
}

/** The buffer of a request's tensor, e.g. q2. */
export function input(draft: Draft, name: string, variable: number, cols: number): number {
  const found = draft.buffers.findIndex((buffer) => buffer.source === 'input' && buffer.name === name);
  return found >= 0 ? found : addBuffer(draft, { name, source: 'input', extent: { variable, count: 1 }, cols });
}

export function scratch(draft: Draft, name: string, extent: Extent, cols: number): number {
  return addBuffer(draft, { name, source: 'scratch', extent, cols });
}

/** Adds a stage at the first level at which all that it reads is ready. */
export function addStage(draft: Draft, step: Step<number>, extent: Extent, variable: number, work: Work): void {
  const { reads, writes } = operands(step);
  const level = 1 + Math.max(0, ...reads.map((buffer) => draft.ready[buffer] as number));
  for (const buffer of writes) draft.ready[buffer] = level;
  draft.stages.push({ step, extent, level, variable, work, seconds: modelledSeconds(work, draft.rates) });
}

/** Which buffers a step reads and writes. */
export function operands(step: Step<number>): { reads: number[]; writes: number[] } {
  const some = (...all: (number | null)[]): number[] => all.filter((one) => one !== null);
  switch (step.kind) {
    case 'attend':
      return { reads: attendReads(step), writes: some(step.message, step.logSumExp) };
    case 'combine':
      return { reads: [...step.factors, ...step.addends], writes: some(step.product, step.sum) };
    case 'merge':
      return { reads: some(step.messages, step.logSumExps), writes: some(step.message, step.logSumExp) };
    default:
      return {
        reads: step.variables.flatMap(({ queries, values, bias }) => some(queries, values, bias)),
        writes: some(step.message, step.logSumExp),
      };
  }
}

function attendReads(step: AttendStep<number>): number[] {
  return [step.queries, step.keys, step.keyBias, step.values].filter((one) => one !== null);
}

export function draftRows(draft: Draft, extent: Extent): number {
  return extentRows(extent, draft.problem.rows);
}
