import { z } from 'zod';
import type { Envelope } from './envelope.ts';
import { choosePolynomial, resolveScale } from './interpret.ts';
import { resolveMask } from './mask.ts';
import { ALGORITHMS, BACKEND_CHOICES, MaskSchema, MechanismName, PolynomialText, ScaleSchema } from './options.ts';
import type { Problem } from './request.ts';
import { validate } from './validate.ts';

/** The body of `POST /v1/polynomials/analyze` (api.md §4), and the problem that it describes. */

const size = z
  .int()
  .min(1)
  .max(2 ** 31);

export const ShapeSchema = z
  .strictObject({
    n: size.default(1024).meta({ description: 'Rows of every variable' }),
    dv: size.optional().meta({ description: 'Columns of v; d when left out' }),
    batch: size.default(1),
    heads: size.default(1),
    // Last, as in the answer's shape (documents.ts).
    d: size.default(64).meta({ description: 'Columns of q' }),
  })
  .meta({ id: 'AnalysisShape', description: 'The shape to plan for' });

export const AnalysisRequestSchema = z
  .strictObject({
    mechanism: MechanismName.optional(),
    polynomial: PolynomialText.optional(),
    shape: ShapeSchema.default({ n: 1024, d: 64, batch: 1, heads: 1 }),
    mask: MaskSchema.default({ type: 'none' }),
    causal: z.boolean().optional().meta({ description: 'Shorthand for a mask, as in requests' }),
    scale: ScaleSchema.default('1/d'),
    algorithm: z.enum(ALGORITHMS).default('auto'),
    precision: z.enum(['float32', 'float64']).default('float32'),
    backend: z.enum(BACKEND_CHOICES).default('auto'),
    entryBound: z.number().positive().optional().meta({ description: 'Bound on the absolute entries of every q' }),
  })
  .meta({
    id: 'AnalysisRequest',
    description: 'A polynomial, by text or by catalogue name, and the shape to plan for',
    examples: [{ polynomial: 'x1*x2 + x2*x3', shape: { n: 1024, d: 64 } }],
  });

export interface AnalysisQuestion {
  readonly problem: Problem;
  readonly entryBound: number | null;
}

/** @throws ServiceError `invalid_request` */
export function readAnalysis(envelope: Envelope): AnalysisQuestion {
  const tensors = envelope.tensors.size > 0 ? { tensors: 'present' } : {};
  const options = validate(AnalysisRequestSchema, { ...envelope.options, ...tensors });
  const polynomial = choosePolynomial(options);
  const { n, d, dv = d, batch, heads } = options.shape;
  const t = polynomial.variableCount;
  const problem: Problem = {
    polynomial,
    batch,
    heads,
    rows: new Array<number>(t).fill(n),
    d,
    dv,
    hasValues: Array.from({ length: t }, (_, index) => index > 0),
    hasBias: new Array<boolean>(t).fill(false),
    scale: resolveScale(options.scale, d),
    mask: resolveMask(options, polynomial),
    projected: { names: [], m: 0 },
    mode: 'exact',
    algorithm: options.algorithm,
    precision: options.precision,
    backend: options.backend,
  };
  return { problem, entryBound: options.entryBound ?? null };
}
