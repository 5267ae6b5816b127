/**
 * The assignments of a cutset, and for a chunk of them what the host computes in fp64 and the kernels read: weights of edges and of unary
 * terms, ranges that masks leave, scores and values of the fixed rows (math.md §6.4).
 */
import type { ConditionedStep, Matrix } from '../backend.ts';
import { addWeights, constantScore, multiplyFixedValues } from '../reference/assignments.ts';
import { widen } from '../reference/operands.ts';
import type { HalfMask, Restriction } from '../reference/restriction.ts';
import type { ForestPlan, NodePlan } from './forest-plan.ts';
import { NONE } from './shaders/fields.ts';

type Step = ConditionedStep<Matrix>;

/** One choice of rows for the fixed variables of one of the problems. */
export interface Assignment {
  /** Which of the problems. */
  readonly member: number;
  /** Which of the `heads`. */
  readonly head: number;
  readonly rows: Int32Array; // row of each fixed variable, by variable - 1; the same array for all
}

/**
 * Every assignment of every problem whose first cutset variable takes one of the rows `heads`, those of one head in a row; one each where
 * nothing is fixed.
 */
export function* assignments(steps: readonly Step[], heads: readonly number[]): Generator<Assignment, void> {
  for (const member of steps.keys()) yield* assignmentsOf(steps[member], member, heads);
}

function* assignmentsOf({ cutset, variables }: Step, member: number, heads: readonly number[]): Generator<Assignment, void> {
  const rows = new Int32Array(variables.length);
  if (cutset.length === 0) {
    yield { member, head: 0, rows };
    return;
  }
  const sizes = cutset.slice(1).map((variable) => variables[variable - 1].queries.rows);
  const count = sizes.reduce((product, size) => product * size, 1);
  for (const [head, row] of heads.entries()) {
    rows[cutset[0] - 1] = row;
    for (let number = 0; number < count; number++) {
      for (let i = sizes.length - 1, rest = number; i >= 0; i--) {
        rows[cutset[i + 1] - 1] = rest % sizes[i];
        rest = Math.floor(rest / sizes[i]);
      }
      yield { member, head, rows };
    }
  }
}

/** The tables of one chunk. */
export class AssignmentTables {
  readonly data: Float32Array<ArrayBuffer>;
  /** For each assignment in the chunk the group of the results that it counts towards: a row of x1 of a problem, or the problem where x1 is free. */
  readonly results: number[] = [];
  /** Groups that the chunk touches. */
  groups = 0;
  readonly #steps: readonly Step[];
  readonly #restriction: Restriction;
  readonly #plan: ForestPlan;
  /** Rows of each problem's variables, of which only the fixed ones' are read. */
  readonly #rows: readonly (readonly Float64Array[])[];
  readonly #resultsOfMember: number;
  readonly #weight: Float64Array;
  readonly #values: Float64Array;

  /** All steps are of one shape, to which `restriction` belongs. */
  constructor(steps: readonly Step[], restriction: Restriction, plan: ForestPlan) {
    this.data = new Float32Array(plan.tablesEnd - plan.tables);
    this.#steps = steps;
    this.#restriction = restriction;
    this.#plan = plan;
    this.#rows = steps.map(({ variables, cutset }) =>
      variables.map(({ queries }, j) => (cutset.includes(j + 1) ? widen(queries) : new Float64Array(0))),
    );
    this.#resultsOfMember = plan.resultRows / plan.groupRows / plan.memberCount;
    this.#weight = new Float64Array(plan.d);
    this.#values = new Float64Array(plan.dv);
  }

  /** Takes assignments until the chunk is full or there are none left; those that masks or biases forbid are left out. */
  fill(source: Iterator<Assignment, void>): void {
    this.results.length = 0;
    while (this.results.length < this.#plan.slices) {
      const next = source.next();
      if (next.done === true) break;
      this.#add(next.value);
    }
    this.#group();
  }

  #add({ member, head, rows }: Assignment): void {
    const step = this.#steps[member];
    const own = this.#rows[member];
    const constant = constantScore(step, this.#restriction, own, rows);
    if (constant === -Infinity) return;
    const slice = this.results.length;
    const { tables, constants, factors, members, dv, nodes } = this.#plan;
    // Where x1 is free every head counts towards all of its rows.
    this.results.push(member * this.#resultsOfMember + (this.#restriction.cutset[0] === 1 ? head : 0));
    this.data[constants - tables + slice] = constant;
    this.data[members - tables + slice] = member;
    if (factors !== NONE) {
      multiplyFixedValues(step, rows, this.#values);
      this.data.set(this.#values, factors - tables + slice * dv);
    }
    for (const node of nodes) this.#addNode(node, own, rows, slice);
  }

  #addNode({ node, weights, unary, ranges, n }: NodePlan, own: readonly Float64Array[], rows: Int32Array, slice: number): void {
    const { tables, d } = this.#plan;
    for (const [at, terms] of [
      [weights, node.terms],
      [unary, node.unary],
    ] as const) {
      if (at === NONE) continue;
      this.#weight.fill(0);
      addWeights(own, terms, rows, this.#steps[0].scale, this.#weight);
      this.data.set(this.#weight, at - tables + slice * d);
    }
    if (ranges !== NONE) this.data.set(rangeOf(node.masks, rows, n), ranges - tables + 2 * slice);
  }

  /** For every group that the chunk touches: its first and last assignment and itself. */
  #group(): void {
    const at = this.#plan.groups - this.#plan.tables;
    this.groups = 0;
    for (let slice = 0; slice < this.results.length; this.groups++) {
      const group = this.results[slice];
      const first = slice;
      while (this.results[slice] === group) slice++;
      this.data.set([first, slice, group], at + 3 * this.groups);
    }
  }
}

/** Rows of a free variable that its masks with the fixed ones leave. */
function rangeOf(masks: readonly HalfMask[], rows: Int32Array, n: number): [first: number, last: number] {
  let first = 0;
  let last = n;
  for (const { fixed, lowest, highest } of masks) {
    first = Math.max(first, rows[fixed - 1] + lowest);
    last = Math.min(last, rows[fixed - 1] + highest + 1);
  }
  first = Math.min(first, n);
  return [first, Math.max(first, last)];
}
