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

export interface Assignment {
  /** Which of the `heads`. */
  readonly head: number;
  readonly rows: Int32Array; // row of each fixed variable, by variable - 1; the same array for all
}

/** Every assignment whose first cutset variable takes one of the rows `heads`, those of one head in a row; one where nothing is fixed. */
export function* assignments(
  { cutset, variables }: ConditionedStep<Matrix>,
  heads: readonly number[],
): Generator<Assignment, void> {
  const rows = new Int32Array(variables.length);
  if (cutset.length === 0) {
    yield { head: 0, rows };
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
      yield { head, rows };
    }
  }
}

/** The tables of one chunk. */
export class AssignmentTables {
  readonly data: Float32Array<ArrayBuffer>;
  /** Assignments in the chunk, and the head of each. */
  readonly heads: number[] = [];
  /** Heads that the chunk touches, where x1 is fixed. */
  groups = 0;
  readonly #step: ConditionedStep<Matrix>;
  readonly #restriction: Restriction;
  readonly #plan: ForestPlan;
  readonly #rows: readonly Float64Array[];
  readonly #weight: Float64Array;
  readonly #values: Float64Array;

  constructor(step: ConditionedStep<Matrix>, restriction: Restriction, plan: ForestPlan) {
    this.data = new Float32Array(plan.tablesEnd - plan.tables);
    this.#step = step;
    this.#restriction = restriction;
    this.#plan = plan;
    // Only fixed rows are read.
    this.#rows = step.variables.map(({ queries }, j) => (step.cutset.includes(j + 1) ? widen(queries) : new Float64Array(0)));
    this.#weight = new Float64Array(plan.d);
    this.#values = new Float64Array(plan.dv);
  }

  /** Takes assignments until the chunk is full or there are none left; those that masks or biases forbid are left out. */
  fill(source: Iterator<Assignment, void>): void {
    this.heads.length = 0;
    while (this.heads.length < this.#plan.slices) {
      const next = source.next();
      if (next.done === true) break;
      this.#add(next.value);
    }
    if (this.#plan.groups !== NONE) this.#group();
  }

  #add({ head, rows }: Assignment): void {
    const constant = constantScore(this.#step, this.#restriction, this.#rows, rows);
    if (constant === -Infinity) return;
    const slice = this.heads.length;
    const { tables, constants, factors, dv, nodes } = this.#plan;
    this.heads.push(head);
    this.data[constants - tables + slice] = constant;
    if (factors !== NONE) {
      multiplyFixedValues(this.#step, rows, this.#values);
      this.data.set(this.#values, factors - tables + slice * dv);
    }
    for (const node of nodes) this.#addNode(node, rows, slice);
  }

  #addNode({ node, weights, unary, ranges, n }: NodePlan, rows: Int32Array, slice: number): void {
    const { tables, d } = this.#plan;
    for (const [at, terms] of [
      [weights, node.terms],
      [unary, node.unary],
    ] as const) {
      if (at === NONE) continue;
      this.#weight.fill(0);
      addWeights(this.#rows, terms, rows, this.#step.scale, this.#weight);
      this.data.set(this.#weight, at - tables + slice * d);
    }
    if (ranges !== NONE) this.data.set(rangeOf(node.masks, rows, n), ranges - tables + 2 * slice);
  }

  /** For every head that the chunk touches: its first and last assignment and itself. */
  #group(): void {
    const at = this.#plan.groups - this.#plan.tables;
    this.groups = 0;
    for (let slice = 0; slice < this.heads.length; this.groups++) {
      const head = this.heads[slice];
      const first = slice;
      while (this.heads[slice] === head) slice++;
      this.data.set([first, slice, head], at + 3 * this.groups);
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
