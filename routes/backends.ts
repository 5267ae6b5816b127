import type { FastifyInstance } from 'fastify';
import { BACKEND_NAMES } from '../src/config.ts';
import { BackendListSchema } from '../src/contract/documents.ts';
import { withoutNulls } from '../src/contract/present.ts';
import type { Services } from './services.ts';

/** `GET /v1/backends`: what loaded, where it runs, how fast, and why others did not load. */
export function backendRoutes(app: FastifyInstance, { engine, config }: Services): void {
  app.get(
    '/v1/backends',
    {
      schema: {
        operationId: 'listBackends',
        tags: ['backends'],
        summary: 'List the back ends',
        description: 'What loaded, on which device and instruction set, its measured throughput, and why others did not load.',
        response: { 200: BackendListSchema },
      },
    },
    async (_request, reply) => {
      const { backends, named = [], unavailable, threads } = engine.machine;
      const listed = BACKEND_NAMES.map((name) => {
        const life = engine.devices.life(name);
        const found = [...backends, ...named].find((backend) => backend.name === name);
        if (found !== undefined) return { ...withoutNulls(found), available: true, ...life };
        const reason = config.BACKENDS.includes(name) ? (unavailable[name] ?? 'it did not load') : 'BACKENDS leaves it out';
        return { name, available: false, ...life, reason };
      });
      return reply.send({ threads, backends: listed });
    },
  );
}
