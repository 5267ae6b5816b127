import type { AttentionRequest } from '../contract/request.ts';
import { fail } from '../errors.ts';
import type { Plan } from '../plan/plan.ts';
import { type Binding, bind } from './bind.ts';
import type { Budget, Reservation } from './budget.ts';
import { watchDeparture } from './departure.ts';
import type { Dispatcher } from './dispatcher.ts';
import { type Execution, execute } from './execution.ts';

export interface RunContext {
  /** Fires when the client has left. */
  readonly signal: AbortSignal;
  /** Milliseconds from now within which the answer must be there, waiting included. */
  readonly timeoutMs: number;
  readonly onProgress?: (done: number, total: number) => void;
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

export function openSession(context: RunContext, queue: Dispatcher, budget: Budget): Session {
  const departure = watchDeparture(context);
  const idle: Promise<void>[] = [];
  const reservations: Reservation[] = [];
  return {
    admit: (plans) => {
      const [seconds, bytes] = [sum(plans, (plan) => plan.seconds), sum(plans, (plan) => plan.bytes)];
      reservations.push(budget.admit(seconds, bytes));
    },
    run: async (request, plan) => {
      const binding = bindMemory(plan, request);
      const { promise, resolve: onIdle } = Promise.withResolvers<void>();
      idle.push(promise);
      const { signal, onStart } = departure;
      return {
        binding,
        execution: await execute(plan, binding, { queue, signal, onStart, onProgress: context.onProgress, onIdle }),
      };
    },
    close: () => {
      departure.unwatch();
      Promise.all(idle).then(() => {
        for (const reservation of reservations) reservation.release();
      });
    },
  };
}

function bindMemory(plan: Plan, request: AttentionRequest): Binding {
  try {
    return bind(plan, request);
  } catch (cause) {
    fail('overloaded', `The ${plan.bytes} bytes that the plan needs could not be allocated`, { retryAfterSeconds: 1, cause });
  }
}

export function sum<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((total, one) => total + of(one), 0);
}
