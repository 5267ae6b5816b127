import type { FastifyInstance } from 'fastify';
import { LiveSchema, ProblemSchema, ReadySchema } from '../src/contract/documents.ts';
import { fail } from '../src/errors.ts';
import type { Readiness } from '../src/plugins/drain.ts';

/** @throws ServiceError `unavailable` before the self-test and after SIGTERM */
export function requireReady({ state }: Readiness): void {
  if (state !== 'ready') fail('unavailable', `The service is ${state}`, { retryAfterSeconds: state === 'starting' ? 1 : 5 });
}

/** `/livez` and `/readyz`: O(1), never through the pool (serving.md §A.2). */
export function healthRoutes(app: FastifyInstance): void {
  app.get(
    '/livez',
    {
      schema: {
        operationId: 'getLiveness',
        tags: ['ops'],
        summary: 'Is the process alive',
        description: 'Answers as long as the event loop turns, whatever the compute threads do.',
        security: [],
        response: { 200: LiveSchema },
      },
    },
    async (_request, reply) => reply.send({ live: true }),
  );
  app.get(
    '/readyz',
    {
      schema: {
        operationId: 'getReadiness',
        tags: ['ops'],
        summary: 'Should requests be sent here',
        description: 'Ready between the self-test and SIGTERM. Being busy does not count: that is answered with 429.',
        security: [],
        response: { 200: ReadySchema, 503: ProblemSchema },
      },
    },
    async (_request, reply) => {
      requireReady(app.readiness);
      return reply.send({ ready: true });
    },
  );
}
