/**
 * One gpu.js instance for the whole process, in the best mode that this machine has: `headlessgl`, a real GL context without a screen (ANGLE on
 * Vulkan, or on what the driver offers), `webasm`, WebAssembly, or `cpu`, JavaScript. gpu.js falls back in silence, so what ran is read off
 * the kernels themselves.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { GPU } from 'gpu.js';
import { type BlockProgram, type Bucket, bucketOf, compileBlock, compileExponentials } from './programs.ts';

/** gpu.js's modes, the one wanted most first. */
export const MODES = ['headlessgl', 'webasm', 'cpu'] as const;
/** One of them. */
export type Mode = (typeof MODES)[number];

const KERNEL_CLASSES: Readonly<Record<Mode, string>> = {
  headlessgl: 'HeadlessGLKernel',
  webasm: 'WebAssemblyKernel',
  cpu: 'CPUKernel',
};
/** scripts/build-device leaves here why there is no GL addon. */
const REASON = fileURLToPath(new URL('../../build/device/gl.reason', import.meta.url));

/** The open instance, and what it was found to be. */
export interface Context {
  readonly mode: Mode;
  readonly kernelClass: string;
  /** The driver's own name of the device. */
  readonly device: string;
  readonly software: boolean;
  /** The program of a block of these sizes, compiled at its first use and kept. */
  block(rows: number, keys: number, d: number, dv: number): BlockProgram;
  /** e^x on the device, elementwise, for the measurement of its error. */
  exponentials(x: Float32Array): Float32Array;
}

interface Package {
  readonly GPU: new (settings: { mode: string }) => GPU;
  readonly input: (data: Float32Array, size: [number, number]) => unknown;
}

/** @throws Error when the mode that was asked for cannot be had, with the reason; 'auto' takes the best that can */
export function openContext(wanted: Mode | 'auto'): Context {
  const reasons: string[] = [];
  for (const mode of wanted === 'auto' ? MODES : [wanted]) {
    try {
      const context = tryMode(mode);
      // Whoever asks why it is no GL finds it beside the device.
      return reasons.length === 0 ? context : { ...context, device: `${context.device} (${reasons.join('; ')})` };
    } catch (error) {
      reasons.push(`${mode}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(reasons.join('; '));
}

function tryMode(mode: Mode): Context {
  const require = createRequire(import.meta.url);
  if (mode === 'headlessgl' && existsSync(REASON)) throw new Error(readFileSync(REASON, 'utf8').trim());
  const { GPU, input } = require('gpu.js') as Package;
  const gpu = new GPU({ mode });
  const programs = new ProgramCache(gpu, input);
  const block: Context['block'] = (rows, keys, d, dv) => programs.get(bucketOf(rows, keys, d, dv));
  const probe = block(1, 1, 1, 1);
  probe.run();
  const kernelClass = probe.kernelClass();
  if (kernelClass !== KERNEL_CLASSES[mode]) throw new Error(`gpu.js ran a ${kernelClass} instead of a ${KERNEL_CLASSES[mode]}`);
  const renderer = mode === 'headlessgl' ? rendererOf(probe.context()) : null;
  return {
    mode,
    kernelClass,
    device: renderer ?? (mode === 'headlessgl' ? 'a renderer without a name' : 'cpu'),
    // Who does not say what it is is not preferred to anybody.
    software: renderer === null || SOFTWARE.test(renderer),
    block,
    exponentials: (x) => compileExponentials(gpu, x.length)(x) as Float32Array,
  };
}

/** Numbers that all programs may hold on the device together; on GL a number takes 16 bytes. */
const MOST_NUMBERS = 2 ** 25;

/** Programs by bucket, the ones used last. */
class ProgramCache {
  readonly #gpu: GPU;
  readonly #input: Package['input'];
  readonly #programs = new Map<string, BlockProgram>();
  #numbers = 0;

  constructor(gpu: GPU, input: Package['input']) {
    this.#gpu = gpu;
    this.#input = input;
  }

  get(bucket: Bucket): BlockProgram {
    const key = `${bucket.rows} ${bucket.keys} ${bucket.width}`;
    const known = this.#programs.get(key);
    const program = known ?? compileBlock(this.#gpu, this.#input, bucket);
    if (known === undefined) this.#numbers += program.numbers;
    this.#programs.delete(key);
    this.#programs.set(key, program);
    this.#shrink(program);
    return program;
  }

  #shrink(needed: BlockProgram): void {
    for (const [key, program] of this.#programs) {
      if (this.#numbers <= MOST_NUMBERS || program === needed) return;
      this.#programs.delete(key);
      this.#numbers -= program.numbers;
      program.destroy();
    }
  }
}

/** Renderers that are programs themselves: Mesa's, SwiftShader, Microsoft's. */
const SOFTWARE = /llvmpipe|lavapipe|softpipe|swrast|swiftshader|basic render/i;
/** WebGL's RENDERER. */
const RENDERER = 0x1f01;

interface Native {
  getParameter?(name: number): unknown;
}

/** The driver's own name: gl answers 'ANGLE' for every device, and the class beneath its own asks the driver. */
function rendererOf(context: unknown): string | null {
  let name: unknown = null;
  for (let level = context as Native | null; level !== null; level = Object.getPrototypeOf(level)) {
    if (Object.hasOwn(level, 'getParameter')) name = level.getParameter?.call(context, RENDERER);
  }
  return typeof name === 'string' && name !== '' && name !== 'ANGLE' ? name : null;
}
