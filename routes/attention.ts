import type { FastifyInstance } from 'fastify';
import {
  AttentionRequestSchema,
  AttentionResponseSchema,
  ProblemSchema,
  SafetensorsRequestSchema,
  SafetensorsResponseSchema,
} from '../src/contract/documents.ts';
import { acceptBodies } from '../src/plugins/bodies.ts';
import { chooseResponse } from '../src/wire/negotiate.ts';
import { npyCodec } from '../src/wire/npy.ts';
import { safetensorsCodec } from '../src/wire/safetensors.ts';
import { answer } from './answer.ts';
import { DeadlineHeadersSchema } from './deadline.ts';
import type { Services } from './services.ts';

const BINARY_ANSWERS = [...safetensorsCodec.mediaTypes, ...npyCodec.mediaTypes];
const ERRORS = { 429: ProblemSchema, 504: ProblemSchema };

/** `POST /v1/attention` and `POST /v1/attention/binary`: decode → run → encode (api.md §2-3). */
export function attentionRoutes(app: FastifyInstance, services: Services): void {
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
        response: { 200: AttentionResponseSchema, ...ERRORS },
      },
    },
    (request, reply) =>
      answer(request, reply, 'json', { format: 'json', contentType: 'application/json; charset=utf-8' }, services),
  );
  app.register(async (scope) => binaryRoute(scope, services));
}

function binaryRoute(scope: FastifyInstance, services: Services): void {
  acceptBodies(scope, { mediaTypes: safetensorsCodec.mediaTypes, holdsFloats: true });
  scope.post(
    '/v1/attention/binary',
    {
      schema: {
        operationId: 'computeAttentionBinary',
        tags: ['attention'],
        summary: 'Compute poly-attention, binary',
        description:
          'The same in safetensors, for tensors of any size: options as JSON text in `__metadata__.request`, the rest of the response in ' +
          '`__metadata__.response`. Taken and, where Accept asks for it, sent as application/vnd.safetensors too; ' +
          'Accept: application/x-npy answers with the output alone as NPY.',
        consumes: ['application/octet-stream'],
        produces: ['application/octet-stream'],
        headers: DeadlineHeadersSchema,
        body: SafetensorsRequestSchema,
        response: { 200: SafetensorsResponseSchema, 406: ProblemSchema, ...ERRORS },
      },
    },
    (request, reply) => {
      const contentType = chooseResponse(request.headers.accept, BINARY_ANSWERS);
      const format = npyCodec.mediaTypes.some((type) => type === contentType) ? 'npy' : 'safetensors';
      return answer(request, reply, 'safetensors', { format, contentType }, services);
    },
  );
}
