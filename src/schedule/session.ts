import { isDevice } from '../../kernels/backend.ts';
import type { AttentionRequest } from '../contract/request.ts';
import type { Plan } from '../plan/plan.ts';
import { Lease } from '../tensor/lease.ts';
import { runAtOnce, runsAtOnce } from './at-once.ts';
import { type Binding, bindMemory } from './bind.ts';
import type { Budget, Reservation } from './budget.ts';
import { type Departure, watchDeparture } from './departure.ts';
import type { Dispatcher } from './dispatcher.ts';
import { type Execution, execute } from './execution.ts';
import type { Kernels } from './kernels.ts';
import { epochMs } from './task.ts';

export interface RunContext {
  /** Fires when the client has left. */
  readonly signal: AbortSignal;
  /** The same as a question, where it costs less than to look at the signal. */
  hasLeft?(): boolean;
  /** Milliseconds from now within which the answer must be there, waiting included. */
  readonly timeoutMs: number;
  readonly onProgress?: (done: number, total: number) => void;
  /** What the request's memory belongs to, operands included; the caller ends it once it has read the result. */
  readonly lease?: Lease;
}

/** What runs a session's plans. */
export interface Resources {
  readonly queue: Dispatcher;
  /** Those of the event loop. */
  readonly kernels: Kernels;
  readonly budget: Budget;
}

export interface Finished {
  readonly binding: Binding;
  readonly execution: Execution;
}

/** One request under way: its admission, its deadline, and the plans that it runs one after the other. */
export interface Session {
  /**
   * Takes the plans' memory and thread time out of the budget until the session is closed.
   * @throws ServiceError `too_large` or `overloaded`
   */
  admit(plans: readonly Plan[]): void;
  run(request: AttentionRequest, plan: Plan): Promise<Finished>;
  /** After an abort tiles still run for a moment; what they hold is given back when the last one has ended. */
  close(): void;
}

export function openSession(context: RunContext, { queue, kernels, budget }: Resources): Session {
  const openedMs = performance.now();
  let departure: Departure | undefined;
  const idle: Promise<void>[] = [];
  const { lease = new Lease() } = context;
  const reservations: Reservation[] = [];
  return {
    admit: (plans) => {
      const [seconds, bytes] = [sum(plans, (plan) => plan.seconds), sum(plans, (plan) => plan.bytes)];
      reservations.push(budget.admit(seconds, bytes));
    },
    run: async (request, plan) => {
      const submittedMs = epochMs();
      const binding = bindMemory(plan, request, lease);
      // A device that was given up may still write what it was asked for.
      if (plan.stages.some(({ backend }) => isDevice(backend.name))) lease.spoil();
      if (runsAtOnce(plan, kernels) && departure === undefined && !hasLeft(context)) {
        return { binding, execution: runAtOnce(plan, binding, kernels, submittedMs) };
      }
      const { promise, resolve: onIdle } = Promise.withResolvers<void>();
      idle.push(promise);
      departure ??= watchDeparture(context, performance.now() - openedMs);
      const { signal, onStart } = departure;
      const running = execute(plan, binding, { submittedMs, queue, signal, onStart, onProgress: context.onProgress, onIdle });
      const execution = await running.catch((error: unknown) => {
        lease.spoil();
        throw error;
      });
      return { binding, execution };
    },
    close: () => {
      departure?.unwatch();
      const release = (): void => {
        for (const reservation of reservations) reservation.release();
      };
      if (idle.length === 0) release();
      else Promise.all(idle).then(release);
    },
  };
}

/** Whether the client has left, as cheaply as it can be asked. */
export function hasLeft(context: RunContext): boolean {
  return context.hasLeft?.() ?? context.signal.aborted;
}

export function sum<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((total, one) => total + of(one), 0);
}
