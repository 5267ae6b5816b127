import { CONTROL_CELLS, FAST_ROWS } from '../../kernels/backend.ts';
import { ServiceError } from '../errors.ts';
import type { Plan } from '../plan/plan.ts';
import { allocateData } from '../tensor/allocate.ts';
import type { Binding } from './bind.ts';
import { type Execution, summary } from './execution.ts';
import { stageTiles } from './items.ts';
import type { Kernels } from './kernels.ts';

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

/** Runs a plan from beginning to end. @throws ServiceError `internal` for what a kernel throws */
export function runAtOnce(plan: Plan, binding: Binding, kernels: Kernels, submittedMs: number): Execution {
  control.fill(0);
  try {
    const tiles = plan.stages.flatMap((_, index) => stageTiles(plan, index, binding));
    const outcomes = kernels.runNow(tiles, control);
    const ran = tiles.map(({ stage }, index) => ({ stage, outcome: outcomes[index] }));
    return { ...summary(plan, ran, submittedMs), fastRows: Atomics.load(control, FAST_ROWS), failovers: [] };
  } catch (cause) {
    throw new ServiceError('internal', 'A kernel failed under this request; the service goes on', { cause });
  }
}
