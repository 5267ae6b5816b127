import { type Engine, startEngine } from '../src/schedule/engine.ts';
import { judge, type Verdict } from '../test/property/certified-case.ts';

/** Seeds of one chunk. */
export const SEEDS = 500;
/** Requests under way at once: while one is computed, the next is planned and another one judged. */
const AT_ONCE = 4;

/** What was found of the seeds `first` .. `first + SEEDS - 1`. */
export interface Chunk {
  readonly first: number;
  readonly seconds: number;
  readonly methods: Record<string, MethodCounts>;
  /** Requests beyond their proved certificates, or that failed, one line each. */
  readonly violations: readonly string[];
}

export interface MethodCounts {
  answered: number;
  refused: number;
  /** Requests with a probabilistic certificate, how many of them had an entry beyond it, and entries that may be, on average. */
  probabilistic: number;
  missed: number;
  allowance: number;
  /** Certified error over measured one, of the answers with an error at all. */
  ratios: number[];
}

export function startJudging(): Promise<Engine> {
  const limits = { maxInflightBytes: 2 ** 30, maxQueueSeconds: 1e6, maxSyncSeconds: 1e6, maxResultBytes: 2 ** 30 };
  return startEngine({ threads: 1, backends: ['native', 'reference'], nativeIsa: null, ...limits });
}

export async function judgeChunk(engine: Engine, first: number): Promise<Chunk> {
  const began = performance.now();
  const chunk: Chunk & { violations: string[] } = { first, seconds: 0, methods: {}, violations: [] };
  let seed = first;
  const lane = async (): Promise<void> => {
    while (seed < first + SEEDS) count(chunk, await judge(engine, seed++));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return { ...chunk, seconds: (performance.now() - began) / 1e3 };
}

function count({ methods, violations }: Chunk & { violations: string[] }, verdict: Verdict): void {
  const { method, outcome, kind, allowance, certified, measured, shown } = verdict;
  methods[method] ??= { answered: 0, refused: 0, probabilistic: 0, missed: 0, allowance: 0, ratios: [] };
  const own = methods[method];
  if (outcome === 'refused') {
    own.refused++;
    return;
  }
  own.answered++;
  if (kind === 'probabilistic') {
    own.probabilistic++;
    own.allowance += allowance;
    if (outcome === 'violated') own.missed++;
  } else if (outcome === 'violated') {
    violations.push(`certified ${certified}, measured ${measured}: ${shown}`);
  }
  if (measured > 0 && Number.isFinite(certified)) own.ratios.push(Number((certified / measured).toPrecision(3)));
}
