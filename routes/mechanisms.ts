import type { FastifyInstance } from 'fastify';
import { MechanismListSchema, MechanismSchema, NameParametersSchema } from '../src/contract/documents.ts';
import { fail } from '../src/errors.ts';
import { listMechanisms, type MechanismSummary, resolveMechanism } from '../src/polynomial/catalogue.ts';

/** The catalogue (api.md §2): every name stands for a polynomial, so nothing is possible by name that is not by polynomial. */
export function mechanismRoutes(app: FastifyInstance): void {
  app.get(
    '/v1/mechanisms',
    {
      schema: {
        operationId: 'listMechanisms',
        tags: ['mechanisms'],
        summary: 'List the catalogue of mechanisms',
        response: { 200: MechanismListSchema },
      },
    },
    async (_request, reply) => reply.send({ mechanisms: listMechanisms() }),
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
        response: { 200: MechanismSchema },
      },
    },
    async (request, reply) => {
      const found = describeMechanism(request.params.name);
      if (found === undefined) fail('not_found', 'There is no mechanism of this name; GET /v1/mechanisms lists them');
      return reply.send(found);
    },
  );
}

/** A family by its name, `path` or `path(t)`, or one mechanism with its parameter, `path(3)`. */
function describeMechanism(name: string): MechanismSummary | undefined {
  const summaries = listMechanisms();
  const family = summaries.find((summary) => summary.name === name || summary.family === name);
  if (family !== undefined) return family;
  const found = resolveMechanism(name);
  const summary = summaries.find((one) => one.family === found?.family);
  if (found === undefined || summary === undefined) return undefined;
  const { name: canonical, text: polynomial, class: kind, exponent, tasks } = found;
  return { ...summary, name: canonical, example: canonical, polynomial, class: kind, exponent, tasks };
}
