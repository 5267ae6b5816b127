import { workerData } from 'node:worker_threads';
import { collectShared, countShared } from '../tensor/shared-memory.ts';
import { Kernels } from './kernels.ts';
import type { TaskOutcome, TileTask, WorkerReport, WorkerSettings } from './task.ts';

/**
 * A thread of the pool. Niceness 5, so that the event loop goes first, left p99 of /livez beside 64 MiB bodies where it was: 57 to 70 ms. SCHED_BATCH, and a
 * processor of its own for each thread to be woken on, ended the waking thread's waits of up to 3 ms and had tiles of a millisecond begin at once, but left the time of
 * path(3) at n = 65,536 approximated, and of n = 1024 and 2048 exact, where it was (2 processors, 4 rounds each in turns).
 */

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
