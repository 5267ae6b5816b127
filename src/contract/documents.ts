import { z } from 'zod';
import { ApproximationResultSchema } from './approximation-documents.ts';
import { BACKEND_CHOICES, MechanismName, OptionsSchema } from './options.ts';
import { OutputTensorSchema, TensorSchema } from './tensor-documents.ts';

/** Schemas of whole bodies, for the document: requests as they are on the wire, and responses. Component names are the `id`s. */

const ms = (what: string) => z.number().meta({ description: `${what}, milliseconds` });
const count = (what: string) => z.int().min(0).meta({ description: what });

export const AttentionRequestSchema = OptionsSchema.extend({
  tensors: z.record(z.string(), TensorSchema).meta({
    description:
      'q1..qt [n_j, d], v2..vt [n_j, dv], optional biases b1..bt [n_j]; heads and batch lead. A bare nested array is a float32 tensor.',
  }),
}).meta({
  id: 'AttentionRequest',
  description: 'An attention polynomial, by text or by catalogue name, and its tensors',
  examples: [
    {
      polynomial: 'x1*x2',
      tensors: {
        q1: { shape: [2, 2], dtype: 'float32', data: [1, 0, 0, 1] },
        q2: { shape: [2, 2], dtype: 'float32', data: [1, 0, 0, 1] },
        v2: { shape: [2, 2], dtype: 'float32', data: [1, 2, 3, 4] },
      },
    },
  ],
});

const FailoverSchema = z
  .object({ from: z.string(), to: z.string(), reason: z.string() })
  .meta({ id: 'Failover', description: 'A device that failed, what computed in its place, and why; the answer is complete' });

export const PlanSummarySchema = z
  .object({
    class: z.string().meta({ description: 'tree, cycle, treewidth-2, tensor or general' }),
    mask: z.string().meta({ description: 'The mask that was applied, a shorthand resolved' }),
    algorithm: z.string().meta({ description: 'The exact algorithm that ran' }),
    exponent: z.int().meta({ description: 'Time grows like n to this power' }),
    flops: z.number().meta({ description: 'Floating-point operations, multiply-add = 2' }),
    exponentials: z.number(),
    bytes: z.number().meta({ description: 'Memory held at once: inputs, messages, outputs' }),
    backend: z.string(),
    isa: z.string().optional().meta({ description: 'Instruction set of the back end, where it has one' }),
    mode: z.string().optional().meta({ description: 'How a device was reached: headlessgl, webasm, cpu, vulkan, opengles' }),
    kernel: z.string().optional().meta({ description: 'Class of the device’s kernels' }),
    threads: z.int(),
    tiles: z.int(),
    fallbackRows: count('Rows whose certificate failed and that were recomputed (math.md §6.3)'),
    failovers: z.array(FailoverSchema).optional().meta({ description: 'Devices that failed under this request' }),
  })
  .meta({ id: 'PlanSummary', description: 'What ran and what it cost' });

export const TimingSchema = z
  .object({
    decodeMs: ms('Reading the body'),
    planMs: ms('Choosing and laying out the plan'),
    queueMs: ms('Waiting for a thread'),
    computeMs: ms('From the first tile to the last'),
    measureMs: ms('Measuring the error against exact'),
    encodeMs: ms('Writing the body'),
    totalMs: ms('All of it'),
    stages: z.array(
      z
        .object({ step: z.string(), variable: z.int(), ms: z.number(), gflops: z.number() })
        .meta({ id: 'StageTiming', description: 'One stage of the plan as it ran' }),
    ),
  })
  .meta({ id: 'Timing', description: 'Where the time went' });

export const AttentionResponseSchema = z
  .object({
    output: OutputTensorSchema,
    logSumExp: OutputTensorSchema.optional(),
    weights: z
      .record(z.string(), OutputTensorSchema)
      .optional()
      .meta({ description: 'By pair, e.g. x1,x2: the marginal attention P(l2 | l1) as an n1×n2 matrix per slice' }),
    emptyRows: count('Rows without an admissible tuple, padded rows among them; their output is 0'),
    plan: PlanSummarySchema,
    timing: TimingSchema,
    approximation: ApproximationResultSchema.optional().meta({ description: 'In the modes approximate and auto' }),
  })
  .meta({ id: 'AttentionResponse', description: 'Output rows with the plan that was run and its timing' });

export const SafetensorsRequestSchema = z.string().meta({
  format: 'binary',
  description:
    'A safetensors body: the tensors of AttentionRequest by their names, its other members as JSON text in __metadata__.request',
});

