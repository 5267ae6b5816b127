import { type Backend, type BackendName, CANCEL, type DeviceName, type PreparedTile } from '../../kernels/backend.ts';
import { useSizeOf } from '../tensor/largest.ts';
import { type BoundTile, epochMs, type TileOutcome, type TileTask, type WorkerReport, type WorkerSettings } from './task.ts';

const MODULES = {
  native: '../../kernels/native/index.ts',
  reference: '../../kernels/reference/index.ts',
} as const satisfies Record<Exclude<BackendName, DeviceName>, string>;

interface BackendModule {
  load(options: { isa?: string }): Backend | Promise<Backend>;
}

/**
 * The back ends of one thread: but for the devices' own processes (device/host.ts) the only place that loads kernels. Each thread of the
 * pool has one, and so has the event loop, for what takes microseconds (at-once.ts).
 */
export class Kernels {
  readonly #backends = new Map<BackendName, Backend>();
  readonly #unavailable: Record<string, string> = {};

  static async load({ backends, nativeIsa }: WorkerSettings): Promise<Kernels> {
    const kernels = new Kernels();
    for (const name of backends) {
      try {
        const module: BackendModule = await import(new URL(MODULES[name], import.meta.url).href);
        const backend = await module.load(nativeIsa === null ? {} : { isa: nativeIsa });
        kernels.#backends.set(name, backend);
        if (backend.sizeOf !== undefined) useSizeOf(backend.sizeOf);
      } catch (error) {
        kernels.#unavailable[name] = reasonOf(error);
      }
    }
    return kernels;
  }

  has(name: BackendName): boolean {
    return this.#backends.has(name);
  }

  /** What loaded, with rates measured now: asked once, while the other threads are idle. */
  report(): WorkerReport {
    const described = [];
    for (const [name, backend] of this.#backends) {
      try {
        described.push(backend.describe());
      } catch (error) {
        this.#unavailable[name] = reasonOf(error);
      }
    }
    return { backends: described, unavailable: this.#unavailable };
  }

  /** Runs tiles at once, on back ends that are done when they return. */
  runNow(tiles: readonly BoundTile[], control: Int32Array): TileOutcome[] {
    return tiles.map(({ backend, step, firstRow, lastRow, callId }) => {
      const startMs = epochMs();
      const report = this.#backends.get(backend)?.run(step, { firstRow, lastRow, control, callId });
      if (report === undefined || report instanceof Promise) throw new Error(`back end ${backend} does not run here`);
      return { startMs, endMs: epochMs(), ...report };
    });
  }

  /** A tile made ready to be run here on other memory; null where the back end has no such thing. */
  prepare({ backend, step, firstRow, lastRow }: BoundTile): PreparedTile | null {
    return this.#backends.get(backend)?.prepare?.(step, { firstRow, lastRow }) ?? null;
  }

  /** Runs the tiles of a task in order; a cancelled task stops at the first look at its flag. */
  async run({ tiles, control }: TileTask): Promise<TileOutcome[]> {
    const outcomes: TileOutcome[] = [];
    for (const { backend: name, step, firstRow, lastRow, callId } of tiles) {
      const backend = this.#backends.get(name);
      if (backend === undefined) throw new Error(`back end ${name} is not loaded in this thread: ${this.#unavailable[name]}`);
      if (Atomics.load(control, CANCEL) !== 0) break;
      const startMs = epochMs();
      const { fallbackRows, prunedPairs = 0 } = await backend.run(step, { firstRow, lastRow, control, callId });
      outcomes.push({ startMs, endMs: epochMs(), fallbackRows, prunedPairs });
    }
    return outcomes;
  }
}

function reasonOf(error: unknown): string {
  const missing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
  if (missing) return 'it is not part of this version';
  return error instanceof Error ? error.message : String(error);
}
