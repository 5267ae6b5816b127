import { CONTROL_CELLS, type FloatArray } from '../../kernels/backend.ts';
import type { AttentionRequest } from '../contract/request.ts';
import { ServiceError } from '../errors.ts';
import type { Plan } from '../plan/plan.ts';
import { allocateData } from '../tensor/allocate.ts';
import type { Lease } from '../tensor/lease.ts';
import { type Binding, bindMemory } from './bind.ts';
import { type Execution, summary } from './execution.ts';
import { stageTiles } from './items.ts';
import type { Kernels } from './kernels.ts';
import { type RanTile, ReadyPlan } from './ready.ts';
import type { TileOutcome } from './task.ts';

/**
 * Modelled seconds up to which a plan of the native back end runs on the event loop. To hand it over takes as long (some 20 µs of the
 * loop's own time, and a thread to be woken), and to read the request took longer. Nothing is lost by it: these kernels are in this process
 * whatever the thread, what they throw is their own request's failure, and how long they take follows from the shapes that were priced.
 */
const AT_ONCE_SECONDS = 50e-6;

/**
 * The same of surveys and of approximations: their steps have a dozen operands each, and to send those costs the event loop half a millisecond, twice a request.
 */
const APPROXIMATE_SECONDS = 400e-6;

/** Nobody else looks at it while a plan runs here. */
const control = allocateData('int32', CONTROL_CELLS) as Int32Array;

export function runsAtOnce({ seconds, stages, algorithm, approximation }: Plan, kernels: Kernels): boolean {
  const limit = algorithm === 'survey' || approximation?.used === true ? APPROXIMATE_SECONDS : AT_ONCE_SECONDS;
  return seconds <= limit && stages.every(({ backend }) => kernels.has(backend.name));
}

/** What a plan gave, and where its outputs lie. */
export interface AtOnce {
  readonly execution: Execution;
  output(name: string): FloatArray;
}

/** Plans that were made ready, or null where they cannot be; they are this thread's, as the kernels are. */
const readyPlans = new WeakMap<Plan, ReadyPlan | null>();

/**
 * Answers a request by a plan that `runsAtOnce`.
 * @throws ServiceError `internal` for what a kernel throws, `overloaded` where there is no memory
 */
export function answerAtOnce(plan: Plan, request: AttentionRequest, kernels: Kernels, lease: Lease, submittedMs: number): AtOnce {
  const ready = request.lengths === null ? readyOf(plan, kernels) : null;
  if (ready === null) {
    const binding = bindMemory(plan, request, lease);
    return { execution: runAtOnce(plan, binding, kernels, submittedMs), output: binding.output };
  }
  const memory = ready.memory(request, lease);
  return {
    execution: execution(plan, submittedMs, () => ready.run(memory, control)),
    output: (name) => ready.output(memory, name),
  };
}

function readyOf(plan: Plan, kernels: Kernels): ReadyPlan | null {
  const known = readyPlans.get(plan);
  if (known !== undefined) return known;
  const ready = ReadyPlan.of(plan, kernels);
  readyPlans.set(plan, ready);
  return ready;
}

/** Runs a plan from beginning to end. @throws ServiceError `internal` for what a kernel throws */
export function runAtOnce(plan: Plan, binding: Binding, kernels: Kernels, submittedMs: number): Execution {
  return execution(plan, submittedMs, () => {
    const tiles = plan.stages.flatMap((_, index) => stageTiles(plan, index, binding));
    const outcomes = kernels.runNow(tiles, control);
    return tiles.map(({ stage }, index) => ({ stage, outcome: outcomes[index] as TileOutcome }));
  });
}

function execution(plan: Plan, submittedMs: number, run: () => readonly RanTile[]): Execution {
  control.fill(0);
  try {
    return summary(plan, run(), submittedMs, control, []);
  } catch (cause) {
    throw new ServiceError('internal', 'A kernel failed under this request; the service goes on', { cause });
  }
}