export const SafetensorsResponseSchema = z.string().meta({
  format: 'binary',
  description:
    'A safetensors body: output and, where asked for, logSumExp and weights.x1,x2; the other members of AttentionResponse as JSON text in __metadata__.response',
});

const ParameterSchema = z
  .object({ name: z.string(), minimum: z.int(), maximum: z.int() })
  .meta({ id: 'MechanismParameter', description: 'A parameter of a family and its range' });

export const CapabilitySchema = z
  .object({
    task: z.string(),
    order: z.int().optional().meta({ description: 'r of r-fold composition, k of Match-k, the unknowns of root finding' }),
    verdict: z.enum(['yes', 'no', 'open']),
    statement: z.string(),
    source: z.string().meta({ description: 'Who says so, or that nothing is known' }),
    construction: z.string().optional().meta({ description: 'How the weights are chosen' }),
  })
  .meta({ id: 'Capability', description: 'What one head can or cannot do' });

export const MechanismSchema = z
  .object({
    name: z.string(),
    family: z.string(),
    parameters: z.array(ParameterSchema),
    example: z.string().meta({ description: 'A name that requests take' }),
    polynomial: z.string().meta({ description: 'Of the example' }),
    description: z.string(),
    class: z.string(),
    exponent: z.int(),
    cost: z.string().meta({ description: 'Exact cost in the field’s notation' }),
    tasks: z.array(CapabilitySchema),
  })
  .meta({ id: 'Mechanism', description: 'A named attention polynomial' });

export const MechanismListSchema = z
  .object({ mechanisms: z.array(MechanismSchema) })
  .meta({ id: 'MechanismList', description: 'The catalogue' });

export const NameParametersSchema = z.object({ name: MechanismName });

const RatesSchema = z
  .object({
    flopsPerSecond: z.number(),
    exponentialsPerSecond: z.number(),
    bytesPerSecond: z.number(),
    tileSeconds: z.number(),
  })
  .meta({ id: 'Rates', description: 'Measured at start, one thread' });

export const BackendSchema = z
  .object({
    name: z.enum(BACKEND_CHOICES.slice(1) as [string, ...string[]]),
    available: z.boolean(),
    reason: z.string().optional().meta({ description: 'Why it is not available' }),
    precisions: z.array(z.string()).optional(),
    steps: z.array(z.string()).optional(),
    isa: z.string().optional(),
    device: z.string().optional(),
    mode: z.string().optional().meta({ description: 'How a device is reached: headlessgl, webasm, cpu, vulkan, opengles' }),
    kernel: z.string().optional().meta({ description: 'Class of the kernels that ran when the device was checked' }),
    software: z
      .boolean()
      .optional()
      .meta({ description: 'A program on this machine’s processor: taken only by name where native is there' }),
    expError: z.number().optional().meta({ description: 'Largest relative error of the device’s exp, measured at load' }),
    state: z
      .enum(['starting', 'ready', 'restarting', 'unavailable', 'closed'])
      .optional()
      .meta({ description: 'Of the device’s process' }),
    restarts: z.int().optional().meta({ description: 'Processes that took the place of one that had died' }),
    rates: z.record(z.string(), RatesSchema).optional().meta({ description: 'By precision' }),
  })
  .meta({ id: 'Backend', description: 'A back end that loaded, or why it did not' });

export const BackendListSchema = z
  .object({ threads: z.int(), backends: z.array(BackendSchema) })
  .meta({ id: 'BackendList', description: 'The back ends of this service' });

export const LiveSchema = z.object({ live: z.boolean() }).meta({ id: 'Liveness', description: 'The process is alive' });
export const ReadySchema = z.object({ ready: z.boolean() }).meta({ id: 'Readiness', description: 'The service takes requests' });

export const ProblemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    code: z.string().meta({ description: 'Stable snake_case code to switch on' }),
    traceId: z.string(),
    errors: z
      .array(
        z
          .object({ pointer: z.string(), detail: z.string() })
          .meta({ id: 'Fault', description: 'One fault: RFC 6901 pointer and what is wrong there' }),
      )
      .optional(),
    limit: z.number().optional(),
    actual: z.number().optional(),
    setting: z.string().optional().meta({ description: 'The environment variable that changes the limit' }),
    error: z.string().meta({ description: 'The same as detail, for clients of the Open Inference Protocol' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details' });
