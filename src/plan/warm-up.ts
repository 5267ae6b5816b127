import type { Problem } from '../contract/request.ts';
import { ServiceError } from '../errors.ts';
import { parsePolynomial } from '../polynomial/parse.ts';
import { compile } from './compile.ts';
import type { Machine, Plan } from './plan.ts';

/** Between them these take every method of a block (solve.ts) and every kind of mask. */
const POLYNOMIALS = [
  'x1*x2 + x2*x3 + x2*x4',
  'x1*x2 + x2*x3 + x1*x3',
  'x1*x2 + x1*x3 + x2*x3 + x2*x4 + x3*x4',
  'x1*x2*x3 + x3*x4 + x4*x5 + x5*x6 + x4*x6',
];
const MASKS = ['none', 'edge-causal', 'root-causal', 'edge-window', 'root-window'] as const;

function sample(text: string, type: (typeof MASKS)[number]): Problem {
  const polynomial = parsePolynomial(text);
  const t = polynomial.variableCount;
  return {
    polynomial,
    batch: 1,
    heads: 1,
    rows: new Array<number>(t).fill(256),
    d: 64,
    dv: 64,
    hasValues: Array.from({ length: t }, (_, index) => index > 0),
    hasBias: new Array<boolean>(t).fill(false),
    scale: 1 / 64,
    mask: type.endsWith('window') ? { type, window: new Array<number>(t - 1).fill(64) } : { type },
    projected: { names: [], m: 0 },
    mode: 'exact',
    algorithm: 'auto',
    precision: 'float32',
    backend: 'auto',
  };
}

/**
 * The first plan of a process costs 10 to 20 ms, most of it the engine's own compiling of this code (bench/compile.ts): paid at start, it
 * does not fall on the first request. Gives the plans; one that no back end of the machine can run is left out.
 */
export function warmUp(machine: Machine): Plan[] {
  const plans: Plan[] = [];
  for (const text of POLYNOMIALS) {
    for (const type of MASKS) {
      try {
        plans.push(compile(sample(text, type), machine));
      } catch (error) {
        if (!(error instanceof ServiceError) || error.code !== 'unsupported_on_backend') throw error;
      }
    }
  }
  return plans;
}
