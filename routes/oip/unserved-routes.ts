import type { FastifyInstance, HTTPMethods } from 'fastify';
import { fail } from '../../src/errors.ts';

/** Extensions that do not apply to this service: 501 in the protocol's form, so that clients show why. */
const UNSERVED: readonly { readonly methods: HTTPMethods[]; readonly paths: readonly string[]; readonly reason: string }[] = [
  {
    methods: ['POST'],
    paths: ['/v2/repository/models/:model/load', '/v2/repository/models/:model/unload'],
    reason: 'Models are polynomials and always loaded: nothing is to be loaded or unloaded',
  },
  {
    methods: ['GET', 'POST'],
    paths: ['/v2/systemsharedmemory/*', '/v2/cudasharedmemory/*'],
    reason: 'Shared memory is not served over a network: send tensors in the body',
  },
  {
    methods: ['GET', 'POST'],
    paths: ['/v2/trace/setting', '/v2/models/:model/trace/setting', '/v2/logging'],
    reason: 'Tracing and logging are set by environment variables when the service starts',
  },
  {
    methods: ['POST'],
    paths: ['/v2/models/:model/generate', '/v2/models/:model/generate_stream'],
    reason: 'These models give tensors, not text: use infer',
  },
];

export function unservedRoutes(scope: FastifyInstance): void {
  for (const { methods, paths, reason } of UNSERVED) {
    for (const url of paths) {
      scope.route({ method: methods, url, schema: { hide: true }, handler: async () => fail('not_implemented', reason) });
    }
  }
}
