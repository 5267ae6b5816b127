import { workerData } from 'node:worker_threads';
import { type Backend, type BackendName, CANCEL, type DeviceName } from '../../kernels/backend.ts';
import { collectShared, countShared } from '../tensor/shared-memory.ts';
import { epochMs, type TaskOutcome, type TileOutcome, type TileTask, type WorkerReport, type WorkerSettings } from './task.ts';

/** A thread of the pool, and but for the devices' own processes (device/host.ts) the only place that loads kernels. */

const MODULES = {
  native: '../../kernels/native/index.ts',
  reference: '../../kernels/reference/index.ts',
} as const satisfies Record<Exclude<BackendName, DeviceName>, string>;

interface BackendModule {
  load(options: { isa?: string }): Backend | Promise<Backend>;
}

const backends = new Map<BackendName, Backend>();
const unavailable: Record<string, string> = {};

async function loadBackends(settings: WorkerSettings): Promise<void> {
  for (const name of settings.backends) {
    try {
      const module: BackendModule = await import(new URL(MODULES[name], import.meta.url).href);
      backends.set(name, await module.load(settings.nativeIsa === null ? {} : { isa: settings.nativeIsa }));
    } catch (error) {
      unavailable[name] = reasonOf(error);
    }
  }
}

function reasonOf(error: unknown): string {
  const missing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
  if (missing) return 'it is not part of this version';
  return error instanceof Error ? error.message : String(error);
}

await loadBackends(workerData as WorkerSettings);

/** What loaded, with rates measured now: asked once, while the other threads are idle. */
export function report(): WorkerReport {
  const described = [];
  for (const [name, backend] of backends) {
    try {
      described.push(backend.describe());
    } catch (error) {
      unavailable[name] = reasonOf(error);
    }
  }
  return { backends: described, unavailable };
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
      outcomes.push({ tiles: await runTiles(task) });
    } catch (failure) {
      outcomes.push({ failure });
    }
  }
  return outcomes;
}

/** Runs the tiles of a task in order; a cancelled task stops at the first look at its flag. */
async function runTiles(task: TileTask): Promise<TileOutcome[]> {
  const outcomes: TileOutcome[] = [];
  for (const { backend: name, step, firstRow, lastRow, callId } of task.tiles) {
    const backend = backends.get(name);
    if (backend === undefined) throw new Error(`back end ${name} is not loaded in this thread: ${unavailable[name]}`);
    if (Atomics.load(task.control, CANCEL) !== 0) break;
    const startMs = epochMs();
    const { fallbackRows, prunedPairs = 0 } = await backend.run(step, { firstRow, lastRow, control: task.control, callId });
    outcomes.push({ startMs, endMs: epochMs(), fallbackRows, prunedPairs });
  }
  return outcomes;
}
