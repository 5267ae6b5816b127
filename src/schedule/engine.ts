import { performance } from 'node:perf_hooks';
import type { StepKind } from '../../kernels/backend.ts';
import type { AttentionRequest, Problem } from '../contract/request.ts';
import { fail } from '../errors.ts';
import type { Machine, Plan } from '../plan/plan.ts';
import { warmUp } from '../plan/warm-up.ts';
import { Lease } from '../tensor/lease.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { chooseTask, runTask } from './approximation.ts';
import { asRun } from './as-run.ts';
import { answerAtOnce, runsAtOnce } from './at-once.ts';
import type { Binding } from './bind.ts';
import { Budget, type BudgetLimits } from './budget.ts';
import { type Compiler, createCompiler } from './compiler.ts';
import { Devices, type DevicesOptions, substituteOf } from './device/devices.ts';
import { Dispatcher } from './dispatcher.ts';
import { Kernels } from './kernels.ts';
import { marginalRequest } from './marginals.ts';
import { compare, type Measurement, planMeasurement } from './measure.ts';
import { collect, collectNow, marginalTensor } from './outputs.ts';
import { exactProblem, type Task } from './planned-task.ts';
import { Pool, type PoolOptions } from './pool.ts';
import type { WorkItem } from './queue.ts';
import type { MeasuredError, Result } from './result.ts';
import { hasLeft, openSession, type RunContext, type Session, sum } from './session.ts';
import { epochMs } from './task.ts';

export type { RunContext } from './session.ts';

/** The only service (architecture.md): every protocol is decode → run → encode around it. */
export interface Engine {
  /** As it stands now: devices come and go. */
  readonly machine: Machine;
  readonly devices: Pick<Devices, 'life' | 'get' | 'settle' | 'watch'>;
  run(request: AttentionRequest, context: RunContext): Promise<Result>;
  /** The same where it takes microseconds and nothing has to be waited for; null elsewhere, and then nothing was done. */
  runNow(request: AttentionRequest, context: RunContext): Result | null;
  /** The same compile step, without tensors. */
  plan(problem: Problem): Plan;
  load(): EngineLoad;
  /** Gives back the memory of large requests that were answered, where nothing is under way. */
  collect(): Promise<void>;
  close(): Promise<void>;
}

/** What is under way, for probes and metrics. */
export interface EngineLoad {
  readonly queuedSeconds: number;
  readonly inflightBytes: number;
  readonly queueDepth: number;
}

export interface EngineOptions extends PoolOptions, DevicesOptions, Omit<BudgetLimits, 'threads'> {
  readonly maxSyncSeconds: number;
  readonly maxResultBytes: number;
}

/** Devices may come up while the service serves; the start waits this long for those that are quick. */
const DEVICES_START_MS = 3_000;

/** Starts the pool, loads the back ends and measures them; then the devices, one process each. */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const pool = new Pool(options);
  const measured = await pool.measure();
  if (measured.backends.length === 0) {
    await pool.close();
    throw new Error(`No back end could be loaded: ${JSON.stringify(measured.unavailable)}`);
  }
  const kernels = await Kernels.load({ ...options, backends: options.backends.filter((name) => name === 'native') });
  warmUp(measured);
  const look = (): Pick<Parts, 'machine' | 'compile'> => {
    const machine = devices.extend(measured);
    return { machine, compile: createCompiler(machine) };
  };
  // Its process starts later than this function returns from it, so nothing is told before there is something to tell.
  const devices = new Devices(options, () => Object.assign(parts, look()));
  const kinds = ({ task }: WorkItem): StepKind[] => task.tiles.map(({ step }) => step.kind);
  const queue = new Dispatcher(pool, devices, (item) => substituteOf(measured, kinds(item)));
  const budget = new Budget(options);
  const parts: Parts = { ...look(), queue, kernels, budget, options, withinLimits: new WeakSet() };
  await devices.settle(DEVICES_START_MS);
  return {
    get machine() {
      return parts.machine;
    },
    devices,
    run: async (request, context) => runNow(request, context, parts) ?? runRequest(request, context, parts),
    runNow: (request, context) => runNow(request, context, parts),
    plan: (problem) => parts.compile(problem),
    load: () => ({ queuedSeconds: budget.queuedSeconds, inflightBytes: budget.inflightBytes, queueDepth: queue.depth }),
    collect: async () => {
      if (budget.inflightBytes === 0) await pool.collect();
    },
    close: async () => {
      await devices.close();
      await pool.close();
    },
  };
}

interface Parts {
  /** These two change together when a device comes or goes. */
  machine: Machine;
  compile: Compiler;
  readonly queue: Dispatcher;
  /** Those of the event loop. */
  readonly kernels: Kernels;
  readonly budget: Budget;
  readonly options: EngineOptions;
  /** Plans that were checked against the limits: what a small request takes and gives follows from its plan. */
  readonly withinLimits: WeakSet<Plan>;
}

/** A request with its plan; the marginal weights of a variable are a further part. */
interface Part extends Task {
  /** 0 for the request itself. */
  readonly variable: number;
}

const NO_WEIGHTS: Result['weights'] = new Map();

