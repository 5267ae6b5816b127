import { readFileSync } from 'node:fs';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { LiveSchema, ProblemSchema, ReadySchema } from '../../src/contract/documents.ts';
import { OipIndexSchema, OipModelListSchema, OipServerSchema } from '../../src/contract/oip-documents.ts';
import { requireReady } from '../health.ts';
import { MODEL_NAMES, MODEL_VERSION } from './models.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

/** Only what is really there: load generators ask for what is listed. */
const SERVER = {
  name: 'polyattention',
  version,
  extensions: ['binary_tensor_data', 'model_configuration', 'statistics', 'parameters'],
};
const TAGS = ['oip'];

/** Plain JSON without a charset, as below /v2 everywhere. */
export function sendJson(reply: FastifyReply, value: object): FastifyReply {
  return reply.header('content-type', 'application/json').send(Buffer.from(JSON.stringify(value)));
}

/** What the protocol asks of the server as a whole. */
export function serverRoutes(scope: FastifyInstance): void {
  healthRoutes(scope);
  const schema = {
    operationId: 'getServerMetadata',
    tags: TAGS,
    summary: 'Describe the server',
    description: 'Name, version, and the extensions of the Open Inference Protocol that are served.',
    response: { 200: OipServerSchema },
  };
  scope.get('/v2', { schema }, async (_request, reply) => sendJson(reply, SERVER));
  scope.get('/v2/', { schema: { hide: true } }, async (_request, reply) => sendJson(reply, SERVER));
  scope.get(
    '/v2/models',
    {
      schema: {
        operationId: 'listModels',
        tags: TAGS,
        summary: 'List the models',
        description: 'attention, poly-attention, and every entry of the catalogue with its parameter fixed.',
        response: { 200: OipModelListSchema },
      },
    },
    async (_request, reply) => sendJson(reply, { models: MODEL_NAMES }),
  );
  scope.post(
    '/v2/repository/index',
    {
      schema: {
        operationId: 'listRepository',
        tags: TAGS,
        summary: 'List the models of the repository',
        description: 'The same models with version and state. All of them are ready always.',
        response: { 200: OipIndexSchema, 400: ProblemSchema },
      },
    },
    async (_request, reply) =>
      sendJson(
        reply,
        MODEL_NAMES.map((name) => ({ name, version: MODEL_VERSION, state: 'READY', reason: '' })),
      ),
  );
}

function healthRoutes(scope: FastifyInstance): void {
  scope.get(
    '/v2/health/live',
    {
      schema: {
        operationId: 'getServerLiveness',
        tags: TAGS,
        summary: 'Is the server alive',
        description: 'The same as /livez.',
        security: [],
        response: { 200: LiveSchema },
      },
    },
    async (_request, reply) => sendJson(reply, { live: true }),
  );
  scope.get(
    '/v2/health/ready',
    {
      schema: {
        operationId: 'getServerReadiness',
        tags: TAGS,
        summary: 'Is the server ready',
        description: 'The same as /readyz.',
        security: [],
        response: { 200: ReadySchema, 503: ProblemSchema },
      },
    },
    async (_request, reply) => {
      requireReady(scope.readiness);
      return sendJson(reply, { ready: true });
    },
  );
}
