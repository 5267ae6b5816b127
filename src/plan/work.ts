import type { ConditionedStep, Monomial, PairMask, Work } from '../../kernels/backend.ts';
import { EDGE_BLOCK } from './masks.ts';

/** Modelled work of the steps (math.md §6.6): multiply-add = 2 flops, bytes = operands read and results written once. */

/** `share` is what a mask leaves of the pairs. */
export function attendWork(nq: number, nk: number, d: number, dv: number, width: number, share = 1): Work {
  const pairs = nq * nk * share;
  return { flops: 2 * pairs * (d + dv), exponentials: pairs, bytes: width * (nq + nk) * (d + dv + 1) };
}

export function projectWork(rows: number, m: number, cols: number, width: number): Work {
  return { flops: 2 * rows * m * cols, exponentials: 0, bytes: width * (rows * (m + cols) + m * cols) };
}

/** Depth-2 prefixes (math.md §7): about half of all pairs, for the child's edge and for every grandchild's. */
export function prefixWork(
  n1: number,
  child: number,
  grandchildren: readonly number[],
  d: number,
  dv: number,
  width: number,
): Work {
  const edges = [n1 * child, ...grandchildren.map((n) => child * n)].map((pairs) => pairs / 2);
  const pairs = edges.reduce((sum, edge) => sum + edge, 0);
  // Every step rescales, adds to and reads back a state of dv + 2 numbers for each row of the child: memory, not arithmetic, sets the pace.
  const states = (grandchildren.length * n1 * child) / 2;
  return {
    flops: 2 * pairs * (d + 2 * dv) + 8 * states * dv,
    exponentials: pairs + states,
    bytes: width * (n1 + child) * (d + dv + 1),
  };
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
 * a bias for each monomial with one free variable, and an average over each root. Masks shorten the ranges.
 */
export function conditionedWork(
  step: Pick<ConditionedStep<unknown>, 'cutset' | 'forest' | 'monomials' | 'masks'>,
  rows: readonly number[],
  d: number,
  dv: number,
  width: number,
): Work {
  const n = (variable: number): number => (rows[variable - 1] as number) * rangeShare(step.masks, step.cutset, rows, variable);
  const assignments = step.cutset.reduce((product, variable) => product * n(variable), 1);
  let flops = 0;
  let exponentials = 0;
  // Rows that every assignment weighs and packs anew, and messages that it writes and reads.
  let moved = 0;
  for (const { variable, parent } of step.forest) {
    if (variable === 1 && parent === 0) continue; // the root x1 is not summed
    if (parent !== 0) moved += 2 * width * n(parent) * (d + dv);
    const pairs = n(variable) * (parent === 0 ? 1 : n(parent));
    flops += pairs * (parent === 0 ? 2 * dv : 2 * (d + dv));
    exponentials += pairs;
  }
  for (const { variables } of step.monomials) {
    const free = variables.filter((variable) => !step.cutset.includes(variable));
    if (free.length === 1) flops += 2 * n(free[0] as number) * d;
  }
  const bytes = width * rows.reduce((sum, count) => sum + count * (d + dv + 1), 0) + assignments * moved;
  return { flops: assignments * flops, exponentials: assignments * (exponentials + 1), bytes };
}

/**
 * The share of a variable's rows that masks towards fixed variables leave, as a root mean square: ranges multiply in pairs, and the
 * mean of a product of two ranges that grow together is that of their squares.
 */
function rangeShare(masks: readonly PairMask[], cutset: readonly number[], rows: readonly number[], variable: number): number {
  let share = 1;
  for (const { row, column, lowest, highest } of masks) {
    const other = row === variable ? column : column === variable ? row : 0;
    if (other === 0 || !cutset.includes(other)) continue;
    if (cutset.includes(variable) && other > variable) continue;
    const width = highest - lowest + 1;
    const n = rows[variable - 1] as number;
    share = Math.min(share, Number.isFinite(width) ? Math.min(1, (width + EDGE_BLOCK / 2) / n) : Math.sqrt(1 / 3));
  }
  return share;
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
