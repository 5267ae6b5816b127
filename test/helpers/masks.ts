import { monomialsOf, variableCountOf } from './polynomials.ts';

/** Masks in the words of math.md §7, for the oracle: nothing of the project's planner in it. */

export const maskNames = ['edge-causal', 'root-causal', 'edge-window', 'root-window'] as const;
export type MaskName = (typeof maskNames)[number];

export interface MaskCase {
  readonly mask: { type: MaskName; window?: number[] };
  readonly admissible: (tuple: readonly number[]) => boolean;
}

export function maskOf(type: MaskName, polynomial: string, next: () => number): MaskCase {
  const t = variableCountOf(polynomial);
  const windowed = type.endsWith('window');
  const window = Array.from({ length: t - 1 }, () => 1 + Math.floor(next() * 3));
  const pairs = type.startsWith('root') ? Array.from({ length: t - 1 }, (_, j) => [1, j + 2] as const) : orientedPairs(polynomial);
  const within = (parent: number, child: number, j: number): boolean =>
    parent >= child && (!windowed || parent - child < (window[j - 2] as number));
  return {
    mask: { type, ...(windowed && { window }) },
    admissible: (tuple) => pairs.every(([parent, child]) => within(tuple[parent - 1] as number, tuple[child - 1] as number, child)),
  };
}

/** [parent, child] of every joined pair: the parent is nearer to x1, or of the smaller index; components without x1 hang on x1. */
function orientedPairs(polynomial: string): (readonly [number, number])[] {
  const t = variableCountOf(polynomial);
  const joined = monomialsOf(polynomial).flatMap(({ variables }) =>
    variables.flatMap((a) => variables.map((b) => [a, b] as const)),
  );
  const depth = new Map([[1, 0]]);
  const hung: [number, number][] = [];
  for (let level = 0; depth.size < t; level++) {
    const fresh = joined.filter(([a, b]) => depth.get(a) === level && !depth.has(b)).map(([, b]) => b);
    for (const variable of fresh) depth.set(variable, level + 1);
    if (fresh.length > 0 || level < t) continue;
    const root = Array.from({ length: t }, (_, j) => j + 1).find((variable) => !depth.has(variable)) as number;
    depth.set(root, 1);
    hung.push([1, root]);
    level = -1;
  }
  const deep = (variable: number): number => depth.get(variable) as number;
  const oriented = joined.filter(([a, b]) => deep(a) < deep(b) || (deep(a) === deep(b) && a < b));
  return [...hung, ...oriented];
}
