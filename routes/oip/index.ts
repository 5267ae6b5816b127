import type { FastifyInstance } from 'fastify';
import { InferenceStatistics } from '../../src/observe/statistics.ts';
import { acceptBodies } from '../../src/plugins/bodies.ts';
import type { Services } from '../services.ts';
import { HEADER_LENGTH } from './infer.ts';
import { modelRoutes } from './model-routes.ts';
import { serverRoutes } from './server-routes.ts';
import { unservedRoutes } from './unserved-routes.ts';

/**
 * The Open Inference Protocol (api.md §6, serving.md §B). Its clients name no content type, or a wrong one, so below /v2 none is looked
 * at: whether bytes follow the JSON is said by Inference-Header-Content-Length alone.
 */
export function oipRoutes(app: FastifyInstance, services: Services): void {
  app.register(async (scope) => {
    acceptBodies(scope, {
      mediaTypes: ['*'],
      inflates: true,
      alignedAt: ({ headers }) => Number(headers[HEADER_LENGTH] ?? 0) || 0,
    });
    scope.addHook('onRequest', (request, _reply, done) => {
      delete request.raw.headers['content-type'];
      done();
    });
    const statistics = new InferenceStatistics();
    serverRoutes(scope);
    modelRoutes(scope, services, statistics);
    unservedRoutes(scope);
  });
}
