import type { FastifyInstance } from 'fastify';
import { AnalysisRequestSchema, readAnalysis } from '../src/contract/analysis.ts';
import { AnalysisSchema } from '../src/contract/analysis-documents.ts';
import { analyze } from '../src/plan/analysis.ts';
import { jsonCodec } from '../src/wire/json.ts';
import { bodyOf } from './body.ts';
import type { Services } from './services.ts';

/** `POST /v1/polynomials/analyze`: facts, plan and cost of any polynomial, without tensors (api.md §4). */
export function polynomialRoutes(app: FastifyInstance, { engine, limits, config }: Services): void {
  app.post(
    '/v1/polynomials/analyze',
    {
      schema: {
        operationId: 'analyzePolynomial',
        tags: ['polynomials'],
        summary: 'Analyse a polynomial without computing',
        description:
          'A dry run: facts about the polynomial, the plan for a shape, what it costs here, and what the mechanism can do.',
        body: AnalysisRequestSchema,
        response: { 200: AnalysisSchema },
      },
    },
    async (request, reply) => {
      const envelope = request.stopwatch.time('decode', () => jsonCodec.decode(bodyOf(request), limits));
      const asked = readAnalysis(envelope);
      const plan = request.stopwatch.time('plan', () => engine.plan(asked.problem));
      const verdictLimits = {
        maxSyncSeconds: config.MAX_SYNC_SECONDS,
        maxJobSeconds: config.MAX_JOB_SECONDS,
        maxInflightBytes: config.MAX_INFLIGHT_BYTES,
      };
      return reply.send(analyze(asked, plan, verdictLimits, engine.machine));
    },
  );
}
