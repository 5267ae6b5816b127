import type { Problem } from '../../contract/request.ts';
import { type Block, blockTree } from '../../polynomial/blocks.ts';
import type { Plan } from '../plan.ts';
import { roughError } from './exponential.ts';
import { rank } from './work.ts';

/** A few scores and values, for deciding whether to look at all of them, and for modelling; certificates know nothing of it. */
export interface Glance {
  /** By block, row by row of some rows, those of some keys with their biases; empty where the block is no pair. */
  readonly scores: readonly (readonly Float64Array[])[];
  /** Roughly that of the values' product. */
  readonly range: number;
}

export type GlancedBlock = Pick<Block, 'root' | 'variables' | 'monomials'>;

/** Below this, a look at all tensors takes a share of the time that can be felt, and fewer coordinates are not looked for (compression.ts). */
const SHORT_SECONDS = 0.5;

/** The blocks of a forest of pairs, where mode 'auto' is left to decide and a few scores may be enough for that; none otherwise. */
export function glancedPairs(problem: Problem, exact: Plan): readonly GlancedBlock[] {
  const { mode, approximation, mask, polynomial, projected } = problem;
  const open = mode === 'auto' && approximation?.method === 'auto' && mask.type === 'none' && projected.names.length === 0;
  if (!open || exact.seconds > SHORT_SECONDS) return [];
  const { blocks } = blockTree(polynomial);
  return blocks.every(({ variables }) => variables.length === 2) ? blocks : [];
}

/** Of the keys in sight, those that a row has within `dropBelow` of its largest score; 1 where nothing is in sight. */
export function keptShare(rows: readonly Float64Array[], dropBelow: number): number {
  let [kept, all] = [0, 0];
  for (const row of rows) {
    let most = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < row.length; k++) most = Math.max(most, row[k] as number);
    for (let k = 0; k < row.length; k++) if ((row[k] as number) >= most - dropBelow) kept++;
    all += row.length;
  }
  return all === 0 ? 1 : kept / all;
}

/** Keys that stay below which pruning may pay (pruning.ts). */
export const WORTH_TRYING = 0.7;

/**
 * Whether the scores in sight say that nothing approximates in less time than exact takes: every block is a pair, a polynomial that is good enough for scores
 * of typical size alone, less their rows' and keys' means, has more features than there are rows, and hardly any key can be left out.
 */
export function isHopeless({ rows, d, approximation }: Problem, { scores, range }: Glance): boolean {
  const share = Math.min(0.5, (approximation?.tolerance ?? 0) / Math.max(range, 1e-300));
  const n = Math.max(...rows);
  return scores.every((sample) => {
    if (sample.length < 4 || (sample[0] as Float64Array).length < 16) return false;
    const size = typicalSize(sample);
    let degree = 1;
    while (degree < 24 && roughError('minimax', degree, size) > share) degree++;
    return rank(d, degree) > n && keptShare(sample, Math.log(n / share)) > WORTH_TRYING;
  });
}

/** Root of the mean square of doubly centred scores (math.md §3.3); infinite biases count for nothing. */
function typicalSize(sample: readonly Float64Array[]): number {
  const [rows, count] = [sample.length, (sample[0] as Float64Array).length];
  const [rowMeans, columnMeans] = [new Float64Array(rows), new Float64Array(count)];
  const score = (i: number, k: number): number => {
    const value = (sample[i] as Float64Array)[k] as number;
    return Number.isFinite(value) ? value : 0;
  };
  let all = 0;
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < count; k++) {
      const value = score(i, k);
      rowMeans[i] = (rowMeans[i] as number) + value / count;
      columnMeans[k] = (columnMeans[k] as number) + value / rows;
      all += value / (rows * count);
    }
  }
  let squares = 0;
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < count; k++) squares += (score(i, k) - (rowMeans[i] as number) - (columnMeans[k] as number) + all) ** 2;
  }
  return Math.sqrt(squares / (rows * count));
}
