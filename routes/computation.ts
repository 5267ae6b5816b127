import type { FastifyRequest } from 'fastify';
import type { Envelope } from '../src/contract/envelope.ts';
import { interpret } from '../src/contract/interpret.ts';
import type { AttentionRequest } from '../src/contract/request.ts';
import type { Timing } from '../src/contract/timing.ts';
import type { RunFields } from '../src/observe/request-line.ts';
import { readingMs } from '../src/observe/timing.ts';
import type { Result } from '../src/schedule/result.ts';
import { deadlineMs } from './deadline.ts';
import type { Exchange } from './exchange.ts';
import type { Services } from './services.ts';
import { after, type Soon } from './soon.ts';

/** What every protocol does between decode and encode. */

export interface Computation {
  readonly attention: AttentionRequest;
  readonly result: Result;
}

/** Checks the envelope, runs it, and notes for log line and headers how it went. */
export function compute(
  envelope: Envelope,
  request: FastifyRequest,
  exchange: Exchange,
  { engine, config }: Services,
): Soon<Computation> {
  const { stopwatch } = request;
  const attention = stopwatch.time('plan', () => interpret(envelope));
  exchange.timeoutMs = deadlineMs(request, attention.timeoutMs, config.REQUEST_TIMEOUT_MS);
  return after(engine.runNow(attention, exchange) ?? engine.run(attention, exchange), (result) => {
    note(request, result);
    return { attention, result };
  });
}

/** The tensors of a result by their path in the response. */
export function resultTensors(result: Result): Envelope['tensors'] {
  const tensors = new Map([['output', result.output]]);
  if (result.logSumExp !== null) tensors.set('logSumExp', result.logSumExp);
  for (const [pair, weights] of result.weights) tensors.set(`weights.${pair}`, weights);
  return tensors;
}

/** The response of `/v1` before it is written (api.md §3). */
export function responseOf(result: Result, request: FastifyRequest): Envelope {
  const { plan } = result;
  return {
    tensors: resultTensors(result),
    options: {
      emptyRows: result.emptyRows,
      plan: describePlan(result),
      ...(plan.approximation && {
        approximation: { ...plan.approximation, ...(result.measured && { measured: result.measured }) },
      }),
    },
    timing: timing(result, request),
  };
}

type RunPlan = Pick<Result, 'plan' | 'tiles' | 'fallbackRows' | 'failovers'>;

/** The last description of each plan: but for what a device or a certificate did, that of its next run is the same. */
const descriptions = new WeakMap<
  Result['plan'],
  { readonly tiles: number; readonly fallbackRows: number; readonly description: object }
>();

/** What ran; frozen, so that it is written once for all the responses that share it (wire/json-value.ts). */
function describePlan({ plan, tiles, fallbackRows, failovers }: RunPlan): object {
  const known = descriptions.get(plan);
  if (known?.tiles === tiles && known.fallbackRows === fallbackRows && failovers.length === 0) return known.description;
  const description = Object.freeze({
    class: plan.class,
    mask: plan.mask,
    algorithm: plan.algorithm,
    exponent: plan.exponent,
    flops: plan.work.flops,
    exponentials: plan.work.exponentials,
    bytes: plan.bytes,
    backend: plan.backend.name,
    ...(plan.backend.isa && { isa: plan.backend.isa }),
    ...(plan.backend.mode && { mode: plan.backend.mode }),
    ...(plan.backend.kernel && { kernel: plan.backend.kernel }),
    threads: plan.threads,
    tiles,
    fallbackRows,
    ...(failovers.length > 0 && { failovers }),
  });
  if (failovers.length === 0) descriptions.set(plan, { tiles, fallbackRows, description });
  return description;
}

function timing({ timing: { queueMs, computeMs, measureMs, stages } }: Result, { stopwatch }: FastifyRequest): Timing {
  return { decodeMs: readingMs(stopwatch), planMs: stopwatch.spans.plan ?? 0, queueMs, computeMs, measureMs, stages };
}

/** What the log line and the Server-Timing header say of the run. */
function note(request: FastifyRequest, { plan, timing }: Result): void {
  const { spans } = request.stopwatch;
  spans.plan = (spans.plan ?? 0) + timing.planMs;
  spans.queue = timing.queueMs;
  spans.compute = timing.computeMs;
  const { queueMs, computeMs } = timing;
  request.logFields.run = { plan: summaryOf(plan), decodeMs: readingMs(request.stopwatch), planMs: spans.plan, queueMs, computeMs };
}

const summaries = new WeakMap<Result['plan'], RunFields['plan']>();

/** What the log says of a plan. */
function summaryOf(plan: Result['plan']): RunFields['plan'] {
  const known = summaries.get(plan);
  if (known !== undefined) return known;
  const { class: kind, algorithm, backend, work, rows } = plan;
  const summary = Object.freeze({ class: kind, algorithm, backend: backend.name, flops: work.flops, rows });
  summaries.set(plan, summary);
  return summary;
}
