import { type BackendName, type DeviceName, isDevice } from '../../kernels/backend.ts';
import type { Devices } from './device/devices.ts';
import { DeviceFailure } from './device/failure.ts';
import { SLOTS } from './device/protocol.ts';
import type { QueuedTask } from './pool.ts';
import type { Runner } from './queue.ts';
import { FairQueue, type Lane, type WorkItem } from './queue.ts';
import type { TaskOutcome, TileOutcome } from './task.ts';

/** A part of a request that a device could not answer, and what answered in its place. */
export interface Failover {
  readonly from: BackendName;
  readonly to: BackendName;
  readonly reason: string;
}

/** One request's places: a lane before the threads and one before each device. */
export interface Lanes {
  readonly seconds: number;
  readonly signal: AbortSignal;
  readonly byResource: Map<FairQueue, Lane>;
  /** By the device that failed: its tiles that are still to come go elsewhere at once. */
  readonly failovers: Map<DeviceName, Failover>;
}

/** What stands in for a device: the first back end that has every one of these steps. */
export type Substitute = (item: WorkItem) => BackendName | null;

/**
 * Every item to what computes it: threads or a device, each with a fair queue of its own, so that neither waits for the other. Where a
 * device fails, the item is run once more, on what stands in for it.
 */
export class Dispatcher {
  readonly #threads: FairQueue;
  readonly #devices = new Map<DeviceName, FairQueue>();
  readonly #substitute: Substitute;

  constructor(threads: Runner, devices: Devices, substitute: Substitute) {
    this.#threads = new FairQueue(threads);
    this.#substitute = substitute;
    for (const name of devices.names) {
      this.#devices.set(name, new FairQueue({ threads: SLOTS, run: (batch) => runBatch(devices, name, batch) }));
    }
  }

  open(seconds: number, signal: AbortSignal): Lanes {
    return { seconds, signal, byResource: new Map(), failovers: new Map() };
  }

  close({ byResource }: Lanes): void {
    for (const [queue, lane] of byResource) queue.close(lane);
  }

  /** Resolves with the outcomes when the item has run; `started` is called when something takes it. */
  async submit(lanes: Lanes, item: WorkItem, started: () => void): Promise<readonly TileOutcome[]> {
    const name = item.task.tiles[0]?.backend;
    if (name === undefined || !isDevice(name)) return this.#put(this.#threads, lanes, item, started);
    if (lanes.failovers.has(name)) return this.#replace(name, lanes, item, started);
    try {
      return await orLeave(this.#put(this.#devices.get(name) as FairQueue, lanes, item, started), lanes.signal);
    } catch (error) {
      if (!(error instanceof DeviceFailure) || lanes.signal.aborted) throw error;
      this.#note(name, error, lanes, item);
      return this.#replace(name, lanes, item, started);
    }
  }

  get depth(): number {
    return [this.#threads, ...this.#devices.values()].reduce((sum, queue) => sum + queue.depth, 0);
  }

  #put(queue: FairQueue, lanes: Lanes, item: WorkItem, started: () => void): Promise<readonly TileOutcome[]> {
    const lane = lanes.byResource.get(queue) ?? queue.open(lanes.seconds, lanes.signal);
    lanes.byResource.set(queue, lane);
    return queue.submit(lane, item, started);
  }

  #note(from: DeviceName, failure: DeviceFailure, lanes: Lanes, item: WorkItem): void {
    const to = this.#substitute(item);
    if (to === null) throw failure;
    lanes.failovers.set(from, { from, to, reason: failure.message });
  }

  #replace(name: DeviceName, lanes: Lanes, item: WorkItem, started: () => void): Promise<readonly TileOutcome[]> {
    const { to } = lanes.failovers.get(name) as Failover;
    const tiles = item.task.tiles.map((tile) => ({ ...tile, backend: to }));
    return this.#put(this.#threads, lanes, { ...item, task: { ...item.task, tiles } }, started);
  }
}

/** What the signal's reason overtakes: a device stops only between dispatches, and nobody has to wait for that. */
function orLeave<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}

/** Tasks one after the other; what one of them fails with is its own outcome. */
async function runBatch(devices: Devices, name: DeviceName, batch: readonly QueuedTask[]): Promise<TaskOutcome[]> {
  const device = devices.get(name);
  const outcomes: TaskOutcome[] = [];
  for (const { task, cancelled } of batch) {
    try {
      cancelled.throwIfAborted();
      if (device === undefined) throw new DeviceFailure('there is no such device');
      outcomes.push({ tiles: await device.run(task, cancelled) });
    } catch (failure) {
      outcomes.push({ failure });
    }
  }
  return outcomes;
}
