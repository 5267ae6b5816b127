import { CANCEL, CONTROL_CELLS, FAST_ROWS } from '../../kernels/backend.ts';
import type { StageTiming } from '../contract/timing.ts';
import { ServiceError } from '../errors.ts';
import type { Plan, Stage } from '../plan/plan.ts';
import { allocateData } from '../tensor/allocate.ts';
import type { Binding } from './bind.ts';
import type { Dispatcher, Failover, Lanes } from './dispatcher.ts';
import { levels, type PlacedItem } from './items.ts';
import type { TileOutcome } from './task.ts';

/** What running a plan gave, but for the tensors themselves. */
export interface Execution {
  readonly queueMs: number;
  readonly computeMs: number;
  /** When the last tile ended, milliseconds since the epoch. */
  readonly endedMs: number;
  readonly stages: readonly StageTiming[];
  readonly fallbackRows: number;
  /** Pairs of a row and a key that pruning left out. */
  readonly prunedPairs: number;
  /** Rows that fast matrix products computed. */
  readonly fastRows: number;
  readonly tiles: number;
  /** What devices could not answer. */
  readonly failovers: readonly Failover[];
}

export interface ExecutionContext {
  /** When the plan was there, milliseconds since the epoch: what it then waits for, its memory among it, counts as the queue. */
  readonly submittedMs: number;
  readonly queue: Dispatcher;
  /** Fires when the client left or the deadline passed; its reason is what `execute` throws. */
  readonly signal: AbortSignal;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Called once, when the first tile starts. */
  readonly onStart?: (() => void) | undefined;
  /** Called once, when no tile of this request runs any more: after an abort that is later than the throw. */
  readonly onIdle: () => void;
}

interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * Runs a plan's levels one after the other, their items on whatever threads are free.
 * @throws the signal's reason, or ServiceError `internal` when a thread died under one of the items, or a device and nothing stands in for it
 */
export async function execute(plan: Plan, binding: Binding, context: ExecutionContext): Promise<Execution> {
  const control = allocateData('int32', CONTROL_CELLS) as Int32Array;
  const lanes = context.queue.open(plan.seconds, context.signal);
  const underWay: Promise<unknown>[] = [];
  const stop = (): void => {
    Atomics.store(control, CANCEL, 1);
    context.queue.close(lanes);
  };
  context.signal.addEventListener('abort', stop, { once: true });
  try {
    context.signal.throwIfAborted();
    return await runLevels(plan, binding, control, lanes, underWay, context);
  } catch (error) {
    throw context.signal.aborted ? context.signal.reason : asServiceError(error);
  } finally {
    stop();
    context.signal.removeEventListener('abort', stop);
    Promise.allSettled(underWay).then(context.onIdle);
  }
}

async function runLevels(
  plan: Plan,
  binding: Binding,
  control: Int32Array,
  lanes: Lanes,
  underWay: Promise<unknown>[],
  context: ExecutionContext,
): Promise<Execution> {
  const ran: RanTile[] = [];
  let [done, started] = [0, false];
  const onStart = (): void => {
    if (!started) context.onStart?.();
    started = true;
  };
  const finishItem = (item: PlacedItem, outcomes: readonly TileOutcome[]): void => {
    item.tiles.forEach(({ stage }, index) => {
      ran.push({ stage, outcome: outcomes[index] });
    });
    done += item.seconds;
    context.onProgress?.(Math.min(done, plan.seconds), plan.seconds);
  };
  for (const items of levels(plan, binding, control)) {
    const running = items.map(async (item) => finishItem(item, await context.queue.submit(lanes, item, onStart)));
    underWay.push(...running);
    await Promise.all(running);
    context.signal.throwIfAborted();
  }
  return summary(plan, ran, context.submittedMs, control, [...lanes.failovers.values()]);
}

/** A tile's stage, and what running it gave: undefined where it was cancelled. */
interface RanTile {
  readonly stage: number;
  readonly outcome: TileOutcome | undefined;
}

/** What the tiles of a plan took together. @param submittedMs since when they waited, milliseconds since the epoch */
export function summary(
  plan: Plan,
  ran: readonly RanTile[],
  submittedMs: number,
  control: Int32Array,
  failovers: Execution['failovers'],
): Execution {
  const spans: (Span | undefined)[] = plan.stages.map(() => undefined);
  let whole: Span | undefined;
  let [fallbackRows, prunedPairs, tiles] = [0, 0, 0];
  for (const { stage, outcome } of ran) {
    if (outcome === undefined) continue;
    spans[stage] = widen(spans[stage], outcome);
    whole = widen(whole, outcome);
    fallbackRows += outcome.fallbackRows;
    prunedPairs += outcome.prunedPairs ?? 0;
    tiles++;
  }
  const { startMs, endMs } = whole ?? { startMs: submittedMs, endMs: submittedMs };
  return {
    queueMs: Math.max(0, startMs - submittedMs),
    computeMs: endMs - startMs,
    endedMs: endMs,
    stages: plan.stages.map((stage, index) => stageTiming(stage, spans[index], plan.batch * plan.heads)),
    fallbackRows,
    prunedPairs,
    fastRows: Atomics.load(control, FAST_ROWS),
    tiles,
    failovers,
  };
}

function widen(span: Span | undefined, other: Span): Span {
  const { startMs, endMs } = other;
  return span === undefined ? other : { startMs: Math.min(span.startMs, startMs), endMs: Math.max(span.endMs, endMs) };
}

function stageTiming(stage: Stage, span: Span | undefined, slices: number): StageTiming {
  const ms = span === undefined ? 0 : span.endMs - span.startMs;
  const gflops = ms > 0 ? (stage.work.flops * slices) / ms / 1e6 : 0;
  return { step: stage.step.kind, variable: stage.variable, ms, gflops };
}

function asServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  return new ServiceError('internal', 'A compute thread failed under this request; the service goes on', { cause: error });
}
