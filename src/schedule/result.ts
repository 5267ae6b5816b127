import type { Timing } from '../contract/timing.ts';
import type { Plan } from '../plan/plan.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Failover } from './dispatcher.ts';

/** Milliseconds, as in the response's `timing` (api.md §3): of running, without the bodies. */
export interface ComputeTiming extends Omit<Timing, 'decodeMs'> {
  /** When all of that was done, milliseconds since the epoch: from then on it is the way out. */
  readonly endedMs: number;
}

/** Approximate against exact output, over the rows that were measured (api.md §3). */
export interface MeasuredError {
  readonly type: 'sample' | 'full';
  readonly rows: number;
  readonly maxAbsError: number;
  readonly meanAbsError: number;
  readonly rmse: number;
  /** |approximate - exact| / |exact|, Frobenius norms; 0 where both are 0. */
  readonly relativeFrobenius: number;
  /** Units in the last place of the compute precision. */
  readonly maxUlp: number;
  /** Row of the output with the largest error. */
  readonly worstRow: number;
}

/** What came out, what it cost and where it ran. */
export interface Result {
  readonly output: Tensor;
  readonly logSumExp: Tensor | null;
  /** Marginal attention P(l_j | l_1) by pair, `x1,xj`, where it was asked for. */
  readonly weights: ReadonlyMap<string, Tensor>;
  /** Rows without an admissible tuple, padded rows among them; their output is 0. */
  readonly emptyRows: number;
  readonly fallbackRows: number;
  readonly tiles: number;
  readonly plan: Plan;
  /** Parts that a device could not answer, and what answered in its place: the result is complete. */
  readonly failovers: readonly Failover[];
  /** The error against exact, where it was asked for. */
  readonly measured: MeasuredError | null;
  readonly timing: ComputeTiming;
}
