import type { FastifyInstance } from 'fastify';
import { ProblemKindSchema, ProblemParametersSchema } from '../src/contract/problem-kind.ts';
import { ERRORS, fail } from '../src/errors.ts';

/** `GET /problems/{code}`: where a problem's `type` leads (RFC 9457), straight from the table of errors. */
export function problemRoutes(app: FastifyInstance): void {
  app.get<{ Params: { code: string } }>(
    '/problems/:code',
    {
      schema: {
        operationId: 'getProblemKind',
        tags: ['ops'],
        summary: 'Explain a problem type',
        description: 'What the type of a problem document points to: the status and the title that every problem of this code has.',
        security: [],
        params: ProblemParametersSchema,
        response: { 200: ProblemKindSchema },
      },
    },
    async (request, reply) => {
      const { code } = request.params;
      const found = Object.entries(ERRORS).find(([name]) => name === code);
      if (found === undefined) fail('not_found', 'There is no problem of this code');
      return reply.send({ code: found[0], ...found[1] });
    },
  );
}