/** An exact request of one plan that the event loop runs itself. */
function runNow(request: AttentionRequest, context: RunContext, engine: Parts): Result | null {
  if (request.problem.mode !== 'exact' || request.output.weights) return null;
  const beganMs = epochMs();
  const plan = engine.compile(request.problem);
  if (!runsAtOnce(plan, engine.kernels) || hasLeft(context)) return null;
  if (!engine.withinLimits.has(plan)) {
    checkLimits([{ request, plan }], null, engine.options);
    engine.withinLimits.add(plan);
  }
  const reservation = engine.budget.admit(plan.seconds, plan.bytes);
  try {
    const submittedMs = epochMs();
    const ran = answerAtOnce(plan, request, engine.kernels, context.lease ?? new Lease(), submittedMs);
    const { queueMs, computeMs, endedMs, stages, fallbackRows, tiles, failovers } = ran.execution;
    const timing = { planMs: submittedMs - beganMs, queueMs, computeMs, measureMs: 0, endedMs, stages };
    const { output, logSumExp, emptyRows } = collectNow(plan, request, ran);
    return {
      output,
      logSumExp,
      emptyRows,
      weights: NO_WEIGHTS,
      measured: null,
      fallbackRows,
      tiles,
      failovers,
      plan: asRun(plan, ran.execution, engine.machine),
      timing,
    };
  } finally {
    reservation.release();
  }
}

async function runRequest(request: AttentionRequest, context: RunContext, engine: Parts): Promise<Result> {
  const began = performance.now();
  const session = openSession(context, engine);
  try {
    const first = await taskOf(request, engine, session);
    const others = marginalParts(first.request, engine.compile);
    const measurement = first.plan.approximation?.used === true ? planMeasurement(first.request, engine.compile) : null;
    checkLimits([first, ...others], measurement, engine.options);
    session.admit([first, ...others, ...(measurement === null ? [] : [measurement])].map(({ plan }) => plan));
    const planMs = performance.now() - began;
    const { task: main, finished } = await runTask(first, session, (next) => checkLimits([next], null, engine.options));
    const { binding, execution } = finished;
    const weights = new Map<string, Tensor>();
    let { computeMs, endedMs } = execution;
    const failovers = [...execution.failovers];
    for (const { request: marginal, plan, variable } of others) {
      const finished = await session.run(marginal, plan);
      computeMs += finished.execution.computeMs;
      endedMs = finished.execution.endedMs;
      failovers.push(...finished.execution.failovers);
      weights.set(`x1,x${variable}`, marginalTensor(plan, request, finished.binding));
    }
    const collected = await collect(main.plan, request, binding);
    const { measured, measureMs } = await measure(
      main,
      binding,
      main.plan.approximation?.used === true ? measurement : null,
      session,
      request.problem.precision,
    );
    const { queueMs, stages, fallbackRows, tiles } = execution;
    if (measured !== null) endedMs = epochMs();
    const timing = { planMs, queueMs, computeMs, measureMs, endedMs, stages };
    return {
      ...collected,
      weights,
      measured,
      fallbackRows,
      tiles,
      failovers,
      plan: asRun(main.plan, execution, engine.machine),
      timing,
    };
  } finally {
    session.close();
  }
}

async function taskOf(request: AttentionRequest, engine: Parts, session: Session): Promise<Task> {
  if (request.problem.mode !== 'exact') return chooseTask(request, engine, session);
  return { request, plan: engine.compile(request.problem) };
}

/** Marginal weights are exact in every mode: they are asked of small problems only. */
function marginalParts(request: AttentionRequest, compile: Compiler): Part[] {
  const variables = request.output.weights ? request.problem.rows.slice(1).map((_, index) => index + 2) : [];
  return variables.map((variable) => {
    const marginal = marginalRequest({ ...request, problem: exactProblem(request.problem) }, variable);
    return { request: marginal, plan: compile(marginal.problem), variable };
  });
}

async function measure(
  { plan }: Task,
  binding: Binding,
  measurement: Measurement | null,
  session: Session,
  precision: Problem['precision'],
): Promise<{ measured: MeasuredError | null; measureMs: number }> {
  if (measurement === null) return { measured: null, measureMs: 0 };
  const began = performance.now();
  const exact = await session.run(measurement.request, measurement.plan);
  const shape = { slices: plan.batch * plan.heads, n: plan.rows[0] as number, precision };
  const measured = compare(binding.output('output'), exact.binding.output('output'), measurement, shape);
  return { measured, measureMs: performance.now() - began };
}

function checkLimits(parts: readonly Task[], measurement: Task | null, { maxSyncSeconds, maxResultBytes }: EngineOptions): void {
  const measuring = (measurement?.plan.estimatedMs ?? 0) / 1e3;
  const seconds = sum(parts, ({ plan }) => plan.estimatedMs) / 1e3 + measuring;
  const { algorithm, exponent } = (parts[0] as Task).plan;
  if (seconds > maxSyncSeconds) {
    const report = measuring > 0 ? `, ${measuring.toPrecision(3)} s of it for the error report,` : '';
    const detail =
      `The plan (${algorithm}, n^${exponent}) is modelled at ${seconds.toPrecision(3)} s${report} and MAX_SYNC_SECONDS is ${maxSyncSeconds}; ` +
      'work this long is for the job endpoint POST /v1/jobs, which this version does not serve yet';
    fail('cost_exceeds_limit', detail, { limit: maxSyncSeconds, actual: seconds, setting: 'MAX_SYNC_SECONDS' });
  }
  const bytes = sum(parts, resultBytes);
  if (bytes > maxResultBytes) {
    const detail = `The result has ${bytes} bytes and MAX_BODY_BYTES is ${maxResultBytes}`;
    fail('too_large', detail, { limit: maxResultBytes, actual: bytes, setting: 'MAX_BODY_BYTES' });
  }
}

function resultBytes({ plan, request: { problem } }: Task): number {
  const width = problem.precision === 'float32' ? 4 : 8;
  return plan.batch * plan.heads * (plan.rows[0] as number) * (problem.dv + 1) * width;
}
