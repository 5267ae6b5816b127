import { type InferenceStatistics, PHASES } from '../../src/observe/statistics.ts';
import { MODEL_VERSION, type Model } from './models.ts';

/** What the protocol's endpoints say of a model; -1 is a dimension of any size. */

const ANY = -1;
const OUTPUTS = [
  { name: 'output', dimensions: 4 },
  { name: 'log_sum_exp', dimensions: 3 },
];

function shapeOf(dimensions: number): number[] {
  return new Array<number>(dimensions).fill(ANY);
}

export function modelMetadata({ name, inputs }: Model): object {
  const tensor = (one: { name: string; dimensions: number }): object => ({
    name: one.name,
    datatype: 'FP32',
    shape: shapeOf(one.dimensions),
  });
  return { name, versions: [MODEL_VERSION], platform: 'polyattention', inputs: inputs.map(tensor), outputs: OUTPUTS.map(tensor) };
}

/** Triton's model configuration, as far as its load generator reads it. */
export function modelConfig({ name, inputs }: Model, threads: number): object {
  const tensor = (one: { name: string; dimensions: number }): object => ({
    name: one.name,
    data_type: 'TYPE_FP32',
    dims: shapeOf(one.dimensions),
  });
  return {
    name,
    platform: '',
    backend: 'polyattention',
    max_batch_size: 0,
    input: inputs.map((input) => ({ ...tensor(input), optional: input.optional })),
    output: OUTPUTS.map(tensor),
    instance_group: [{ name, kind: 'KIND_CPU', count: threads }],
    response_cache: { enable: false },
  };
}

export function modelStatistics({ name }: Model, statistics: InferenceStatistics): object {
  const { lastInferenceMs, phases } = statistics.of(name);
  const none = { count: 0, ns: 0 };
  const { compute_input, compute_infer, compute_output } = phases;
  const { count } = phases.success;
  return {
    name,
    version: MODEL_VERSION,
    last_inference: lastInferenceMs,
    inference_count: count,
    execution_count: count,
    inference_stats: {
      ...Object.fromEntries(PHASES.map((phase) => [phase, phases[phase]])),
      cache_hit: none,
      cache_miss: none,
    },
    // Requests are split into tiles, never joined: every batch is of one.
    batch_stats: count === 0 ? [] : [{ batch_size: 1, compute_input, compute_infer, compute_output }],
  };
}
