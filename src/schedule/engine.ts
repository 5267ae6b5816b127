import type { AttentionRequest, Problem } from '../contract/request.ts';
import { fail, ServiceError } from '../errors.ts';
import { compile } from '../plan/compile.ts';
import type { Machine, Plan } from '../plan/plan.ts';
import type { FloatDType, Tensor, TensorData } from '../tensor/tensor.ts';
import { type Binding, bind } from './bind.ts';
import { Budget, type BudgetLimits, type Reservation } from './budget.ts';
import { execute } from './execution.ts';
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
  const queue = new FairQueue(pool);
  const budget = new Budget(options);
  return {
    machine,
    run: (request, context) => runRequest(request, context, { machine, queue, budget, options }),
    plan: (problem) => compile(problem, machine),
    load: () => ({ queuedSeconds: budget.queuedSeconds, inflightBytes: budget.inflightBytes, queueDepth: queue.depth }),
    close: () => pool.close(),
  };
}

interface Parts {
  readonly machine: Machine;
  readonly queue: FairQueue;
  readonly budget: Budget;
  readonly options: EngineOptions;
}

async function runRequest(request: AttentionRequest, context: RunContext, parts: Parts): Promise<Result> {
  const began = performance.now();
  const plan = compile(request.problem, parts.machine);
  checkLimits(plan, request, parts.options);
  const reservation = parts.budget.admit(plan.seconds, plan.bytes);
  const abort = new AbortController();
  let where = 'in the queue';
  const leave = (): void => abort.abort(new ServiceError('client_closed_request', 'The client closed the connection'));
  const deadline = setTimeout(() => {
    const detail = `The deadline of ${context.timeoutMs} ms passed ${where}`;
    abort.abort(new ServiceError('deadline_exceeded', detail, { limit: context.timeoutMs, setting: 'REQUEST_TIMEOUT_MS' }));
  }, context.timeoutMs);
  context.signal.addEventListener('abort', leave, { once: true });
  if (context.signal.aborted) leave();
  try {
    const binding = bindOrRelease(plan, request, reservation);
    const planMs = performance.now() - began;
    const onStart = (): void => {
      where = 'in the kernel';
    };
    const { queue } = parts;
    const { onProgress } = context;
    const execution = await execute(plan, binding, {
      queue,
      signal: abort.signal,
      onProgress,
      onStart,
      onIdle: reservation.release,
    });
    const { queueMs, computeMs, stages, fallbackRows, tiles } = execution;
    return { ...collect(plan, request, binding), fallbackRows, tiles, plan, timing: { planMs, queueMs, computeMs, stages } };
  } finally {
    clearTimeout(deadline);
    context.signal.removeEventListener('abort', leave);
  }
}

/** Memory that cannot be had is an answer, not a leak of the budget. */
function bindOrRelease(plan: Plan, request: AttentionRequest, reservation: Reservation): Binding {
  try {
    return bind(plan, request);
  } catch (cause) {
    reservation.release();
    fail('overloaded', `The ${plan.bytes} bytes that the plan needs could not be allocated`, { retryAfterSeconds: 1, cause });
  }
}

function checkLimits(plan: Plan, request: AttentionRequest, { maxSyncSeconds, maxResultBytes }: EngineOptions): void {
  const seconds = plan.estimatedMs / 1e3;
  if (seconds > maxSyncSeconds) {
    const detail =
      `The plan (${plan.algorithm}, n^${plan.exponent}) is modelled at ${seconds.toPrecision(3)} s and MAX_SYNC_SECONDS is ${maxSyncSeconds}; ` +
      'work this long is for the job endpoint POST /v1/jobs, which this version does not serve yet';
    fail('cost_exceeds_limit', detail, { limit: maxSyncSeconds, actual: seconds, setting: 'MAX_SYNC_SECONDS' });
  }
  const width = request.problem.precision === 'float32' ? 4 : 8;
  const bytes = plan.batch * plan.heads * (plan.rows[0] as number) * (request.problem.dv + 1) * width;
  if (bytes > maxResultBytes) {
    const detail = `The result has ${bytes} bytes and MAX_BODY_BYTES is ${maxResultBytes}`;
    fail('too_large', detail, { limit: maxResultBytes, actual: bytes, setting: 'MAX_BODY_BYTES' });
  }
}

/** The outputs as tensors in the wanted type; rounding to it is the codec's. */
function collect(plan: Plan, request: AttentionRequest, binding: Binding): Pick<Result, 'output' | 'logSumExp' | 'emptyRows'> {
  const { outputRank, output, problem } = request;
  const dtype: FloatDType = output.dtype ?? problem.precision;
  const lead = [plan.batch, plan.heads, plan.rows[0] as number].slice(4 - outputRank);
  const sums = binding.output('logSumExp');
  let emptyRows = 0;
  for (const sum of sums) if (sum === Number.NEGATIVE_INFINITY) emptyRows++;
  const tensor = (shape: readonly number[], data: unknown): Tensor => ({ dtype, shape, data: data as TensorData });
  return {
    output: tensor([...lead, problem.dv], binding.output('output')),
    logSumExp: output.logSumExp ? tensor(lead, sums) : null,
    emptyRows,
  };
}
