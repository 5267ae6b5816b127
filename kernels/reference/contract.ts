/**
 * Contraction over features (math.md §3.5, kernels/approximate.ts): a walk over all multi-indices (α_m), one coordinate of one monomial
 * at a time, which knows the number of every variable's feature by a table of successors. C(s D + g, g) visits of (t - 1)(dv + 1) flops.
 */
import type { ContractStep, Matrix, TileContext } from '../backend.ts';
import { addProgress, isCancelled } from './control.ts';
import { featureCount, successors } from './feature-table.ts';
import { checkShape } from './operands.ts';

/** Visits between two looks at the cancel flag. */
const LOOK = 4096;

interface Walk {
  readonly step: ContractStep<Matrix>;
  readonly successor: Int32Array;
  /** Of variables 2, 3, ...: [r, cols], or [r, 1] where all values are one. */
  readonly sums: readonly { readonly data: Float64Array; readonly cols: number }[];
  readonly result: Float64Array; // [r, cols]
  readonly cols: number;
  readonly control: Int32Array;
  visits: number;
}

/** The whole of `result`: one tile. @throws Error when the operands' shapes contradict each other */
export function runContract(step: ContractStep<Matrix>, tile: TileContext): void {
  const { dimension, coefficients, sums, result, resultShift } = step;
  const degree = coefficients.length - 1;
  const r = featureCount(dimension, degree);
  checkShape('contract: result', result, r, result.cols);
  checkShape('contract: resultShift', resultShift, 1, 1);
  const { joined, shift } = joinParts(step, r);
  resultShift.data[0] = shift;
  const walk: Walk = {
    step,
    successor: degree > 0 ? successorTable(dimension, degree) : new Int32Array(),
    sums: joined,
    result: new Float64Array(r * result.cols),
    cols: result.cols,
    control: tile.control,
    visits: 0,
  };
  const factorials = coefficients.map((_, k) => factorial(k));
  if (shift !== -Infinity && !visit(walk, new Int32Array(sums.length + 1), 0, 0, 0, 1, factorials)) return;
  result.data.set(walk.result);
  addProgress(tile.control, 1);
}

/** The parts of every variable on one shift, and the sum of the variables' shifts and of what centring left over. */
function joinParts({ sums, offsets, result }: ContractStep<Matrix>, r: number): { joined: Walk['sums'][number][]; shift: number } {
  let total = 0;
  for (const { left, right, factor } of offsets) {
    for (let c = 0; c < left.cols; c++) total += factor * left.data[c] * right.data[c];
  }
  const joined = sums.map(({ sums: parted, shift, parts }) => {
    checkShape('contract: sums', parted, parts * r, parted.cols === 1 ? 1 : result.cols);
    checkShape('contract: shift', shift, parts, 1);
    const top = Math.max(...shift.data);
    total += top;
    const data = new Float64Array(r * parted.cols);
    for (let part = 0; part < parts && top !== -Infinity; part++) {
      const weight = Math.exp(shift.data[part] - top);
      if (weight === 0) continue;
      for (let i = 0, at = part * data.length; i < data.length; i++, at++) data[i] += weight * parted.data[at];
    }
    return { data, cols: parted.cols };
  });
  return { joined, shift: total };
}

/**
 * Adds the term of the multi-index in hand, then walks on to those with one more coordinate, no earlier than the last one so that each is
 * met once. `weight` is Π factor / Π α!; `repeated` is how often the last coordinate of the last monomial was taken.
 */
function visit(
  walk: Walk,
  places: Int32Array,
  order: number,
  from: number,
  repeated: number,
  weight: number,
  factorials: readonly number[],
): boolean {
  const { step, successor, control } = walk;
  if (++walk.visits % LOOK === 0 && isCancelled(control)) return false;
  addTerm(walk, places, step.coefficients[order] * factorials[order] * weight);
  if (order + 1 === step.coefficients.length) return true;
  const { dimension, monomials } = step;
  const next = new Int32Array(places.length);
  for (let at = from; at < monomials.length * dimension; at++) {
    const { factor, variables } = monomials[Math.floor(at / dimension)];
    const c = at % dimension;
    next.set(places);
    for (const variable of variables) next[variable - 1] = successor[places[variable - 1] * dimension + c];
    const times = at === from ? repeated + 1 : 1;
    if (!visit(walk, next, order + 1, at, times, (weight * factor) / times, factorials)) return false;
  }
  return true;
}

function addTerm({ sums, result, cols }: Walk, places: Int32Array, weight: number): void {
  const out = places[0] * cols;
  for (let c = 0; c < cols; c++) {
    let product = weight;
    for (let j = 0; j < sums.length; j++) {
      const { data, cols: own } = sums[j];
      product *= data[places[j + 1] * own + (own === 1 ? 0 : c)];
    }
    result[out + c] += product;
  }
}

function factorial(k: number): number {
  let product = 1;
  for (let i = 2; i <= k; i++) product *= i;
  return product;
}

/** The last few tables: a service asks for the same shapes again and again. */
const tables = new Map<string, Int32Array>();
const KEPT = 8;

function successorTable(dimension: number, degree: number): Int32Array {
  const key = `${dimension},${degree}`;
  const known = tables.get(key) ?? successors(dimension, degree);
  tables.delete(key);
  tables.set(key, known);
  if (tables.size > KEPT) tables.delete(tables.keys().next().value as string);
  return known;
}
