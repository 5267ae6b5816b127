/**
 * The kernels of the gpu.js back end: one block of softmax attention in four programs, in strings, because tools that rewrite sources (type
 * strippers, coverage) break what gpu.js would read from functions.
 *
 *   scores [rows, keys]      s = <q_r, k_l> + b_l, or MASKED outside [low_r, high_r]           2 d operations each
 *   peaks [rows]             m = max_l s
 *   weights [rows, keys]     w = e^(s - m), 0 where masked                                      one exponential each
 *   sums [rows, width + 2]   Σ_l w_l v_l | Σ_l w_l | m: all that is read back                   2 keys operations each
 *
 * Sizes are constants of a program, so programs are compiled per bucket, and operands are padded to it with zeros and MASKED. Tried and left:
 * sizes as arguments (gpu.js 2.24.1 cuts a dynamic loop at 1000 turns and gives wrong results after a resize on gl 9), and a GPU instance
 * each (3 to 6 MB of it stay behind): one instance holds all programs.
 */
import type { GPU, IKernelRunShortcut, Texture } from 'gpu.js';

/** A score that no finite operands reach and that fp32 still adds to without overflow. */
export const MASKED = -3e38;
/** What is below it counts as masked. */
export const FLOOR = -1e38;

/** Rows of queries and of keys in a block; gpu.js's textures are wrong from 16384 on (gpu.md), and one of 1024² is 16 MB. */
const LENGTHS = [16, 64, 128, 256, 512, 1024] as const;
/** Rows, and keys, of the largest block. */
export const LONGEST_BLOCK: number = LENGTHS[LENGTHS.length - 1];
const NARROWEST = 8;

/** Sizes that a program is compiled for. */
export interface Bucket {
  readonly rows: number;
  readonly keys: number;
  /** Of queries, keys and values alike. */
  readonly width: number;
}

/** The bucket that a block of these sizes is padded to; blocks are at most LONGEST_BLOCK long. */
export function bucketOf(rows: number, keys: number, d: number, dv: number): Bucket {
  const length = (n: number): number => LENGTHS.find((each) => n <= each) ?? LONGEST_BLOCK;
  return { rows: length(rows), keys: length(keys), width: Math.max(NARROWEST, 2 ** Math.ceil(Math.log2(Math.max(d, dv, 1)))) };
}

/** One block's operands, padded to its bucket. */
export interface BlockOperands {
  readonly queries: Float32Array; // [rows, width], the scale in them
  readonly keys: Float32Array; // [keys, width]
  readonly bias: Float32Array; // [keys]
  readonly values: Float32Array; // [keys, width]
  readonly low: Float32Array; // [rows], first admissible key
  readonly high: Float32Array; // [rows], last admissible key
}

/** The programs of one bucket, with the arrays that they read. */
export interface BlockProgram {
  readonly bucket: Bucket;
  /** Filled by the caller before every run. */
  readonly operands: BlockOperands;
  /** @returns [rows][width + 2]: sums of weighted values, sum of weights, largest score */
  run(): Float32Array[];
  /** Class of the kernels that ran, and the GL context in which they did; null in the modes that have none. */
  kernelClass(): string;
  context(): unknown;
  /** Numbers that the device holds for it. */
  readonly numbers: number;
  destroy(): void;
}

const SCORES = `function (queries, keys, bias, low, high) {
  var sum = 0.0;
  for (var c = 0; c < this.constants.width; c++) {
    sum += queries[this.thread.y][c] * keys[this.thread.x][c];
  }
  var score = sum + bias[this.thread.x];
  if (this.thread.x < low[this.thread.y]) { score = ${MASKED.toFixed(1)}; }
  if (this.thread.x > high[this.thread.y]) { score = ${MASKED.toFixed(1)}; }
  return score;
}`;
const PEAKS = `function (scores) {
  var most = ${MASKED.toFixed(1)};
  for (var l = 0; l < this.constants.keys; l++) { most = Math.max(most, scores[this.thread.x][l]); }
  return most;
}`;
const WEIGHTS = `function (scores, peaks) {
  var weight = 0.0;
  var score = scores[this.thread.y][this.thread.x];
  if (score > ${FLOOR.toFixed(1)}) { weight = Math.exp(score - peaks[this.thread.y]); }
  return weight;
}`;
const SUMS = `function (weights, values, peaks) {
  var sum = 0.0;
  if (this.thread.x < this.constants.width) {
    for (var l = 0; l < this.constants.keys; l++) { sum += weights[this.thread.y][l] * values[l][this.thread.x]; }
  } else {
    if (this.thread.x < this.constants.width + 1) {
      for (var j = 0; j < this.constants.keys; j++) { sum += weights[this.thread.y][j]; }
    } else {
      sum = peaks[this.thread.y];
    }
  }
  return sum;
}`;

type Input = (data: Float32Array, size: [number, number]) => unknown;

/** Compiles the four programs of a bucket. `input` is gpu.js's own, which cannot be imported before the device is chosen. */
export function compileBlock(gpu: GPU, input: Input, bucket: Bucket): BlockProgram {
  const { rows, keys, width } = bucket;
  const kernel = (source: string, output: number[], pipeline: boolean): IKernelRunShortcut =>
    gpu.createKernel(source as never, {
      output,
      constants: { width, keys },
      pipeline,
      precision: 'single',
    });
  const scores = kernel(SCORES, [keys, rows], true);
  const peaks = kernel(PEAKS, [rows], true);
  const weights = kernel(WEIGHTS, [keys, rows], true);
  const sums = kernel(SUMS, [width + 2, rows], false);
  const operands: BlockOperands = {
    queries: new Float32Array(rows * width),
    keys: new Float32Array(keys * width),
    bias: new Float32Array(keys),
    values: new Float32Array(keys * width),
    low: new Float32Array(rows),
    high: new Float32Array(rows),
  };
  const run = (): Float32Array[] => {
    const { queries, bias, low, high, values } = operands;
    const score = scores(
      input(queries, [width, rows]) as Texture,
      input(operands.keys, [width, keys]) as Texture,
      bias,
      low,
      high,
    ) as Texture;
    const peak = peaks(score) as Texture;
    const weight = weights(score, peak) as Texture;
    return sums(weight, input(values, [width, keys]) as Texture, peak) as unknown as Float32Array[];
  };
  const { kernel: compiled } = sums as unknown as { kernel: object & { context?: unknown } };
  return {
    bucket,
    operands,
    run,
    kernelClass: () => compiled.constructor.name,
    context: () => compiled.context ?? null,
    numbers: 2 * rows * keys + (rows + keys) * (2 * width + 4),
    destroy: () => {
      for (const each of [sums, weights, peaks, scores]) each.destroy();
    },
  };
}

/** y = e^x, elementwise. */
export function compileExponentials(gpu: GPU, length: number): IKernelRunShortcut {
  const source = 'function (x) { return Math.exp(x[this.thread.x]); }';
  return gpu.createKernel(source as never, { output: [length], precision: 'single' });
}
