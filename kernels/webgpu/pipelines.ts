/** Every kernel's pipeline: compiled once, before the back end says that it is ready. */
import type { Device } from './device.ts';
import { ATTEND_FIELDS, attendSource } from './shaders/attend.ts';
import { EXP_FIELDS, EXP_SOURCE } from './shaders/exp.ts';
import { BLOCK_BYTES, type Fields } from './shaders/fields.ts';
import { FILL_FIELDS, fillSource } from './shaders/fill.ts';
import { FOLD_FIELDS, FOLD_SOURCE } from './shaders/fold.ts';
import { HALVES_FIELDS, halvesSource } from './shaders/halves.ts';
import { OPEN_FIELDS, OPEN_SOURCE } from './shaders/open.ts';
import type { Reads } from './shaders/operands.ts';
import { PRODUCT_FIELDS, productSource } from './shaders/product.ts';
import { REDUCE_FIELDS, reduceSource } from './shaders/reduce.ts';
import { SHARED_FIELDS, sharedSource } from './shaders/shared.ts';
import type { Target } from './shaders/tiles.ts';

/** Kernels of tiles come in several widths: a workgroup computes all of its channels, whether there are values for them or not. */
const WIDTHS = [32, 64, 128] as const;
type Width = (typeof WIDTHS)[number];

const attend = (channels: Width) => {
  return { fields: ATTEND_FIELDS, channels, source: (target: Target) => attendSource({ ...target, channels }) };
};
const product = (channels: Width) => {
  return { fields: PRODUCT_FIELDS, channels, source: (target: Target) => productSource({ ...target, channels }) };
};

const KERNELS = {
  attend32: attend(32),
  attend64: attend(64),
  attend128: attend(128),
  product32: product(32),
  product64: product(64),
  product128: product(128),
  shared: { fields: SHARED_FIELDS, channels: 32, source: (target: Target) => sharedSource({ ...target, channels: 32 }) },
  fill: { fields: FILL_FIELDS, channels: 0, source: ({ reads }: Target) => fillSource(reads) },
  reduce: { fields: REDUCE_FIELDS, channels: 0, source: ({ reads }: Target) => reduceSource(reads) },
  open: { fields: OPEN_FIELDS, channels: 0, source: () => OPEN_SOURCE },
  exp: { fields: EXP_FIELDS, channels: 0, source: () => EXP_SOURCE },
  halves: { fields: HALVES_FIELDS, channels: 0, source: ({ reads }: Target) => halvesSource(reads) },
  fold: { fields: FOLD_FIELDS, channels: 0, source: () => FOLD_SOURCE },
} as const satisfies Record<string, Kernel>;

interface Kernel {
  readonly fields: Fields;
  /** Those of its tiles; a device without room for them does not get it. */
  readonly channels: number;
  readonly source: (target: Target) => string;
}

/** Names of the kernels, those of tiles with their channels. */
export type KernelName = keyof typeof KERNELS;
/** The parameters of one of them. */
export type FieldsOf<K extends KernelName> = (typeof KERNELS)[K]['fields'];

type Compiled = Readonly<Partial<Record<KernelName, GPUComputePipeline>>>;

/** What was compiled for a device, and the layout that all of it shares. */
export interface Pipelines {
  readonly layout: GPUBindGroupLayout;
  /** For operands in single precision. */
  readonly single: Compiled;
  /** For those in half precision too; empty where the device does not take such (half-check.ts). */
  half: Compiled;
}

/** The narrowest tiles that hold `dv` channels, or the widest that the device has. */
export function widthFor({ tiles }: Device, dv: number): Width {
  const possible = WIDTHS.filter((width) => width <= tiles.channels);
  return possible.find((width) => width >= dv) ?? (possible.at(-1) as Width);
}

/** A kernel's parameters, in the order of its uniform block. */
export function fieldsOf(name: KernelName): Fields {
  return KERNELS[name].fields;
}

/** @throws GPUPipelineError when a shader does not compile on this device. */
export async function compilePipelines(device: Device): Promise<Pipelines> {
  const layout = device.gpu.createBindGroupLayout({
    entries: [
      { binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: 'storage' } },
      {
        binding: 1,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: 'uniform', hasDynamicOffset: true, minBindingSize: BLOCK_BYTES },
      },
    ],
  });
  return { layout, single: await compileAll(device, layout, 'single'), half: {} };
}

/** The kernels once more, for operands in half precision. @throws GPUPipelineError likewise */
export async function compileHalves(device: Device, pipelines: Pipelines): Promise<void> {
  pipelines.half = await compileAll(device, pipelines.layout, device.reads);
}

async function compileAll({ gpu, tiles, guard }: Device, layout: GPUBindGroupLayout, reads: Reads): Promise<Compiled> {
  const pipelineLayout = gpu.createPipelineLayout({ bindGroupLayouts: [layout] });
  const compile = async ([name, { source }]: [string, Kernel]) => {
    const module = gpu.createShaderModule({ label: name, code: source({ ...tiles, reads }) });
    const pipeline = await guard(
      gpu.createComputePipelineAsync({ label: name, layout: pipelineLayout, compute: { module, entryPoint: 'main' } }),
    );
    return [name, pipeline] as const;
  };
  const possible = Object.entries<Kernel>(KERNELS).filter(
    ([, { channels, fields }]) => channels <= tiles.channels && (reads === 'single' || 'halves' in fields),
  );
  return Object.fromEntries(await Promise.all(possible.map(compile)));
}
