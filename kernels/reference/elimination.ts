/** The tables of an elimination under one assignment of the cutset: making them, summing variables out, giving them back (math.md §6.5). */
import type { EliminateStep, Matrix } from '../backend.ts';
import { addWeights } from './assignments.ts';
import { type Bucket, type Buckets, type Factor, orderBuckets } from './buckets.ts';
import { isCancelled } from './control.ts';
import { widen } from './operands.ts';
import { scoreKeys } from './softmax.ts';
import { createPool, type Pool, sumOut, type Table, type View } from './tables.ts';

export interface Elimination {
  readonly step: EliminateStep<Matrix>;
  readonly plan: Buckets;
  readonly dv: number;
  readonly rows: readonly Float64Array[]; // [n_j, d] by variable
  readonly values: readonly (Float64Array | null)[]; // [n_j, dv] by variable
  /** By factor; null while it does not stand. */
  readonly tables: (Table | null)[];
  /** By bucket: constant and summed out for good. */
  readonly done: boolean[];
  readonly pool: Pool;
}

/** What changes from one solution to the next. */
export interface Instance {
  readonly assignment: Int32Array; // row of fixed variable v at v - 1
  /** Where x1 is free: its rows that take part, which its tables number from 0. */
  readonly first: number;
  readonly last: number;
}

export function createElimination(step: EliminateStep<Matrix>): Elimination {
  const plan = orderBuckets(step);
  return {
    step,
    plan,
    dv: step.message?.cols ?? 0,
    rows: step.variables.map(({ queries }) => widen(queries)),
    values: step.variables.map(({ values }) => (values === null || step.message === null ? null : widen(values))),
    tables: plan.factors.map(() => null),
    done: plan.buckets.map(() => false),
    pool: createPool(),
  };
}

/** Sums all of the order out; then the plan's results stand. Gives false when cancelled. */
export function solve(elimination: Elimination, instance: Instance, control: Int32Array): boolean {
  const { plan, done } = elimination;
  for (const [index, bucket] of plan.buckets.entries()) {
    if (done[index]) continue;
    if (!emptyBucket(elimination, bucket, instance, control)) return false;
    done[index] = bucket.constant;
  }
  for (const id of plan.results) if (!ensureTable(elimination, id, instance, control)) return false;
  return true;
}

/** Forgets the results that the next assignment changes. */
export function releaseResults(elimination: Elimination): void {
  for (const id of elimination.plan.results) if (!elimination.plan.factors[id].constant) release(elimination, id);
}

/** Forgets all tables over x1: they are those of one tile's rows. */
export function releaseTile(elimination: Elimination): void {
  const { plan, done } = elimination;
  for (const [id, { variables }] of plan.factors.entries()) if (variables[0] === 1) release(elimination, id);
  for (const [index, { neighbours }] of plan.buckets.entries()) if (neighbours[0] === 1) done[index] = false;
}

function release({ tables, pool }: Elimination, id: number): void {
  const table = tables[id];
  tables[id] = null;
  if (table === null) return;
  pool.give(table.logSumExp);
  if (table.message !== null) pool.give(table.message);
}

function createTable({ pool, dv }: Elimination, entries: number, carries: boolean): Table {
  return { logSumExp: pool.take(entries), message: carries ? pool.take(entries * dv) : null };
}

function sizeOf({ step }: Elimination, variable: number | undefined, { first, last }: Instance): number {
  if (variable === undefined) return 1;
  return variable === 1 ? last - first : step.variables[variable - 1].queries.rows;
}

function emptyBucket(elimination: Elimination, bucket: Bucket, instance: Instance, control: Int32Array): boolean {
  const { plan, tables, values, pool, dv } = elimination;
  const { variable, inputs, output, joins, band } = bucket;
  const [a, b] = bucket.neighbours;
  for (const id of inputs) if (!ensureTable(elimination, id, instance, control)) return false;
  const na = sizeOf(elimination, a, instance);
  const nb = sizeOf(elimination, b, instance);
  const table = tables[output] ?? createTable(elimination, na * nb, plan.factors[output].carries);
  tables[output] = table;
  const offset = a === 1 ? instance.first : 0;
  const sum = {
    na,
    nb,
    nv: sizeOf(elimination, variable, instance),
    dv,
    values: values[variable - 1],
    own: viewsOf(elimination, bucket, undefined, instance),
    left: a === undefined ? [] : viewsOf(elimination, bucket, a, instance),
    right: b === undefined ? [] : viewsOf(elimination, bucket, b, instance),
    band: { lowest: band.lowest - offset, highest: band.highest - offset },
    output: table,
    joins,
  };
  if (!sumOut(sum, pool, control)) return false;
  for (const id of inputs) if (!isNeededAgain(bucket, plan.factors[id])) release(elimination, id);
  return true;
}

