import type { ConditionedStep, Monomial, Work } from '../../kernels/backend.ts';

/** Modelled work of the steps (math.md §6.6): multiply-add = 2 flops, bytes = operands read and results written once. */

export function attendWork(nq: number, nk: number, d: number, dv: number, width: number): Work {
  return { flops: 2 * nq * nk * (d + dv), exponentials: nq * nk, bytes: width * (nq + nk) * (d + dv + 1) };
}

export function combineWork(rows: number, dv: number, inputs: number, width: number): Work {
  return { flops: rows * (dv + 1) * inputs, exponentials: 0, bytes: width * rows * (dv + 1) * (inputs + 1) };
}

export function mergeWork(rows: number, dv: number, parts: number, width: number): Work {
  return { flops: 3 * rows * dv * parts, exponentials: rows * parts, bytes: width * rows * (dv + 1) * (parts + 1) };
}

/** The definition: every tuple twice, each monomial a product over its variables (math.md §1.2). */
export function definitionWork(
  rows: readonly number[],
  monomials: readonly Monomial[],
  d: number,
  dv: number,
  width: number,
): Work {
  const tuples = rows.reduce((product, n) => product * n, 1);
  const score = d * monomials.reduce((sum, { variables }) => sum + variables.length, 0);
  return {
    flops: tuples * (2 * score + dv * rows.length),
    exponentials: tuples,
    bytes: width * rows.reduce((sum, n) => sum + n * (d + dv + 1), 0),
  };
}

/**
 * Conditioning (math.md §6.4): per assignment of the cutset one weighted edge, 2 n_p n_c (d + dv), for each edge of the residual forest,
 * a bias for each monomial with one free variable, and an average over each root.
 */
export function conditionedWork(
  step: Pick<ConditionedStep<unknown>, 'cutset' | 'forest' | 'monomials'>,
  rows: readonly number[],
  d: number,
  dv: number,
  width: number,
): Work {
  const n = (variable: number): number => rows[variable - 1] as number;
  const assignments = step.cutset.reduce((product, variable) => product * n(variable), 1);
  let flops = 0;
  let exponentials = 0;
  for (const { variable, parent } of step.forest) {
    const pairs = n(variable) * (parent === 0 ? 1 : n(parent));
    if (variable === 1 && parent === 0) continue; // the root x1 is not summed
    flops += pairs * (parent === 0 ? 2 * dv : 2 * (d + dv));
    exponentials += pairs;
  }
  for (const { variables } of step.monomials) {
    const free = variables.filter((variable) => !step.cutset.includes(variable));
    if (free.length === 1) flops += 2 * n(free[0] as number) * d;
  }
  const bytes = width * rows.reduce((sum, count) => sum + count * (d + dv + 1), 0);
  return { flops: assignments * flops, exponentials: assignments * (exponentials + 1), bytes };
}

/** A cycle by one GEMM per summed vertex beyond the first (math.md §6.3): 2 n^3 (dv + 1) each, and n^2 exponentials per edge. */
export function cycleWork(rows: readonly number[], d: number, dv: number, width: number): Work {
  const ring = [...rows, rows[0] as number];
  let flops = 0;
  let exponentials = 0;
  for (let i = 0; i + 1 < ring.length; i++) {
    const pairs = (ring[i] as number) * (ring[i + 1] as number);
    flops += 2 * pairs * d;
    exponentials += pairs;
  }
  for (let i = 1; i + 2 < ring.length; i++) {
    flops += 2 * (ring[0] as number) * (ring[i] as number) * (ring[i + 1] as number) * (dv + 1);
  }
  return { flops, exponentials, bytes: width * rows.reduce((sum, n) => sum + n * (d + dv + 1), 0) };
}

export function addWork(all: readonly Work[], times = 1): Work {
  const total = { flops: 0, exponentials: 0, bytes: 0 };
  for (const { flops, exponentials, bytes } of all) {
    total.flops += times * flops;
    total.exponentials += times * exponentials;
    total.bytes += times * bytes;
  }
  return total;
}
