import { z } from 'zod';

/** Schemas of the Open Inference Protocol's bodies, for the document; names of fields are the protocol's. */

const shape = z.array(z.int()).meta({ description: 'Dimensions, row major; -1 in descriptions of models is any size' });
// Each with a description of its own, or they would become one schema with a list of types, which 3.0 has not got.
const value = z.union([
  z.string().meta({ description: 'A name or a list' }),
  z.number().meta({ description: 'A number' }),
  z.boolean().meta({ description: 'A switch' }),
]);
const parameters = z.record(z.string(), value).meta({ description: 'Flat: strings, numbers and booleans' });
const data = z.array(z.number()).optional();
const datatype = z.string().meta({ description: 'FP16, BF16, FP32 or FP64' });

export const OipServerSchema = z
  .object({ name: z.string(), version: z.string(), extensions: z.array(z.string()) })
  .meta({ id: 'OipServerMetadata', description: 'The server, and which extensions of the protocol it has' });

export const OipModelListSchema = z
  .object({ models: z.array(z.string()) })
  .meta({ id: 'OipModelList', description: 'Names of the models' });

export const OipModelReadySchema = z
  .object({ name: z.string(), ready: z.boolean() })
  .meta({ id: 'OipModelReadiness', description: 'Whether the model takes requests' });

const TensorMetadataSchema = z
  .object({ name: z.string(), datatype, shape })
  .meta({ id: 'OipTensorMetadata', description: 'An input or an output; FP16, BF16 and FP64 are taken too' });

export const OipModelSchema = z
  .object({
    name: z.string(),
    versions: z.array(z.string()),
    platform: z.string(),
    inputs: z.array(TensorMetadataSchema),
    outputs: z.array(TensorMetadataSchema),
  })
  .meta({ id: 'OipModelMetadata', description: 'What a model takes and gives' });

const ConfigTensorSchema = z
  .object({ name: z.string(), data_type: z.string(), dims: z.array(z.int()), optional: z.boolean().optional() })
  .meta({ id: 'OipTensorConfig', description: 'An input or an output of a model configuration' });

const InstanceGroupSchema = z
  .object({ name: z.string(), kind: z.string(), count: z.int() })
  .meta({ id: 'OipInstanceGroup', description: 'Where the model runs; count is the number of threads' });

const ResponseCacheSchema = z
  .object({ enable: z.boolean() })
  .meta({ id: 'OipResponseCache', description: 'Answers are computed, never remembered' });

export const OipModelConfigSchema = z
  .object({
    name: z.string(),
    platform: z.string(),
    backend: z.string(),
    max_batch_size: z.int(),
    input: z.array(ConfigTensorSchema),
    output: z.array(ConfigTensorSchema),
    instance_group: z.array(InstanceGroupSchema),
    response_cache: ResponseCacheSchema,
  })
  .meta({ id: 'OipModelConfig', description: 'The model configuration that load generators read' });

const DurationSchema = z
  .object({ count: z.int(), ns: z.int() })
  .meta({ id: 'OipDuration', description: 'How often, and nanoseconds in all' });

const BatchSchema = z
  .object({ batch_size: z.int(), compute_input: DurationSchema, compute_infer: DurationSchema, compute_output: DurationSchema })
  .meta({ id: 'OipBatchStatistics', description: 'By batch size, which is 1 always' });

const InferenceStatisticsSchema = z
  .object({
    success: DurationSchema,
    fail: DurationSchema,
    queue: DurationSchema,
    compute_input: DurationSchema,
    compute_infer: DurationSchema,
    compute_output: DurationSchema,
    cache_hit: DurationSchema,
    cache_miss: DurationSchema,
  })
  .meta({
    id: 'OipInferenceStatistics',
    description: 'compute_input is decoding, compute_infer the kernels, compute_output encoding',
  });

const ModelStatisticsSchema = z
  .object({
    name: z.string(),
    version: z.string(),
    last_inference: z.int().meta({ description: 'Milliseconds since the epoch; 0 before the first' }),
    inference_count: z.int(),
    execution_count: z.int(),
    inference_stats: InferenceStatisticsSchema,
    batch_stats: z.array(BatchSchema),
  })
  .meta({ id: 'OipModelStatistics', description: 'Counters of one model since the start' });

export const OipStatisticsSchema = z
  .object({ model_stats: z.array(ModelStatisticsSchema) })
  .meta({ id: 'OipStatistics', description: 'Counters by model' });

const IndexEntrySchema = z
  .object({ name: z.string(), version: z.string(), state: z.string(), reason: z.string() })
  .meta({ id: 'OipIndexEntry', description: 'A model of the repository' });

export const OipIndexSchema = z.array(IndexEntrySchema);

const InferInputSchema = z.object({ name: z.string(), shape, datatype, parameters: parameters.optional(), data }).meta({
  id: 'OipInferInput',
  description: 'A tensor: data in place, or parameters.binary_data_size and its bytes behind the JSON',
});

const RequestedOutputSchema = z
  .object({ name: z.string(), parameters: parameters.optional() })
  .meta({ id: 'OipRequestedOutput', description: 'An output that is wanted: output or log_sum_exp' });

export const OipInferRequestSchema = z
  .object({
    id: z.string().optional().meta({ description: 'Comes back as it is' }),
    parameters: parameters.optional(),
    inputs: z.array(InferInputSchema),
    outputs: z.array(RequestedOutputSchema).optional(),
  })
  .meta({ id: 'OipInferRequest', description: 'Inputs by name and flat options' });

const InferOutputSchema = z
  .object({ name: z.string(), datatype, shape, parameters: parameters.optional(), data })
  .meta({ id: 'OipInferOutput', description: 'An output: data in place, or its bytes behind the JSON' });

export const OipInferResponseSchema = z
  .object({
    model_name: z.string(),
    model_version: z.string(),
    id: z.string().optional(),
    outputs: z.array(InferOutputSchema),
    parameters: parameters.optional(),
  })
  .meta({ id: 'OipInferResponse', description: 'Outputs by name; parameters say what ran and where the time went' });

export const ModelParametersSchema = z.object({ model: z.string().min(1).meta({ description: 'The name of a model' }) });
