import { performance } from 'node:perf_hooks';
import type { BackendDescription, BackendName, DeviceName, Matrix, Step } from '../../kernels/backend.ts';

/** One tile with its operands bound to views on shared memory. */
export interface BoundTile {
  readonly backend: BackendName;
  readonly step: Step<Matrix>;
  readonly firstRow: number;
  readonly lastRow: number;
  readonly callId: number;
}

/** Tiles that run in order on one thread. A small request is a single task, and a thread is given several of those at once. */
export interface TileTask {
  readonly control: Int32Array;
  readonly tiles: readonly BoundTile[];
  /** Memory that the thread has to count as seen: of the whole plan, most of which may be seen through these tiles, or none. */
  readonly countedBytes: number;
}

/** Times are milliseconds since the epoch, comparable between threads. */
export interface TileOutcome {
  readonly startMs: number;
  readonly endMs: number;
  readonly fallbackRows: number;
  /** Pairs of a row and a key that were left out (math.md §3.7). */
  readonly prunedPairs?: number;
}

/** How one task of a batch ended: what its tiles say, or what it failed with, which is its own affair. */
export type TaskOutcome = { readonly tiles: readonly TileOutcome[] } | { readonly failure: unknown };

export interface WorkerSettings {
  readonly backends: readonly Exclude<BackendName, DeviceName>[];
  readonly nativeIsa: string | null;
}

/** What a worker found when it loaded the back ends. */
export interface WorkerReport {
  readonly backends: readonly BackendDescription[];
  readonly unavailable: Readonly<Record<string, string>>;
}

const ORIGIN_MS = performance.timeOrigin;

export function epochMs(): number {
  return ORIGIN_MS + performance.now();
}
