import { ServiceError } from '../src/errors.ts';
import type { Engine } from '../src/schedule/engine.ts';
import { bestOf, requestsOf } from './approximate-data.ts';

export interface ThresholdPoint {
  readonly B: number;
  /** Smallest degree that certifies 1e-3; null where none does. */
  readonly degree: number | null;
  readonly rank: number | null;
  readonly ms: number;
  /** Whether mode 'auto' approximated. */
  readonly used: boolean;
}

export interface Threshold {
  readonly n: number;
  readonly d: number;
  /** (ln n)^(1/k). */
  readonly threshold: number;
  readonly exactMs: number;
  readonly points: readonly ThresholdPoint[];
}

/** Degree and time of tensor(3) against B for one n: below (ln n)^(1/3) a few features do, beyond it none are few enough (math.md §3.0). */
export async function measureThreshold(engine: Engine): Promise<Threshold> {
  const [n, d] = [1024, 8];
  const shape = { polynomial: 'x1*x2*x3', n, d };
  const exactMs = (await bestOf(engine, requestsOf({ ...shape, entries: 1 }).exact, 2000)).ms;
  const points: ThresholdPoint[] = [];
  for (const B of [0.25, 0.35, 0.5, 0.7, 1, 1.2, 1.4, 1.6, 1.8, 2, 2.2, 2.5, 3]) {
    const { ms, result } = await bestOf(engine, requestsOf({ ...shape, entries: B, mode: 'auto' }).approximate, 1200);
    const { used = false } = result.plan.approximation ?? {};
    points.push({ B, ms, used, ...(await certifiedDegree(engine, B, shape)) });
  }
  return { n, d, threshold: Math.log(n) ** (1 / 3), exactMs, points };
}

async function certifiedDegree(
  engine: Engine,
  B: number,
  shape: { readonly polynomial: string; readonly n: number; readonly d: number },
): Promise<{ degree: number | null; rank: number | null }> {
  try {
    const { approximate } = requestsOf({ ...shape, entries: B, wish: { method: 'minimax' } });
    const { result } = await bestOf(engine, approximate, 0);
    const { degree = null, rank = null } = result.plan.approximation ?? {};
    return { degree, rank };
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'tolerance_unreachable') return { degree: null, rank: null };
    throw error;
  }
}

export interface Ratios {
  readonly method: string;
  readonly n: number;
  readonly cases: number;
  readonly least: number;
  readonly median: number;
  readonly most: number;
}

/** Certified error over measured one, over classes, sizes of entries and tolerances. */
export async function measureRatios(engine: Engine): Promise<Ratios[]> {
  const polynomials = ['x1*x2', 'x1*x2 + x2*x3', 'x1*x2*x3', 'x1*x2 + x1*x3 + x2*x3'];
  const all: Ratios[] = [];
  for (const method of ['taylor', 'minimax'] as const) {
    for (const n of [4, 192]) {
      const ratios: number[] = [];
      for (const polynomial of polynomials) {
        for (const entries of [0.25, 0.5, 0.75, 1]) {
          for (const tolerance of [1e-2, 1e-3, 1e-4]) {
            const ratio = await ratioOf(engine, { polynomial, n, entries, wish: { method, tolerance } });
            if (ratio !== null) ratios.push(ratio);
          }
        }
      }
      ratios.sort((a, b) => a - b);
      const at = (p: number): number => ratios[Math.floor(p * (ratios.length - 1))] ?? Number.NaN;
      all.push({ method, n, cases: ratios.length, least: at(0), median: at(0.5), most: at(1) });
    }
  }
  return all;
}

interface RatioCase {
  readonly polynomial: string;
  readonly n: number;
  readonly entries: number;
  readonly wish: { readonly method: 'taylor' | 'minimax'; readonly tolerance: number };
}

async function ratioOf(engine: Engine, one: RatioCase): Promise<number | null> {
  const { approximate } = requestsOf({ ...one, d: 16, dv: 8 });
  try {
    const { result } = await bestOf(engine, { ...approximate, errorReport: { type: 'full', rows: 0, seed: 1 } }, 0);
    const [certified, measured] = [result.plan.approximation?.certificate?.maxAbsError, result.measured?.maxAbsError];
    return certified === undefined || measured === undefined ? null : certified / measured;
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'tolerance_unreachable') return null;
    throw error;
  }
}
