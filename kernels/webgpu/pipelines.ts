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

/** Kernels of tiles come in several widths: a workgroup computes all of its channels, whether there are values for them or not. */
const WIDTHS = [32, 64, 128] as const;
type Width = (typeof WIDTHS)[number];

const attend = (channels: Width) => {
  return { fields: ATTEND_FIELDS, channels, source: (sizes: TileSizes) => attendSource({ ...sizes, channels }) };
};
const product = (channels: Width) => {
  return { fields: PRODUCT_FIELDS, channels, source: (sizes: TileSizes) => productSource({ ...sizes, channels }) };
};

const KERNELS = {
  attend32: attend(32),
  attend64: attend(64),
  attend128: attend(128),
  product32: product(32),
  product64: product(64),
  product128: product(128),
  shared: { fields: SHARED_FIELDS, channels: 32, source: (sizes: TileSizes) => sharedSource({ ...sizes, channels: 32 }) },
  fill: { fields: FILL_FIELDS, channels: 0, source: () => FILL_SOURCE },
  reduce: { fields: REDUCE_FIELDS, channels: 0, source: () => REDUCE_SOURCE },
  open: { fields: OPEN_FIELDS, channels: 0, source: () => OPEN_SOURCE },
  exp: { fields: EXP_FIELDS, channels: 0, source: () => EXP_SOURCE },
  fold: { fields: FOLD_FIELDS, channels: 0, source: () => FOLD_SOURCE },
} as const satisfies Record<string, Kernel>;

interface Kernel {
  readonly fields: Fields;
  /** Those of its tiles; a device without room for them does not get it. */
  readonly channels: number;
  readonly source: (sizes: TileSizes) => string;
}

export type KernelName = keyof typeof KERNELS;
export type FieldsOf<K extends KernelName> = (typeof KERNELS)[K]['fields'];

export interface Pipelines {
  readonly layout: GPUBindGroupLayout;
  readonly byName: Readonly<Partial<Record<KernelName, GPUComputePipeline>>>;
}

/** The narrowest tiles that hold `dv` channels, or the widest that the device has. */
export function widthFor({ tiles }: Device, dv: number): Width {
  const possible = WIDTHS.filter((width) => width <= tiles.channels);
  return possible.find((width) => width >= dv) ?? (possible.at(-1) as Width);
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
  const compile = async ([name, { source }]: [string, Kernel]) => {
    const module = gpu.createShaderModule({ label: name, code: source(tiles) });
    const pipeline = await guard(
      gpu.createComputePipelineAsync({ label: name, layout: pipelineLayout, compute: { module, entryPoint: 'main' } }),
    );
    return [name, pipeline] as const;
  };
  const possible = Object.entries<Kernel>(KERNELS).filter(([, { channels }]) => channels <= tiles.channels);
  return { layout, byName: Object.fromEntries(await Promise.all(possible.map(compile))) };
}
