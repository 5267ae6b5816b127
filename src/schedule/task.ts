import type { BackendDescription, BackendName, DeviceName, Matrix, Step } from '../../kernels/backend.ts';

/** One tile with its operands bound to views on shared memory. */
export interface BoundTile {
  readonly backend: BackendName;
  readonly step: Step<Matrix>;
  readonly firstRow: number;
  readonly lastRow: number;
  readonly callId: number;
}

/** What one thread is given at once: tiles run in order. Small requests go over in a single task. */
export interface TileTask {
  readonly control: Int32Array;
  readonly tiles: readonly BoundTile[];
}

/** Times are milliseconds since the epoch, comparable between threads. */
export interface TileOutcome {
  readonly startMs: number;
  readonly endMs: number;
  readonly fallbackRows: number;
}

export interface WorkerSettings {
  readonly backends: readonly Exclude<BackendName, DeviceName>[];
  readonly nativeIsa: string | null;
}

/** What a worker found when it loaded the back ends. */
export interface WorkerReport {
  readonly backends: readonly BackendDescription[];
  readonly unavailable: Readonly<Record<string, string>>;
}

export function epochMs(): number {
  return performance.timeOrigin + performance.now();
}
