import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AttentionRequestSchema, AttentionResponseSchema, ProblemSchema } from '../src/contract/documents.ts';
import type { Envelope } from '../src/contract/envelope.ts';
import { interpret } from '../src/contract/interpret.ts';
import { rounded } from '../src/observe/timing.ts';
import type { Result } from '../src/schedule/result.ts';
import { jsonCodec } from '../src/wire/json.ts';
import { DeadlineHeadersSchema, deadlineMs } from './deadline.ts';
import { departureSignal } from './departure.ts';
import type { Services } from './services.ts';

/** `POST /v1/attention`: decode → run → encode (api.md §2-3). */
export function attentionRoutes(app: FastifyInstance, { engine, limits, config }: Services): void {
  app.post(
    '/v1/attention',
    {
      schema: {
        operationId: 'computeAttention',
        tags: ['attention'],
        summary: 'Compute poly-attention',
        description:
          'Takes an attention polynomial and its tensors, and answers with the output rows, the plan that was run and its timing.',
        headers: DeadlineHeadersSchema,
        body: AttentionRequestSchema,
        response: { 200: AttentionResponseSchema, 429: ProblemSchema, 504: ProblemSchema },
      },
    },
    async (request, reply) => {
      const envelope = request.stopwatch.time('decode', () => jsonCodec.decode(request.body as Buffer, limits));
      const attention = interpret(envelope);
      const timeoutMs = deadlineMs(request, attention.timeoutMs, config.REQUEST_TIMEOUT_MS);
      const result = await engine.run(attention, { signal: departureSignal(reply), timeoutMs });
      noteResult(request, result);
      const response = respond(result, request);
      const body = request.stopwatch.time('encode', () => jsonCodec.encode(response, { encoding: attention.output.encoding }));
      return reply.header('content-type', 'application/json; charset=utf-8').send(body);
    },
  );
}

/** The response before it is written (api.md §3). `timing` is read while the rest has been encoded, so that it can say how long that took. */
function respond(result: Result, request: FastifyRequest): Envelope {
  const { plan } = result;
  const encodingSince = request.stopwatch.elapsed();
  const tensors = new Map([['output', result.output]]);
  if (result.logSumExp !== null) tensors.set('logSumExp', result.logSumExp);
  for (const [pair, weights] of result.weights) tensors.set(`weights.${pair}`, weights);
  return {
    tensors,
    options: {
      emptyRows: result.emptyRows,
      plan: {
        class: plan.class,
        mask: plan.mask,
        algorithm: plan.algorithm,
        exponent: plan.exponent,
        flops: plan.work.flops,
        exponentials: plan.work.exponentials,
        bytes: plan.bytes,
        backend: plan.backend.name,
        ...(plan.backend.isa && { isa: plan.backend.isa }),
        threads: plan.threads,
        tiles: result.tiles,
        fallbackRows: result.fallbackRows,
      },
      timing: { toJSON: () => timing(result, request, encodingSince) },
    },
  };
}

function timing(
  { timing: { planMs, queueMs, computeMs, stages } }: Result,
  { stopwatch }: FastifyRequest,
  encodingSince: number,
): Record<string, unknown> {
  const totalMs = stopwatch.elapsed();
  const { decode = 0 } = stopwatch.spans;
  return {
    decodeMs: rounded(decode),
    planMs: rounded(planMs),
    queueMs: rounded(queueMs),
    computeMs: rounded(computeMs),
    measureMs: 0,
    encodeMs: rounded(totalMs - encodingSince),
    totalMs: rounded(totalMs),
    stages: stages.map(({ step, variable, ms, gflops }) => ({ step, variable, ms: rounded(ms), gflops: rounded(gflops) })),
  };
}

/** What the log line and the Server-Timing header say of the run. */
function noteResult(request: FastifyRequest, result: Result): void {
  const { plan, timing } = result;
  const { spans } = request.stopwatch;
  spans.plan = timing.planMs;
  spans.queue = timing.queueMs;
  spans.compute = timing.computeMs;
  Object.assign(request.logFields, {
    class: plan.class,
    algorithm: plan.algorithm,
    backend: plan.backend.name,
    flops: plan.work.flops,
    rows: plan.rows,
    decodeMs: rounded(spans.decode ?? 0),
    planMs: rounded(timing.planMs),
    queueMs: rounded(timing.queueMs),
    computeMs: rounded(timing.computeMs),
  });
}
