import { z } from 'zod';
import { FLOAT_DTYPES } from '../tensor/tensor.ts';

/** The options object of a request (api.md §2): everything but the tensors, the same in every media type. */

export const ALGORITHMS = [
  'auto',
  'tree-messages',
  'cycle-gemm',
  'fast-matmul',
  'conditioning',
  'elimination',
  'definition',
] as const;
export const BACKEND_CHOICES = ['auto', 'native', 'gpu', 'webgpu', 'reference'] as const;
export const MASK_TYPES = ['none', 'edge-causal', 'root-causal', 'edge-window', 'root-window'] as const;
export const METHODS = ['auto', 'taylor', 'minimax', 'compress', 'random-features', 'sampling', 'prune'] as const;

const length = z.int().min(0).meta({ description: 'Number of real rows; the rest is padding on the right' });

const LENGTHS_EXPECTED = 'expected an array of whole numbers from 0, one a batch entry, or an object of such arrays by variable';

export const LengthsSchema = z
  .union([z.array(length).min(1), z.record(z.string(), z.array(length).min(1))], { error: LENGTHS_EXPECTED })
  .meta({
    description: 'Real rows per batch entry: an array for every variable with n_j = n_1, or an object by variable: {"2": [5, 11]}',
  });

export const MaskSchema = z
  .strictObject({
    type: z.enum(MASK_TYPES).default('none').meta({ description: 'Which tuples are admissible (math.md §7)' }),
    window: z
      .array(z.int().min(1))
      .min(1)
      .optional()
      .meta({ description: 'Window sizes [w2, ..., wt] for edge-window and root-window' }),
    lengths: LengthsSchema.optional(),
  })
  .meta({ id: 'Mask', description: 'Which tuples take part; padding by lengths' });

export const ApproximationSchema = z
  .strictObject({
    method: z.enum(METHODS).default('auto'),
    tolerance: z.number().positive().optional().meta({ description: 'Absolute bound on the error of every output entry' }),
    seed: z.int().min(0).default(1),
    degree: z.int().min(0).optional(),
    features: z.int().min(1).optional(),
    samples: z.int().min(1).optional(),
    confidence: z.number().gt(0).lt(1).default(0.999),
  })
  .meta({ id: 'ApproximationOptions', description: 'How to approximate, for the modes approximate and auto' });

export const ErrorReportSchema = z
  .strictObject({ type: z.enum(['none', 'sample', 'full']).default('none'), rows: z.int().min(1).default(32) })
  .meta({ id: 'ErrorReportOptions', description: 'Whether the error is measured against the exact answer' });

export const OutputSchema = z
  .strictObject({
    dtype: z
      .enum(FLOAT_DTYPES)
      .optional()
      .meta({ description: 'Element type of the outputs; the compute precision when left out' }),
    encoding: z.enum(['flat', 'nested', 'base64']).default('flat').meta({ description: 'How tensors are written in JSON' }),
    logSumExp: z.boolean().default(false).meta({ description: 'Return the log-normaliser of every row too' }),
    weights: z.boolean().default(false).meta({ description: 'Return the marginal attention of every variable too (n <= 512)' }),
  })
  .meta({ id: 'OutputOptions', description: 'What to return and in which type' });

export const PolynomialText = z
  .string()
  .min(1)
  .meta({ description: 'Attention polynomial over x1..xt, t <= 8, e.g. x1*x2 + x2*x3', examples: ['x1*x2 + x2*x3'] });

export const MechanismName = z
  .string()
  .min(1)
  .meta({ description: 'A catalogue name, e.g. self, path(3), strassen, tensor(3)', examples: ['path(3)'] });

export const ScaleSchema = z
  .union([z.enum(['1/d', '1/sqrt(d)']), z.number()], { error: "expected '1/d', '1/sqrt(d)' or a number" })
  .meta({ description: "Factor of the score: '1/d' (the paper's), '1/sqrt(d)', or a number" });

/** Shape of the options object; `parseOptions` applies it. */
export const OptionsSchema = z.strictObject({
  mechanism: MechanismName.optional(),
  polynomial: PolynomialText.optional(),
  scale: ScaleSchema.default('1/d'),
  mask: MaskSchema.default({ type: 'none' }),
  causal: z
    .boolean()
    .optional()
    .meta({ description: 'Shorthand: true means edge-causal for trees and root-causal for everything else' }),
  mode: z
    .enum(['exact', 'approximate', 'auto'])
    .default('exact')
    .meta({ description: 'Exact, approximate with a certificate, or the cheaper' }),
  algorithm: z.enum(ALGORITHMS).default('auto').meta({ description: 'Force an exact algorithm' }),
  approximation: ApproximationSchema.optional(),
  errorReport: ErrorReportSchema.optional(),
  precision: z.enum(['float32', 'float64']).default('float32').meta({ description: 'Precision of the computation' }),
  backend: z.enum(BACKEND_CHOICES).default('auto').meta({ description: 'Where to compute' }),
  output: OutputSchema.default({ encoding: 'flat', logSumExp: false, weights: false }),
  timeoutMs: z.int().min(1).optional().meta({ description: 'Deadline of this request in milliseconds, waiting included' }),
});

export type Options = z.infer<typeof OptionsSchema>;
export type Mask = z.infer<typeof MaskSchema>;
export type ApproximationOptions = z.infer<typeof ApproximationSchema>;
