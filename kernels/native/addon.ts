/** Finding and loading the compiled module (scripts/build-native), and what it exports. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { FloatArray } from '../backend.ts';

/** Numbers of the approximate modes' steps at the boundary. */
const APPROXIMATE_KINDS = {
  ...({ survey: 10, accumulate: 11, contract: 12, apply: 13, compress: 14 } as const),
  ...({ scan: 15, sample: 16, judge: 17, 'random-features': 18, residual: 19 } as const),
};

/** Numbers of the steps at the boundary (kernels/native/src/decode.h). */
export const KINDS = {
  attend: 0,
  combine: 1,
  merge: 2,
  conditioned: 3,
  cycle: 4,
  project: 5,
  prefix: 6,
  eliminate: 7,
  ...APPROXIMATE_KINDS,
} as const;

/** Added to places in the second of two memories (kernels/native/src/reader.h). */
export const SECOND_MEMORY = 2 ** 40;

/** Everything wrong with the arguments is thrown as an Error. `isa` is an index into `isas()`, `precision` 32 or 64. */
export interface Addon {
  isas(): string[];
  /** One tile of one step; gives the rows that the fallback computed, of attend the pairs of a row and a key left out. */
  run(isa: number, kind: number, numbers: Float64Array, operands: readonly (FloatArray | null)[], control: Int32Array): number;
  /**
   * The same with operands in two memories, which may be one: `numbers` ends with `places` numbers, the byte at which each operand begins,
   * `SECOND_MEMORY` more in the second, -1 for none. Each must lie in its memory; that it holds the step's element type is the caller's word.
   */
  runIn(
    isa: number,
    kind: number,
    numbers: Float64Array,
    first: Uint8Array,
    second: Uint8Array,
    places: number,
    control: Int32Array,
  ): number;
  /** [flops/s, exponentials/s, bytes/s, seconds a tile]. */
  rates(isa: number, precision: number): [number, number, number, number];
  /** Flops per second of bare multiply-adds, the best within `seconds`. */
  peak(isa: number, precision: number, seconds: number): number;
  /** Processor time of the calling thread; finer than `process.threadCpuUsage`, which counts clock ticks. */
  threadSeconds(): number;
  /** Largest |x|; Infinity where a value is NaN or infinite. */
  sizeOf(isa: number, x: FloatArray): number;
  /**
   * Reads on in a run of JSON numbers (kernels/native/src/numbers.h), from `at`, behind number `inRow` of a row of `row` (0: not known), to
   * `values` from index `from`. Gives how many numbers, times 2^23, plus how many bytes it went on: 2^22 at most.
   */
  readNumbers(bytes: Uint8Array, at: number, values: Float64Array, from: number, row: number, inRow: number): number;
  /** y = exp(x), as the kernels compute it, x <= 88 (709 in fp64); both of one type and length. */
  exponentials(isa: number, x: FloatArray, y: FloatArray): void;
  /** y = 2^x, x <= 127 (1023 in fp64). */
  powers(isa: number, x: FloatArray, y: FloatArray): void;
  /** The first standard normals of a stream, as `random-features` draws them (kernels/reference/draws.ts). */
  normals(seed: number, stream: number, out: Float64Array): void;
}

export const ADDON_PATH = fileURLToPath(new URL('../../build/native/polyattention.node', import.meta.url));

/** @throws Error with the reason why there is no addon, in words for `GET /v1/backends`. */
export function loadAddon(path: string = ADDON_PATH): Addon {
  if (!existsSync(path)) throw new Error(`the native kernels are not built: ${missingReason(path)}`);
  try {
    return createRequire(import.meta.url)(path) as Addon;
  } catch (error) {
    throw new Error(`the native kernels do not load: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** The build leaves the reason beside the file that it could not make. */
function missingReason(path: string): string {
  const reason = path.replace(/\.node$/, '.reason');
  return existsSync(reason) ? readFileSync(reason, 'utf8').trim() : 'run scripts/build-native';
}

/** @throws Error when this machine or build does not have the set. `undefined` or '': the best. */
export function isaIndex(addon: Addon, isa: string | undefined): number {
  const names = addon.isas();
  if (isa === undefined || isa === '') return 0;
  const index = names.indexOf(isa);
  if (index < 0) throw new Error(`no instruction set ${isa} here: this machine and build have ${names.join(', ')}`);
  return index;
}
