import type { FastifyInstance } from 'fastify';
import { MechanismListSchema, MechanismSchema, NameParametersSchema, ProblemSchema } from '../src/contract/documents.ts';
import { withoutNulls } from '../src/contract/present.ts';
import { fail } from '../src/errors.ts';
import { describeMechanism, listMechanisms, type MechanismSummary } from '../src/polynomial/catalogue.ts';

/** The catalogue (api.md §2): every name stands for a polynomial, so nothing is possible by name that is not by polynomial. */
export function mechanismRoutes(app: FastifyInstance): void {
  app.get(
    '/v1/mechanisms',
    {
      schema: {
        operationId: 'listMechanisms',
        tags: ['mechanisms'],
        summary: 'List the catalogue of mechanisms',
        description: 'Every family with its polynomial, class, cost, and the tasks that one head of it can and cannot do.',
        response: { 200: MechanismListSchema },
      },
    },
    async (_request, reply) => reply.send({ mechanisms: listMechanisms().map(present) }),
  );
  app.get<{ Params: { name: string } }>(
    '/v1/mechanisms/:name',
    {
      schema: {
        operationId: 'getMechanism',
        tags: ['mechanisms'],
        summary: 'Describe one mechanism',
        description: 'By family, e.g. path(t), or with its parameter, e.g. path(3).',
        params: NameParametersSchema,
        response: { 200: MechanismSchema, 422: ProblemSchema },
      },
    },
    async (request, reply) => {
      const found = describeMechanism(request.params.name);
      if (found === undefined) fail('not_found', 'There is no mechanism of this name; GET /v1/mechanisms lists them');
      return reply.send(present(found));
    },
  );
}

function present({ tasks, ...mechanism }: MechanismSummary): object {
  return { ...mechanism, tasks: tasks.map(withoutNulls) };
}
