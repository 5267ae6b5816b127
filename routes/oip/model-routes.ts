import type { FastifyInstance, FastifyReply } from 'fastify';
import { ProblemSchema } from '../../src/contract/documents.ts';
import {
  ModelParametersSchema,
  OipInferRequestSchema,
  OipInferResponseSchema,
  OipModelConfigSchema,
  OipModelReadySchema,
  OipModelSchema,
  OipStatisticsSchema,
} from '../../src/contract/oip-documents.ts';
import type { InferenceStatistics } from '../../src/observe/statistics.ts';
import { DeadlineHeadersSchema } from '../deadline.ts';
import { requireReady } from '../health.ts';
import type { Services } from '../services.ts';
import { modelConfig, modelMetadata, modelStatistics } from './description.ts';
import { infer, type ModelRequest } from './infer.ts';
import { findModel, MODEL_NAMES, type Model } from './models.ts';
import { sendJson } from './server-routes.ts';

type Params = ModelRequest['params'];

interface Operation {
  readonly method: 'GET' | 'POST';
  /** After the model's name and version. */
  readonly suffix: string;
  readonly schema: Record<string, unknown>;
  readonly handler: (request: ModelRequest, reply: FastifyReply) => Promise<FastifyReply>;
}

/** What the protocol asks of one model. Each path is there with the version too; the document has it once. */
export function modelRoutes(scope: FastifyInstance, services: Services, statistics: InferenceStatistics): void {
  for (const { method, suffix, schema, handler } of operations(scope, services, statistics)) {
    const described = { tags: ['oip'], params: ModelParametersSchema, ...schema };
    scope.route<{ Params: Params }>({ method, url: `/v2/models/:model${suffix}`, schema: described, handler });
    const url = `/v2/models/:model/versions/:version${suffix}`;
    scope.route<{ Params: Params }>({ method, url, schema: { hide: true }, handler });
  }
  scope.get(
    '/v2/models/stats',
    {
      schema: {
        operationId: 'listModelStatistics',
        tags: ['oip'],
        summary: 'Statistics of all models',
        description: 'Counters since the start, of every model.',
        response: { 200: OipStatisticsSchema },
      },
    },
    async (_request, reply) => {
      const all = MODEL_NAMES.map((model) => modelStatistics(findModel({ model }), statistics));
      return sendJson(reply, { model_stats: all });
    },
  );
}

function operations(scope: FastifyInstance, services: Services, statistics: InferenceStatistics): Operation[] {
  const about = (describe: (model: Model) => object): Operation['handler'] => {
    return async ({ params }, reply) => sendJson(reply, describe(findModel(params)));
  };
  return [
    {
      method: 'GET',
      suffix: '',
      schema: {
        operationId: 'getModelMetadata',
        summary: 'Describe a model',
        description: 'Its inputs and outputs; versions are those of the numerical contract.',
        response: { 200: OipModelSchema },
      },
      handler: about(modelMetadata),
    },
    {
      method: 'GET',
      suffix: '/ready',
      schema: {
        operationId: 'getModelReadiness',
        summary: 'Is a model ready',
        description: 'Every model is ready when the server is.',
        response: { 200: OipModelReadySchema, 503: ProblemSchema },
      },
      handler: about(({ name }) => {
        requireReady(scope.readiness);
        return { name, ready: true };
      }),
    },
    {
      method: 'GET',
      suffix: '/config',
      schema: {
        operationId: 'getModelConfig',
        summary: 'The configuration of a model',
        description: 'As load generators of the protocol read it, with which inputs are optional.',
        response: { 200: OipModelConfigSchema },
      },
      handler: about((model) => modelConfig(model, services.engine.machine.threads)),
    },
    {
      method: 'GET',
      suffix: '/stats',
      schema: {
        operationId: 'getModelStatistics',
        summary: 'Statistics of a model',
        description: 'Counters since the start: how many inferences, and how long each phase took.',
        response: { 200: OipStatisticsSchema },
      },
      handler: about((model) => ({ model_stats: [modelStatistics(model, statistics)] })),
    },
    inference(services, statistics),
  ];
}

function inference(services: Services, statistics: InferenceStatistics): Operation {
  return {
    method: 'POST',
    suffix: '/infer',
    schema: {
      operationId: 'inferModel',
      summary: 'Compute with a model',
      description:
        'Inference of the Open Inference Protocol. Tensors stand in the JSON, or their bytes behind it: then the header ' +
        'Inference-Header-Content-Length is the length of the JSON. Options of AttentionRequest are flat parameters: mode, algorithm, ' +
        'scale, mask, window, lengths, causal, backend, precision, log_sum_exp, output_datatype, timeout in microseconds, and polynomial ' +
        'for the model poly-attention. The content type of the request is not looked at; gzip and deflate are taken both ways.',
      headers: DeadlineHeadersSchema,
      body: OipInferRequestSchema,
      response: { 200: OipInferResponseSchema, 429: ProblemSchema, 501: ProblemSchema, 504: ProblemSchema },
    },
    handler: (request, reply) => infer(request, reply, services, statistics),
  };
}
