/** Every kernel's pipeline: compiled once, before the back end says that it is ready. */
import type { Device } from './device.ts';
import { ATTEND_FIELDS, attendSource } from './shaders/attend.ts';
import { EXP_FIELDS, EXP_SOURCE } from './shaders/exp.ts';
import { BLOCK_BYTES, type Fields } from './shaders/fields.ts';
import { FILL_FIELDS, FILL_SOURCE } from './shaders/fill.ts';
import { FOLD_FIELDS, FOLD_SOURCE } from './shaders/fold.ts';
import { OPEN_FIELDS, OPEN_SOURCE } from './shaders/open.ts';
import { PRODUCT_FIELDS, productSource } from './shaders/product.ts';
import { REDUCE_FIELDS, REDUCE_SOURCE } from './shaders/reduce.ts';
import { SHARED_FIELDS, sharedSource } from './shaders/shared.ts';
import type { TileSizes } from './shaders/tiles.ts';

/** The narrow ones are for at most 32 channels. */
const KERNELS = {
  attend: { fields: ATTEND_FIELDS, source: attendSource },
  attendNarrow: { fields: ATTEND_FIELDS, source: (sizes: TileSizes) => attendSource({ ...sizes, channels: 32 }) },
  product: { fields: PRODUCT_FIELDS, source: productSource },
  productNarrow: { fields: PRODUCT_FIELDS, source: (sizes: TileSizes) => productSource({ ...sizes, channels: 32 }) },
  shared: { fields: SHARED_FIELDS, source: (sizes: TileSizes) => sharedSource({ ...sizes, channels: 32 }) },
  fill: { fields: FILL_FIELDS, source: () => FILL_SOURCE },
  reduce: { fields: REDUCE_FIELDS, source: () => REDUCE_SOURCE },
  open: { fields: OPEN_FIELDS, source: () => OPEN_SOURCE },
  exp: { fields: EXP_FIELDS, source: () => EXP_SOURCE },
  fold: { fields: FOLD_FIELDS, source: () => FOLD_SOURCE },
} as const satisfies Record<string, { readonly fields: Fields; readonly source: (sizes: TileSizes) => string }>;

export type KernelName = keyof typeof KERNELS;
export type FieldsOf<K extends KernelName> = (typeof KERNELS)[K]['fields'];

export interface Pipelines {
  readonly layout: GPUBindGroupLayout;
  readonly byName: Readonly<Record<KernelName, GPUComputePipeline>>;
}

export function fieldsOf(name: KernelName): Fields {
  return KERNELS[name].fields;
}

/** @throws GPUPipelineError when a shader does not compile on this device. */
export async function compilePipelines({ gpu, tiles, guard }: Device): Promise<Pipelines> {
  const layout = gpu.createBindGroupLayout({
    entries: [
      { binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: 'storage' } },
      {
        binding: 1,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: 'uniform', hasDynamicOffset: true, minBindingSize: BLOCK_BYTES },
      },
    ],
  });
  const pipelineLayout = gpu.createPipelineLayout({ bindGroupLayouts: [layout] });
  const compile = async ([name, { source }]: [string, (typeof KERNELS)[KernelName]]) => {
    const module = gpu.createShaderModule({ label: name, code: source(tiles) });
    const pipeline = await guard(
      gpu.createComputePipelineAsync({ label: name, layout: pipelineLayout, compute: { module, entryPoint: 'main' } }),
    );
    return [name, pipeline] as const;
  };
  const pipelines = await Promise.all(Object.entries(KERNELS).map(compile));
  return { layout, byName: Object.fromEntries(pipelines) as Record<KernelName, GPUComputePipeline> };
}
