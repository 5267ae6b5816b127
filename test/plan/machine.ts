import type { BackendDescription, Rates, StepKind } from '../../kernels/backend.ts';
import { readAnalysis } from '../../src/contract/analysis.ts';
import type { Problem } from '../../src/contract/request.ts';
import { compile } from '../../src/plan/compile.ts';
import type { Machine, Plan, Stage } from '../../src/plan/plan.ts';

/** Machines that do not exist, so that what the planner decides depends on nothing here. */

export const BASIC: StepKind[] = ['attend', 'combine', 'conditioned', 'merge'];
export const ALL: StepKind[] = [...BASIC, 'cycle', 'prefix', 'eliminate', 'project', 'definition'];

const RATES: Rates = { flopsPerSecond: 1e10, exponentialsPerSecond: 1e9, bytesPerSecond: 1e10, tileSeconds: 2e-5 };

export function backend(
  name: BackendDescription['name'],
  steps: readonly StepKind[],
  speed = 1,
  precisions: readonly ('float32' | 'float64')[] = ['float32', 'float64'],
): BackendDescription {
  const rates = { ...RATES, flopsPerSecond: 1e10 * speed, exponentialsPerSecond: 1e9 * speed, bytesPerSecond: 1e10 * speed };
  return {
    name,
    precisions,
    steps,
    isa: null,
    device: 'cpu',
    rates: Object.fromEntries(precisions.map((precision) => [precision, rates])),
  };
}

export function machine(...backends: BackendDescription[]): Machine {
  return { backends, unavailable: { webgpu: 'no Vulkan device' }, threads: 2 };
}

/** What conditions on everything that is no tree, and what has every step. */
export const SIMPLE = machine(backend('reference', BASIC));
export const FULL = machine(backend('reference', ALL));

export function problemOf(polynomial: string, options: Record<string, unknown> = {}): Problem {
  return readAnalysis({ tensors: new Map(), options: { polynomial, shape: { n: 64, d: 8 }, ...options } }).problem;
}

export function planOf(polynomial: string, options: Record<string, unknown> = {}, on: Machine = FULL): Plan {
  return compile(problemOf(polynomial, options), on);
}

/** Stages in words, level by level: `attend 3; combine; attend 2`, those of one level joined by `+`. */
export function outline({ stages }: Plan): string {
  const words = ({ step, variable }: Stage): string => (step.kind === 'attend' ? `attend ${variable}` : step.kind);
  const levels = [...new Set(stages.map(({ level }) => level))].sort((a, b) => a - b);
  return levels
    .map((level) =>
      stages
        .filter((stage) => stage.level === level)
        .map(words)
        .sort()
        .join(' + '),
    )
    .join('; ');
}
