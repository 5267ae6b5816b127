import type { AttentionRequest, Operand, Problem } from '../src/contract/request.ts';
import { parsePolynomial } from '../src/polynomial/parse.ts';
import { type Engine, startEngine } from '../src/schedule/engine.ts';
import { allocate } from '../src/tensor/allocate.ts';

/** What the benches of the planner share: an engine without limits, and requests of random tensors. */

export function benchEngine(threads: number): Promise<Engine> {
  const backends = ['native', 'reference'] as const;
  const unlimited = { maxInflightBytes: 2 ** 34, maxQueueSeconds: 1e9, maxSyncSeconds: 1e9, maxResultBytes: 2 ** 34 };
  return startEngine({ threads, backends, nativeIsa: null, ...unlimited });
}

export interface BenchCase {
  readonly polynomial: string;
  readonly n: number;
  readonly d: number;
  readonly dv?: number;
  readonly heads?: number;
  readonly mask?: Problem['mask'];
  readonly backend?: Problem['backend'];
  readonly precision?: Problem['precision'];
}

export function benchRequest({
  polynomial: text,
  n,
  d,
  dv = d,
  heads = 1,
  mask = { type: 'none' },
  backend = 'auto',
  precision = 'float32',
}: BenchCase): AttentionRequest {
  const polynomial = parsePolynomial(text);
  const t = polynomial.variableCount;
  const operands = new Map<string, Operand>();
  for (let j = 1; j <= t; j++) {
    for (const [role, cols] of [
      ['q', d],
      ['v', dv],
    ] as const) {
      if (role === 'v' && j === 1) continue;
      const tensor = allocate(precision, [1, heads, n, cols]);
      for (let i = 0; i < tensor.data.length; i++) tensor.data[i] = Math.random() * 2 - 1;
      operands.set(`${role}${j}`, { name: `${role}${j}`, tensor, batch: 1, heads, rows: n, cols });
    }
  }
  const problem: Problem = {
    polynomial,
    batch: 1,
    heads,
    rows: new Array<number>(t).fill(n),
    d,
    dv,
    hasValues: Array.from({ length: t }, (_, index) => index > 0),
    hasBias: new Array<boolean>(t).fill(false),
    scale: 1 / d,
    mask,
    projected: { names: [], m: 0 },
    mode: 'exact',
    algorithm: 'auto',
    precision,
    backend,
  };
  const output = { encoding: 'flat', logSumExp: false, weights: false } as const;
  return { problem, operands, lengths: null, outputRank: 2, output, errorReport: null, timeoutMs: undefined };
}

/** Processor time is counted in clock ticks of up to 10 ms: a batch of runs takes at least this long. */
const BATCH_PROCESSOR_MS = 300;

/**
 * Least time that one compute thread was seen to need, milliseconds: by the clock, or by the process's processor time over a batch of
 * runs, which other processes do not lengthen. The latter holds the event loop's share, which only short requests feel.
 */
export async function bestThreadMs(engine: Engine, request: AttentionRequest, batches = 3): Promise<number> {
  const run = async (): Promise<number> => {
    const { timing } = await engine.run(request, { signal: new AbortController().signal, timeoutMs: 2 ** 31 - 1 });
    return timing.computeMs;
  };
  await run();
  let best = Number.POSITIVE_INFINITY;
  for (let batch = 0; batch < batches; batch++) {
    const before = process.cpuUsage();
    let [runs, processor] = [0, 0];
    do {
      best = Math.min(best, await run());
      const { user, system } = process.cpuUsage(before);
      processor = (user + system) / 1e3;
      runs++;
    } while (processor < BATCH_PROCESSOR_MS);
    best = Math.min(best, processor / runs);
  }
  return best;
}

/** Best compute time of several runs after a warm-up, milliseconds. */
export async function bestMs(engine: Engine, request: AttentionRequest, runs = 3): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run <= runs; run++) {
    const { timing } = await engine.run(request, { signal: new AbortController().signal, timeoutMs: 2 ** 31 - 1 });
    if (run > 0) best = Math.min(best, timing.computeMs);
  }
  return best;
}
