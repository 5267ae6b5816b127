import type { Band, PairMask } from '../../kernels/backend.ts';
import type { Problem } from '../contract/request.ts';
import { neighboursOf, primalGraph, toVariables } from '../polynomial/graph.ts';
import type { MaskEdge, Polynomial } from '../polynomial/polynomial.ts';

/**
 * The request's mask as pair masks (math.md §7). Edge masks need an orientation: of two joined variables the one nearer to x1 is the
 * parent, and of two equally near the one with the smaller index. A component without x1 hangs on x1, or its tokens would leak the future.
 */
export function pairMasks({ polynomial, mask }: Pick<Problem, 'polynomial' | 'mask'>): PairMask[] {
  const { type, window } = mask;
  if (type === 'none') return [];
  const windowed = type === 'edge-window' || type === 'root-window';
  const highest = (column: number): number => (windowed ? (window?.[column - 2] as number) - 1 : Number.POSITIVE_INFINITY);
  const pairs = type.startsWith('root') ? rootPairs(polynomial) : orientedPairs(polynomial);
  return pairs.map(([row, column]) => ({ row, column, lowest: 0, highest: highest(column) }));
}

export function maskEdges(masks: readonly PairMask[]): MaskEdge[] {
  return masks.map(({ row, column }) => [row, column]);
}

function rootPairs(polynomial: Polynomial): MaskEdge[] {
  return Array.from({ length: polynomial.variableCount - 1 }, (_, index) => [1, index + 2]);
}

function orientedPairs(polynomial: Polynomial): MaskEdge[] {
  const graph = primalGraph(polynomial);
  const t = polynomial.variableCount;
  const distance = new Array<number>(t + 1).fill(-1);
  const edges: MaskEdge[] = [];
  for (let root = 1; root <= t; root++) {
    if (distance[root] !== -1) continue;
    if (root > 1) edges.push([1, root]);
    distance[root] = root > 1 ? 1 : 0;
    const queue = [root];
    for (let variable = queue.shift(); variable !== undefined; variable = queue.shift()) {
      for (const next of toVariables(neighboursOf(graph, variable))) {
        if (distance[next] !== -1) continue;
        distance[next] = (distance[variable] as number) + 1;
        queue.push(next);
      }
    }
  }
  const nearer = (a: number, b: number): boolean =>
    (distance[a] as number) < (distance[b] as number) || (distance[a] === distance[b] && a < b);
  for (let a = 1; a <= t; a++) for (const b of toVariables(neighboursOf(graph, a))) if (nearer(a, b)) edges.push([a, b]);
  return edges;
}

/** What masks between two variables leave, as a band on (parent row - child row); null where nothing is masked. */
export function bandBetween(masks: readonly PairMask[], parent: number, child: number): Band | null {
  let [lowest, highest] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (const mask of masks) {
    const forward = mask.row === parent && mask.column === child;
    const backward = mask.row === child && mask.column === parent;
    if (!forward && !backward) continue;
    lowest = Math.max(lowest, forward ? mask.lowest : -mask.highest);
    highest = Math.min(highest, forward ? mask.highest : -mask.lowest);
  }
  return lowest === Number.NEGATIVE_INFINITY && highest === Number.POSITIVE_INFINITY ? null : { lowest, highest };
}

/** Kernels skip whole blocks of keys; the blocks on a band's edges are computed whole. */
export const EDGE_BLOCK = 64;

/** The share of the pairs (row, key) that a kernel computes under a band when it skips what is masked, block by block. */
export function bandShare(band: Band | null, rows: number, keys: number): number {
  if (band === null) return 1;
  let admitted = 0;
  const samples = Math.min(rows, 64);
  for (let i = 0; i < samples; i++) {
    const row = Math.floor(((i + 0.5) * rows) / samples);
    const own = Math.min(keys - 1, row - band.lowest) - Math.max(0, row - band.highest) + 1;
    if (own > 0) admitted += Math.min(keys, own + EDGE_BLOCK);
  }
  return admitted / (samples * keys);
}
