import type { BackendDescription, Precision, Step, Work } from '../../kernels/backend.ts';

/** The planner's noun: pure data, printable, the same for the same problem and machine (architecture.md). */

/** A number of rows: `count`, times the rows of `variable` unless that is 0. Padding trims it per batch entry. */
export interface Extent {
  readonly variable: number;
  readonly count: number;
}

/** A matrix per slice; 'input' buffers are the request's tensors by name, the others are allocated zeroed. */
export interface BufferSpec {
  readonly name: string;
  readonly source: 'input' | 'scratch' | 'output';
  readonly extent: Extent;
  readonly cols: number;
}

/** One step on named buffers; operands are indices into `Plan.buffers`. */
export interface Stage {
  readonly step: Step<number>;
  /** What the tiles divide. */
  readonly extent: Extent;
  /** Stages of one level need nothing of each other and run together; a level starts when the one before has ended. */
  readonly level: number;
  /** The variable that the stage sums out, or 0 where that is none or several. */
  readonly variable: number;
  /** Modelled work of one slice, and the thread-seconds that `backend` needs for it. */
  readonly work: Work;
  readonly backend: BackendDescription;
  readonly seconds: number;
  /** What the kernels of all threads hold for it besides the buffers: tables, shared matrices. */
  readonly scratchBytes: number;
}

export type PlanAlgorithm =
  | 'tree-messages'
  | 'cycle-gemm'
  | 'fast-matmul'
  | 'conditioning'
  | 'elimination'
  | 'definition'
  | 'polynomial-features'
  | 'pruning'
  | 'sampling'
  | 'random-features'
  | 'survey';

/** An error bound with what it rests on. */
export interface Certificate {
  readonly kind: 'proved' | 'probabilistic' | 'none';
  /** Of every entry of the output; left out where nothing is certified. */
  readonly maxAbsError?: number;
  readonly confidence?: number;
}

/** What the modes 'approximate' and 'auto' decided, and why (api.md §3). */
export interface PlannedApproximation {
  readonly used: boolean;
  readonly method?: ApproximationMethod;
  /** Of the polynomial in the place of the exponential. */
  readonly degree?: number;
  /** Features of the largest block. */
  readonly rank?: number;
  readonly samples?: number;
  readonly reason: string;
  /** The largest |score| after centring that the certificate used. */
  readonly scoreBound?: number;
  readonly certificate?: Certificate;
}

export type ApproximationMethod = 'taylor' | 'minimax' | 'compress' | 'random-features' | 'sampling' | 'prune';

export interface Plan {
  readonly class: string;
  readonly algorithm: PlanAlgorithm;
  /** Time grows like n to this power. */
  readonly exponent: number;
  /** Where most of the work is done; every stage names its own. */
  readonly backend: BackendDescription;
  readonly precision: Precision;
  /** The mask that was applied, a shorthand resolved. */
  readonly mask: string;
  readonly rows: readonly number[];
  readonly batch: number;
  readonly heads: number;
  readonly buffers: readonly BufferSpec[];
  readonly stages: readonly Stage[];
  /** Of all slices together. */
  readonly work: Work;
  /** Memory held at once at the worst moment: inputs, outputs, the messages that are still to be read, and the kernels' tables. */
  readonly bytes: number;
  /** Thread-seconds of all slices by the back ends' measured rates. */
  readonly seconds: number;
  /** Modelled wall-clock time on `threads` threads. */
  readonly estimatedMs: number;
  readonly threads: number;
  /** In the modes 'approximate' and 'auto'. */
  readonly approximation?: PlannedApproximation;
}

/** What the planner knows of the machine: the back ends that loaded, with their rates, transfer included, and the size of the pool. */
export interface Machine {
  readonly backends: readonly BackendDescription[];
  /** Those that a request gets only by their name: software rendering beside `native`, a device on its way up again. */
  readonly named?: readonly BackendDescription[];
  /** Devices that are not up yet. */
  readonly starting?: readonly string[];
  /** Why the others did not load. */
  readonly unavailable: Readonly<Record<string, string>>;
  readonly threads: number;
}

/** The rows of an extent for given rows n_1..n_t. */
export function extentRows(extent: Extent, rows: readonly number[]): number {
  return extent.variable === 0 ? extent.count : extent.count * (rows[extent.variable - 1] as number);
}