/** A constant input serves the bucket under every assignment; where both are constant, as long as the output is the shorter-lived. */
function isNeededAgain(bucket: Bucket, input: Factor): boolean {
  return input.constant && !(bucket.constant && (input.variables[0] === 1) === (bucket.neighbours[0] === 1));
}

/** The bucket's inputs over its variable and `neighbour`, or over its variable alone. */
function viewsOf(elimination: Elimination, bucket: Bucket, neighbour: number | undefined, instance: Instance): View[] {
  const { plan, tables } = elimination;
  const { variable, inputs } = bucket;
  const views: View[] = [];
  for (const id of inputs) {
    const { variables } = plan.factors[id];
    const other = variables.find((each) => each !== variable);
    if (other !== neighbour) continue;
    const { logSumExp, message } = tables[id] as Table;
    const isRow = other === undefined || other < variable;
    const rowStride = isRow ? sizeOf(elimination, variable, instance) : 1;
    views.push({ logSumExp, message, rowStride, columnStride: isRow ? 1 : sizeOf(elimination, other, instance) });
  }
  return views;
}

/** Makes the table of a variable or a pair if it does not stand; messages always do. Gives false when cancelled. */
function ensureTable(elimination: Elimination, id: number, instance: Instance, control: Int32Array): boolean {
  const { plan, tables } = elimination;
  if (tables[id] !== null) return true;
  const factor = plan.factors[id];
  const [a, b] = factor.variables;
  const entries = sizeOf(elimination, a, instance) * sizeOf(elimination, b, instance);
  const table = createTable(elimination, entries, false);
  tables[id] = table;
  if (b !== undefined) return fillPair(elimination, factor, table.logSumExp, instance, control);
  fillVariable(elimination, factor, table.logSumExp, instance);
  return true;
}

/** Bias and terms of one free variable; -Infinity outside the range that masks against fixed variables leave. */
function fillVariable(elimination: Elimination, factor: Factor, scores: Float64Array, { assignment, first }: Instance): void {
  const { step, rows } = elimination;
  const [variable] = factor.variables;
  const { queries, bias } = step.variables[variable - 1];
  const d = queries.cols;
  const weight = new Float64Array(d);
  addWeights(rows, factor.terms, assignment, step.scale, weight);
  const offset = variable === 1 ? first : 0;
  for (let i = 0; i < scores.length; i++) {
    const l = offset + i;
    let score = bias?.data[l] ?? 0;
    for (const { fixed, lowest, highest } of factor.masks) {
      const difference = l - assignment[fixed - 1];
      if (difference < lowest || difference > highest) score = -Infinity;
    }
    for (let c = 0, at = l * d; c < d && factor.terms.length > 0; c++) score += weight[c] * rows[variable - 1][at++];
    scores[i] = score;
  }
}

function fillPair(
  elimination: Elimination,
  factor: Factor,
  scores: Float64Array,
  instance: Instance,
  control: Int32Array,
): boolean {
  const { step, rows } = elimination;
  const { terms, band } = factor;
  const [a, b] = factor.variables;
  const d = step.variables[0].queries.cols;
  const nb = sizeOf(elimination, b, instance);
  const offset = a === 1 ? instance.first : 0;
  const weight = new Float64Array(d);
  addWeights(rows, terms, instance.assignment, step.scale, weight);
  const query = new Float64Array(d);
  const zeros = new Float64Array(nb);
  scores.fill(-Infinity);
  for (let i = 0; i * nb < scores.length; i++) {
    if (isCancelled(control)) return false;
    const l = offset + i;
    const from = Math.max(0, l - band.highest);
    const to = Math.min(nb, l - band.lowest + 1);
    if (from >= to) continue;
    const row = scores.subarray(i * nb, (i + 1) * nb);
    for (let c = 0; c < d; c++) query[c] = weight[c] * rows[a - 1][l * d + c];
    if (terms.length === 0) row.fill(0, from, to);
    else scoreKeys(query, 0, rows[b - 1], zeros, row, d, from, to);
  }
  return true;
}
