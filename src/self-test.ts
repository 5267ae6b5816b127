import { interpret } from './contract/interpret.ts';
import type { Engine } from './schedule/engine.ts';
import { allocate } from './tensor/allocate.ts';
import type { Tensor } from './tensor/tensor.ts';

/** One small composition, path(3), answered by each back end and compared with the definition in fp64. */

const N = 12;
const D = 8;
/** math.md §8.4: R/2 (t-1) 4e-7 (1 + max|score|), with R = 2, t = 3 and |score| <= 2, is 2.4e-6. */
const TOLERANCE = 2.4e-6;

export interface SelfTestLine {
  readonly backend: string;
  readonly ok: boolean;
  /** Without it the service does not start; a device that fails is reported, and the others serve. */
  readonly required: boolean;
  readonly maxAbsError: number;
}

/** Answers of every loaded back end against the definition. @throws when one that is required fails to answer at all */
export async function selfTest(engine: Engine): Promise<SelfTestLine[]> {
  const ask = async (backend: string, algorithm: string, precision: string): Promise<ArrayLike<number>> => {
    const options = { mechanism: 'path(3)', backend, algorithm, precision };
    const result = await engine.run(interpret({ tensors: tensors(), options }), {
      signal: new AbortController().signal,
      timeoutMs: 10_000,
    });
    return result.output.data;
  };
  const truth = await ask('reference', 'definition', 'float64');
  const lines: SelfTestLine[] = [];
  const { backends, named = [] } = engine.machine;
  for (const { name, mode, expError = 0 } of [...backends, ...named]) {
    const required = mode === undefined;
    const answer = await ask(name, 'auto', 'float32').catch((error: unknown) => {
      if (required) throw error;
      return [];
    });
    const errors = Array.from(truth, (value, index) => Math.abs(value - (answer[index] ?? Number.POSITIVE_INFINITY)));
    const maxAbsError = Math.max(...errors);
    // A weight carries the device's error of exp once for each of the two edges, above and below the line.
    lines.push({ backend: name, ok: maxAbsError <= TOLERANCE + 4 * expError, required, maxAbsError });
  }
  return lines;
}

/** Entries in [-1, 1] from a fixed formula: scores stay within 2. */
function tensors(): Map<string, Tensor> {
  const names = ['q1', 'q2', 'q3', 'v2', 'v3'];
  return new Map(names.map((name, seed) => [name, fill(seed)]));
}

function fill(seed: number): Tensor {
  const tensor = allocate('float32', [N, D]);
  for (let i = 0; i < N * D; i++) tensor.data[i] = Math.sin(1 + i * (seed + 1.37));
  return tensor;
}
