import { z } from 'zod';

/** Schemas of what the approximate modes answer (api.md §3), for the document. */

const count = (what: string) => z.int().min(0).meta({ description: what });

const CertificateSchema = z
  .object({
    kind: z.enum(['proved', 'probabilistic', 'none']),
    maxAbsError: z.number().optional().meta({ description: 'Bound on the error of every output entry' }),
    confidence: z.number().optional().meta({ description: 'Probability with which a probabilistic bound holds' }),
  })
  .meta({ id: 'Certificate', description: 'How wrong the output may be, and what that rests on' });

const MeasuredErrorSchema = z
  .object({
    type: z.enum(['sample', 'full']),
    rows: count('Rows of the output that were compared, in every slice'),
    maxAbsError: z.number(),
    meanAbsError: z.number(),
    rmse: z.number(),
    relativeFrobenius: z.number().meta({ description: 'Norm of the error over the norm of the exact output' }),
    maxUlp: z.number().meta({ description: 'Largest error in units in the last place of the compute precision' }),
    worstRow: count('Row with the largest error'),
  })
  .meta({ id: 'MeasuredError', description: 'The error against the exact output, computed in float64' });

export const ApproximationResultSchema = z
  .object({
    used: z.boolean().meta({ description: 'false: the answer is exact' }),
    method: z.string().optional(),
    degree: z
      .int()
      .optional()
      .meta({ description: 'Of the polynomial in the place of the exponential, or beside it where the rest is sampled' }),
    rank: z.int().optional().meta({ description: 'Features of the largest block' }),
    samples: z.int().optional(),
    reason: z.string().meta({ description: 'Why this way' }),
    scoreBound: z.number().optional().meta({ description: 'The largest |score| after centring that the certificate used' }),
    certificate: CertificateSchema.optional(),
    measured: MeasuredErrorSchema.optional(),
  })
  .meta({ id: 'ApproximationResult', description: 'What the modes approximate and auto did' });
