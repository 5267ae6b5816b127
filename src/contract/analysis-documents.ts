import { z } from 'zod';
import { CapabilitySchema } from './documents.ts';

/** Schemas of the answer of `POST /v1/polynomials/analyze` (api.md §4). */

const StatementSchema = z
  .object({
    text: z.string(),
    hypothesis: z.string().optional().meta({ description: 'The assumption that the statement needs' }),
    source: z.string().optional(),
  })
  .meta({ id: 'Statement', description: 'A statement with its hypothesis and its source' });

const ThresholdSchema = StatementSchema.extend({
  exponent: z.number().meta({ description: 'The threshold is (log n) to this power; 0 where there is none' }),
}).meta({ id: 'Threshold', description: 'The bound on the entries below which the mechanism can be approximated' });

const MonomialSchema = z
  .object({ coefficient: z.number(), variables: z.array(z.int()) })
  .meta({ id: 'Monomial', description: 'A product of distinct variables with a coefficient' });

const StageSummarySchema = z
  .object({
    step: z.string(),
    backend: z.string(),
    level: z.int().meta({ description: 'Stages of one level run together' }),
    variable: z.int().meta({ description: 'The variable that is summed out, 0 where none or several are' }),
    reads: z.array(z.string()),
    writes: z.array(z.string()),
    flops: z.number(),
    exponentials: z.number(),
    estimatedMs: z.number(),
  })
  .meta({ id: 'PlannedStage', description: 'One stage of the plan' });

const PlannedSchema = z
  .object({
    algorithm: z.string(),
    exponent: z.int(),
    mask: z.string(),
    flops: z.number(),
    exponentials: z.number(),
    bytes: z.number(),
    backend: z.string(),
    isa: z.string().optional(),
    threads: z.int(),
    estimatedMs: z.number().meta({ description: 'On this machine, by rates measured at start' }),
    verdict: z.enum(['synchronous', 'job-only', 'refused']),
    limit: z.string().optional().meta({ description: 'The setting that stands against it' }),
    text: z.string().meta({ description: 'The plan in words, a line a stage' }),
    stages: z.array(StageSummarySchema),
  })
  .meta({ id: 'PlannedWork', description: 'The plan for the shape and what it costs here' });

const DegreeSchema = z
  .object({
    tolerance: z.number(),
    degree: z
      .int()
      .optional()
      .meta({ description: 'Smallest even Taylor degree that certifies it; absent where none up to 64 does' }),
    features: z
      .enum(['per-edge', 'whole'])
      .optional()
      .meta({ description: 'Forests: features of each edge; else of the single polynomial of h' }),
    rank: z.number().optional().meta({ description: 'Number of features, of one edge or of the whole' }),
    breakEvenN: z
      .number()
      .optional()
      .meta({ description: 'Rows above which the approximation is expected to take less time than the exact plan' }),
    speedUp: z.number().optional().meta({
      description:
        'Modelled time of the exact plan at this n over that of mode "approximate" on entries uniform within the bound; absent where nothing certifies the tolerance',
    }),
  })
  .meta({ id: 'ApproximationDegree', description: 'What an absolute tolerance on values in [-1, 1] needs' });

const OutlookSchema = z
  .object({
    threshold: ThresholdSchema,
    entryThreshold: z.number().meta({ description: '(ln n)^(1/k)' }),
    entryBound: z.number().optional(),
    belowThreshold: z
      .boolean()
      .optional()
      .meta({ description: 'Whether the entry bound is below (ln n)^(1/k); the theorem is asymptotic' }),
    scoreBound: z.number().optional().meta({ description: 'Largest possible |score| for the entry bound' }),
    tolerances: z.array(DegreeSchema),
  })
  .meta({ id: 'ApproximationOutlook', description: 'When the mechanism can be approximated, and at which rank' });

// d comes last: openapi-python-client reads members into variables of their names, and its own dictionary is called d.
const ShapeEchoSchema = z
  .object({ n: z.int(), dv: z.int(), batch: z.int(), heads: z.int(), d: z.int() })
  .meta({ id: 'PlannedShape', description: 'The shape that was planned for' });

export const AnalysisSchema = z
  .object({
    polynomial: z.string().meta({ description: 'Normal form' }),
    t: z.int(),
    k: z.int(),
    s: z.int(),
    monomials: z.array(MonomialSchema),
    components: z.array(z.array(z.int())),
    treewidth: z.int(),
    cutset: z.array(z.int()),
    eliminationOrder: z.array(z.int()),
    class: z.string(),
    exponent: z.int().meta({ description: 'Exact time grows like n to this power' }),
    upperBound: StatementSchema,
    lowerBound: StatementSchema,
    shape: ShapeEchoSchema,
    plan: PlannedSchema,
    approximation: OutlookSchema,
    tasks: z.array(CapabilitySchema),
    dot: z.string().meta({ description: 'Graphviz text of the graph' }),
  })
  .meta({ id: 'Analysis', description: 'Facts, plan, cost and capabilities of a polynomial' });
