import type { AttentionRequest, Problem } from '../contract/request.ts';
import { fail } from '../errors.ts';
import type { Machine, Plan } from '../plan/plan.ts';
import { type Binding, bind } from './bind.ts';
import { Budget, type BudgetLimits } from './budget.ts';
import { type Compiler, createCompiler } from './compiler.ts';
import { type Departure, watchDeparture } from './departure.ts';
import { type Execution, execute } from './execution.ts';
import { marginalRequest } from './marginals.ts';
import { collect, marginalTensor } from './outputs.ts';
import { Pool, type PoolOptions } from './pool.ts';
import { FairQueue } from './queue.ts';
import type { Result } from './result.ts';

export interface RunContext {
  /** Fires when the client has left. */
  readonly signal: AbortSignal;
  /** Milliseconds from now within which the answer must be there, waiting included. */
  readonly timeoutMs: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/** The only service (architecture.md): every protocol is decode → run → encode around it. */
export interface Engine {
  readonly machine: Machine;
  run(request: AttentionRequest, context: RunContext): Promise<Result>;
  /** The same compile step, without tensors. */
  plan(problem: Problem): Plan;
  load(): EngineLoad;
  close(): Promise<void>;
}

/** What is under way, for probes and metrics. */
export interface EngineLoad {
  readonly queuedSeconds: number;
  readonly inflightBytes: number;
  readonly queueDepth: number;
}

export interface EngineOptions extends PoolOptions, Omit<BudgetLimits, 'threads'> {
  readonly maxSyncSeconds: number;
  readonly maxResultBytes: number;
}

/** Starts the pool, loads the back ends and measures them. */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const pool = new Pool(options);
  const machine = await pool.measure();
  if (machine.backends.length === 0) {
    await pool.close();
    throw new Error(`No back end could be loaded: ${JSON.stringify(machine.unavailable)}`);
  }
  const parts: Parts = { compile: createCompiler(machine), queue: new FairQueue(pool), budget: new Budget(options), options };
  const { compile, queue, budget } = parts;
  return {
    machine,
    run: (request, context) => runRequest(request, context, parts),
    plan: compile,
    load: () => ({ queuedSeconds: budget.queuedSeconds, inflightBytes: budget.inflightBytes, queueDepth: queue.depth }),
    close: () => pool.close(),
  };
}

interface Parts {
  readonly compile: Compiler;
  readonly queue: FairQueue;
  readonly budget: Budget;
  readonly options: EngineOptions;
}

/** A request with its plan; the marginal weights of a variable are a further part. */
interface Part {
  readonly request: AttentionRequest;
  readonly plan: Plan;
  /** 0 for the request itself. */
  readonly variable: number;
}

async function runRequest(
  request: AttentionRequest,
  context: RunContext,
  { compile, queue, budget, options }: Parts,
): Promise<Result> {
  const began = performance.now();
  const parts = requestParts(request, compile);
  checkLimits(parts, options);
  const [seconds, bytes] = [sum(parts, ({ plan }) => plan.seconds), sum(parts, ({ plan }) => plan.bytes)];
  const reservation = budget.admit(seconds, bytes);
  const departure = watchDeparture(context);
  const planMs = performance.now() - began;
  const idle: Promise<void>[] = [];
  const finished: (Part & Finished)[] = [];
  try {
    for (const part of parts) {
      finished.push({ ...part, ...(await runPart(part, { queue, departure, idle, onProgress: context.onProgress })) });
    }
    const [main, ...marginals] = finished as [Part & Finished, ...(Part & Finished)[]];
    const { queueMs, stages, fallbackRows, tiles } = main.execution;
    const weights = new Map(
      marginals.map(({ variable, plan, binding }) => [`x1,x${variable}`, marginalTensor(plan, request, binding)]),
    );
    const timing = { planMs, queueMs, computeMs: sum(finished, ({ execution }) => execution.computeMs), stages };
    return { ...collect(main.plan, request, main.binding), weights, fallbackRows, tiles, plan: main.plan, timing };
  } finally {
    departure.unwatch();
    // After an abort tiles still run for a moment; what they hold is given back when the last one has ended.
    Promise.all(idle).then(reservation.release);
  }
}

function requestParts(request: AttentionRequest, compile: Compiler): Part[] {
  const others = request.output.weights ? request.problem.rows.slice(1).map((_, index) => index + 2) : [];
  const requests = [
    { request, variable: 0 },
    ...others.map((variable) => ({ request: marginalRequest(request, variable), variable })),
  ];
  return requests.map((part) => ({ ...part, plan: compile(part.request.problem) }));
}

interface PartContext {
  readonly queue: FairQueue;
  readonly departure: Departure;
  /** Gets a promise that resolves when none of the part's tiles runs any more. */
  readonly idle: Promise<void>[];
  readonly onProgress: RunContext['onProgress'];
}

interface Finished {
  readonly binding: Binding;
  readonly execution: Execution;
}

async function runPart({ request, plan }: Part, { queue, departure, idle, onProgress }: PartContext): Promise<Finished> {
  const binding = bindMemory(plan, request);
  const { promise, resolve: onIdle } = Promise.withResolvers<void>();
  idle.push(promise);
  const { signal, onStart } = departure;
  return { binding, execution: await execute(plan, binding, { queue, signal, onStart, onProgress, onIdle }) };
}

function bindMemory(plan: Plan, request: AttentionRequest): Binding {
  try {
    return bind(plan, request);
  } catch (cause) {
    fail('overloaded', `The ${plan.bytes} bytes that the plan needs could not be allocated`, { retryAfterSeconds: 1, cause });
  }
}

function checkLimits(parts: readonly Part[], { maxSyncSeconds, maxResultBytes }: EngineOptions): void {
  const seconds = sum(parts, ({ plan }) => plan.estimatedMs) / 1e3;
  const { algorithm, exponent } = (parts[0] as Part).plan;
  if (seconds > maxSyncSeconds) {
    const detail =
      `The plan (${algorithm}, n^${exponent}) is modelled at ${seconds.toPrecision(3)} s and MAX_SYNC_SECONDS is ${maxSyncSeconds}; ` +
      'work this long is for the job endpoint POST /v1/jobs, which this version does not serve yet';
    fail('cost_exceeds_limit', detail, { limit: maxSyncSeconds, actual: seconds, setting: 'MAX_SYNC_SECONDS' });
  }
  const bytes = sum(parts, resultBytes);
  if (bytes > maxResultBytes) {
    const detail = `The result has ${bytes} bytes and MAX_BODY_BYTES is ${maxResultBytes}`;
    fail('too_large', detail, { limit: maxResultBytes, actual: bytes, setting: 'MAX_BODY_BYTES' });
  }
}

function resultBytes({ plan, request: { problem } }: Part): number {
  const width = problem.precision === 'float32' ? 4 : 8;
  return plan.batch * plan.heads * (plan.rows[0] as number) * (problem.dv + 1) * width;
}

function sum<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((total, one) => total + of(one), 0);
}
