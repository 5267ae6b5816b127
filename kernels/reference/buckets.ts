/**
 * The order of an elimination (math.md §6.5): which factors a variable meets when it is summed out, and what it leaves. It depends on
 * the step alone, not on the assignment. A factor is a table over at most two variables: a variable's own weights, the score and mask of a
 * pair, or the message of a variable that is gone.
 */
import type { Band, EliminateStep, Matrix, PairMask } from '../backend.ts';
import { type CutsetStep, edgeBand, fixedMasks, type HalfMask, halfMasks, type Term, termsOf } from './restriction.ts';

export interface Factor {
  readonly source: 'variable' | 'pair' | 'message';
  readonly variables: readonly number[]; // ascending, at most two
  readonly terms: readonly Term[];
  readonly masks: readonly HalfMask[]; // of one variable against fixed ones
  readonly band: Band; // of a pair, on the lower variable's row minus the higher one's
  /** Does not depend on the assignment. */
  readonly constant: boolean;
  /** Has an average of values beside its log-sum-exp; otherwise that is all ones. */
  readonly carries: boolean;
}

/** One variable is summed out. Factors are named by their place in `factors`. */
export interface Bucket {
  readonly variable: number;
  readonly neighbours: readonly number[]; // ascending, at most two
  readonly inputs: readonly number[];
  readonly output: number;
  /** The output stands already and is multiplied by what comes: two messages on one pair share a table. */
  readonly joins: boolean;
  /** Of masks between the two neighbours: entries outside need not be computed. */
  readonly band: Band;
  readonly constant: boolean;
}

export interface Buckets {
  readonly constants: readonly Term[];
  readonly masks: readonly PairMask[];
  readonly factors: readonly Factor[];
  readonly buckets: readonly Bucket[];
  /** What is left at the end: factors of x1, or of nothing. */
  readonly results: readonly number[];
}

const UNBOUNDED: Band = { lowest: -Infinity, highest: Infinity };

/**
 * @throws Error when cutset, order and a free x1 do not partition the variables, a monomial keeps more than two free variables, or a
 * variable has more than two neighbours when its turn comes.
 */
export function orderBuckets(step: EliminateStep<Matrix>): Buckets {
  const free = checkPartition(step);
  checkMonomials(step);
  const factors: Factor[] = [...free.map((variable) => ownFactor(step, variable)), ...pairFactors(step, free)];
  const buckets: Bucket[] = [];
  let live = factors.map((_, id) => id);
  for (const variable of step.order) {
    const inputs = live.filter((id) => factors[id].variables.includes(variable));
    live = live.filter((id) => !inputs.includes(id));
    const message = messageOf(step, variable, inputs, factors);
    const same = live.find((id) => canJoin(factors[id], message));
    const output = same ?? factors.push(message) - 1;
    if (same === undefined) live.push(output);
    const { variables: neighbours, band, constant } = message;
    buckets.push({ variable, neighbours, inputs, output, joins: same !== undefined, band, constant });
  }
  return { constants: termsOf(step, []), masks: fixedMasks(step), factors, buckets, results: live };
}

function ownFactor(step: CutsetStep, variable: number): Factor {
  const terms = termsOf(step, [variable]);
  const masks = halfMasks(step, variable);
  const constant = terms.every(({ fixed }) => fixed.length === 0) && masks.length === 0;
  return { source: 'variable', variables: [variable], terms, masks, band: UNBOUNDED, constant, carries: false };
}

/** Pairs that a monomial or a mask joins. */
function pairFactors(step: CutsetStep, free: readonly number[]): Factor[] {
  const factors: Factor[] = [];
  for (const [index, a] of free.entries()) {
    for (const b of free.slice(index + 1)) {
      const terms = termsOf(step, [a, b]);
      const masked = step.masks.some(({ row, column }) => (row === a && column === b) || (row === b && column === a));
      if (terms.length === 0 && !masked) continue;
      const constant = terms.every(({ fixed }) => fixed.length === 0);
      factors.push({
        source: 'pair',
        variables: [a, b],
        terms,
        masks: [],
        band: edgeBand(step, b, a),
        constant,
        carries: false,
      });
    }
  }
  return factors;
}

function messageOf(step: EliminateStep<Matrix>, variable: number, inputs: readonly number[], factors: readonly Factor[]): Factor {
  const variables = [...new Set(inputs.flatMap((id) => factors[id].variables))].filter((other) => other !== variable);
  variables.sort((a, b) => a - b);
  if (variables.length > 2) {
    throw new Error(`eliminate: x${variable} has neighbours ${variables.join(', ')} when its turn comes; two are possible`);
  }
  const [a, b] = variables;
  const hasValues = step.message !== null && step.variables[variable - 1].values !== null;
  return {
    source: 'message',
    variables,
    terms: [],
    masks: [],
    band: b === undefined ? UNBOUNDED : edgeBand(step, b, a),
    constant: inputs.every((id) => factors[id].constant),
    carries: hasValues || inputs.some((id) => factors[id].carries),
  };
}

/** A constant table must not take up what changes, nor one without an average of values what has one. */
function canJoin(standing: Factor, message: Factor): boolean {
  return (
    standing.source === 'message' &&
    message.variables.length === 2 &&
    standing.variables.join() === message.variables.join() &&
    standing.constant === message.constant &&
    (standing.carries || !message.carries)
  );
}

/** Gives the free variables, ascending. */
function checkPartition({ variables, cutset, order }: EliminateStep<Matrix>): number[] {
  const free = [...order, ...(cutset.includes(1) ? [] : [1])].sort((a, b) => a - b);
  const all = [...cutset, ...free].sort((a, b) => a - b);
  if (all.length !== variables.length || all.some((variable, index) => variable !== index + 1)) {
    throw new Error(
      `eliminate: cutset, order and x1 hold variables ${all.join(', ')} instead of 1 to ${variables.length} once each`,
    );
  }
  if (cutset.some((variable, index) => index > 0 && variable < cutset[index - 1])) {
    throw new Error('eliminate: the cutset is not ascending');
  }
  return free;
}

function checkMonomials({ monomials, cutset }: EliminateStep<Matrix>): void {
  for (const { variables } of monomials) {
    const free = variables.filter((variable) => !cutset.includes(variable));
    if (free.length > 2) throw new Error(`eliminate: variables ${variables.join(', ')} keep ${free.length} free variables`);
  }
}
