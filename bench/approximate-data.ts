import type { Approximation, AttentionRequest } from '../src/contract/request.ts';
import type { Engine } from '../src/schedule/engine.ts';
import type { Result } from '../src/schedule/result.ts';
import { Lease } from '../src/tensor/lease.ts';
import { normal, random } from '../test/helpers/random.ts';
import { type BenchCase, benchRequest } from './engine.ts';

/** Requests of the approximate benches: entries by rules of the issue, seeded, and how they are timed. */

export interface ApproximateCase extends BenchCase {
  /** Rows of q_j; uniform in ±B where it is a number. */
  readonly entries: number | ((row: Float32Array, next: () => number) => void);
  /** What each q_j's largest entry is brought to. */
  readonly largest?: number;
  readonly scale?: number;
  readonly wish?: Partial<Approximation>;
  readonly mode?: 'approximate' | 'auto';
}

/** Rows in `rank` directions, and `noise` times as much beside them. */
export function lowRank(d: number, rank: number, noise: number): (row: Float32Array, next: () => number) => void {
  const own = random(7);
  const directions = Array.from({ length: rank }, () => Float64Array.from({ length: d }, () => 2 * own() - 1));
  const size = Math.sqrt(rank / 3);
  return (row, next) => {
    row.fill(0);
    for (const direction of directions) {
      const w = 2 * next() - 1;
      for (let c = 0; c < d; c++) row[c] = (row[c] as number) + w * (direction[c] as number);
    }
    for (let c = 0; c < d; c++) row[c] = (row[c] as number) + noise * size * (2 * next() - 1);
  };
}

/** One of `clusters` corners of the cube, and a little beside it. */
export function clustered(d: number, clusters: number, spread: number): (row: Float32Array, next: () => number) => void {
  const own = random(11);
  const centers = Array.from({ length: clusters }, () => Float64Array.from({ length: d }, () => (own() < 0.5 ? -1 : 1)));
  return (row, next) => {
    const center = centers[Math.floor(next() * clusters)] as Float64Array;
    for (let c = 0; c < d; c++) row[c] = (center[c] as number) + spread * (2 * next() - 1);
  };
}

export function gaussian(row: Float32Array, next: () => number): void {
  for (let c = 0; c < row.length; c++) row[c] = normal(next);
}

/** The request in mode 'exact', and the same one approximated. */
export function requestsOf(one: ApproximateCase): { readonly exact: AttentionRequest; readonly approximate: AttentionRequest } {
  const { entries, scale, wish = {}, mode = 'approximate' } = one;
  const plain = benchRequest(one);
  const next = random(1);
  for (const [name, { tensor, rows, cols }] of plain.operands) {
    const isQuery = name.startsWith('q');
    const data = tensor.data as Float32Array;
    for (let row = 0; row < rows; row++) {
      const own = data.subarray(row * cols, (row + 1) * cols);
      if (isQuery && typeof entries === 'function') entries(own, next);
      else for (let c = 0; c < cols; c++) own[c] = (isQuery ? (entries as number) : 1) * (2 * next() - 1);
    }
    if (isQuery && one.largest !== undefined) scaleTo(data, one.largest);
  }
  const exact = { ...plain, problem: { ...plain.problem, ...(scale !== undefined && { scale }) } };
  const approximation: Approximation = {
    ...{ method: 'auto', tolerance: 1e-3, seed: 1, confidence: 0.999, outputType: 'float32', roundedInputs: false },
    ...wish,
  };
  return { exact, approximate: { ...exact, problem: { ...exact.problem, mode, approximation } } };
}

function scaleTo(data: Float32Array, largest: number): void {
  let most = 0;
  for (const value of data) most = Math.max(most, Math.abs(value));
  for (let i = 0; i < data.length; i++) data[i] = ((data[i] as number) * largest) / most;
}

export interface Timed {
  /** From the request's tensors to its output, milliseconds: looking, choosing, waiting for threads and computing. */
  readonly ms: number;
  readonly result: Result;
}

/** The best of several runs, as many as fit into `budgetMs`, after one to warm up where that is short. */
export async function bestOf(engine: Engine, request: AttentionRequest, budgetMs = 1500): Promise<Timed> {
  let best: Timed | null = null;
  const began = performance.now();
  for (let run = 0; run < 40; run++) {
    const started = performance.now();
    // As the service does: memory goes from request to request.
    const lease = new Lease();
    const result = await engine.run(request, { signal: new AbortController().signal, timeoutMs: 2 ** 31 - 1, lease });
    const ms = performance.now() - started;
    lease.end(true);
    if (best === null || ms < best.ms) best = { ms, result };
    if (performance.now() - began + ms > budgetMs) break;
  }
  return best as Timed;
}
