import { z } from 'zod';

/** What a problem's `type` points to. */

export const ProblemParametersSchema = z.object({
  code: z.string().meta({ description: 'The code of a problem', examples: ['invalid_request'] }),
});

export const ProblemKindSchema = z
  .object({ code: z.string(), status: z.int(), title: z.string() })
  .meta({ id: 'ProblemKind', description: 'What all problems of one code have in common' });
