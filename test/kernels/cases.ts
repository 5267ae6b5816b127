/** Random problems, ways to run them on any back end, and the comparison with the definition (tolerances: math.md §3.1, §8). */
import { expect } from 'vitest';
import {
  type AttendStep,
  type Backend,
  CONTROL_CELLS,
  type ConditionedStep,
  type DefinitionStep,
  type FloatArray,
  type Matrix,
  type PairMask,
  type Precision,
  type Step,
  type TileContext,
  type VariableOperands,
} from '../../kernels/backend.ts';
import { load } from '../../kernels/reference/index.ts';
import type { Conditioning, PolynomialCase } from './polynomials.ts';

/** The operands of a whole polynomial, without a way to evaluate it. */
export type Problem = Pick<DefinitionStep<Matrix>, 'variables' | 'monomials' | 'masks' | 'scale'>;

export interface Output {
  readonly message: Matrix; // [rows, dv]
  readonly logSumExp: Matrix; // [rows, 1]
}

export interface ProblemOptions {
  readonly seed: number;
  readonly precision: Precision;
  /** Largest |scale · h| over all tuples. */
  readonly maxScore: number;
  /** Additive log-weights on every variable, about one in five -Infinity. */
  readonly biases?: boolean;
  /** Every other variable without values. */
  readonly sparseValues?: boolean;
  readonly masks?: readonly PairMask[];
  readonly sizes?: readonly number[]; // n_j; random from 2 to 6 where left out
  readonly d?: number;
  readonly dv?: number;
}

/** Uniform numbers in [0, 1) from a 32-bit counter, mixed by multiplications and shifts; the same for the same seed everywhere. */
export function randomSource(seed: number): () => number {
  let counter = Math.imul(seed, 0x9e3779b1) >>> 0;
  return () => {
    counter = (counter + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(counter ^ (counter >>> 15), 0x2c1b3c6d | 1);
    mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

export function matrix(precision: Precision, rows: number, cols: number, fill: (at: number) => number = () => Number.NaN): Matrix {
  const data: FloatArray = precision === 'float64' ? new Float64Array(rows * cols) : new Float32Array(rows * cols);
  return { data: data.map((_, at) => fill(at)), rows, cols };
}

export function randomMatrix(random: () => number, precision: Precision, rows: number, cols: number): Matrix {
  return matrix(precision, rows, cols, () => 2 * random() - 1);
}

/** Entries of queries and values uniform in [-1, 1), then the scale is set so that the largest score is `maxScore`. */
export function randomProblem(polynomial: Pick<PolynomialCase, 't' | 'monomials'>, options: ProblemOptions): Problem {
  const { precision, seed, maxScore } = options;
  const random = randomSource(seed);
  const d = options.d ?? 1 + Math.floor(5 * random());
  const dv = options.dv ?? 1 + Math.floor(4 * random());
  const variables = Array.from({ length: polynomial.t }, (_, j): VariableOperands<Matrix> => {
    const n = options.sizes?.[j] ?? 2 + Math.floor(5 * random());
    const hasValues = j > 0 && !(options.sparseValues === true && j % 2 === 1);
    return {
      queries: randomMatrix(random, precision, n, d),
      values: hasValues ? randomMatrix(random, precision, n, dv) : null,
      bias: options.biases === true ? matrix(precision, n, 1, () => (random() < 0.2 ? -Infinity : 4 * random() - 2)) : null,
    };
  });
  const unscaled = { variables, monomials: polynomial.monomials, masks: options.masks ?? [], scale: 1 };
  return { ...unscaled, scale: maxScore / Math.max(largestScore(unscaled), 1e-3) };
}

/** max |scale · h| over all tuples, biases left out. */
export function largestScore({ variables, monomials, scale }: Problem): number {
  const tuple = variables.map(() => 0);
  const d = variables[0].queries.cols;
  let largest = 0;
  for (;;) {
    let score = 0;
    for (const { coefficient, variables: members } of monomials) {
      for (let c = 0; c < d; c++) {
        score += members.reduce((product, x) => product * variables[x - 1].queries.data[tuple[x - 1] * d + c], scale * coefficient);
      }
    }
    largest = Math.max(largest, Math.abs(score));
    let j = tuple.length - 1;
    while (j >= 0 && ++tuple[j] === variables[j].queries.rows) tuple[j--] = 0;
    if (j < 0) return largest;
  }
}

/** Masks that a conditioning can take: between fixed variables, fixed and free ones, and along the forest's edges. */
export function randomMasks(seed: number, { cutset, forest }: Conditioning): PairMask[] {
  const random = randomSource(seed);
  const all = [...cutset, ...forest.map(({ variable }) => variable)];
  const pairs = [
    ...cutset.flatMap((row) => all.filter((column) => column !== row).map((column) => [row, column])),
    ...forest.filter(({ parent }) => parent !== 0).map(({ variable, parent }) => [variable, parent]),
  ];
  return pairs
    .filter(() => random() < 0.5)
    .map(([a, b]) => {
      const [row, column] = random() < 0.5 ? [a, b] : [b, a];
      const lowest = random() < 0.3 ? -Infinity : -Math.floor(4 * random());
      return { row, column, lowest, highest: random() < 0.3 ? Infinity : Math.floor(4 * random()) };
    });
}

let calls = 0;

/** Tiles of a step that stand in for the whole: what the drivers below run, one after the other. */
export type Tiles = Generator<[step: Step<Matrix>, tile: TileContext], Output>;

/** The whole step, cut into tiles before the given rows. */
export function* tilesOf(
  step: Step<Matrix>,
  rows: number,
  cuts: readonly number[] = [],
): Generator<[Step<Matrix>, TileContext], void> {
  const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_CELLS));
  const callId = ++calls;
  const bounds = [0, ...cuts, rows];
  for (let i = 0; i + 1 < bounds.length; i++) yield [step, { firstRow: bounds[i], lastRow: bounds[i + 1], control, callId }];
}

export function runStep(backend: Backend, step: Step<Matrix>, rows: number, cuts: readonly number[] = []): void {
  for (const [each, tile] of tilesOf(step, rows, cuts)) backend.run(each, tile);
}

/** For a back end that is done when its `run` returns. */
function drive(backend: Backend, tiles: Tiles): Output {
  let next = tiles.next();
  for (; next.done !== true; next = tiles.next()) backend.run(...next.value);
  return next.value;
}

/** For one that is done when its promise is; `backendFor` may send steps that it has not elsewhere, as a plan does. */
export async function driveAsync(backendFor: (step: Step<Matrix>) => Backend, tiles: Tiles): Promise<Output> {
  let next = tiles.next();
  for (; next.done !== true; next = tiles.next()) await backendFor(next.value[0]).run(...next.value);
  return next.value;
}

function output(precision: Precision, rows: number, dv: number): Output {
  return { message: matrix(precision, rows, dv), logSumExp: matrix(precision, rows, 1) };
}

export function precisionOf({ variables }: Problem): Precision {
  return variables[0].queries.data instanceof Float64Array ? 'float64' : 'float32';
}

function valueColumns({ variables }: Problem): number {
  return variables.find(({ values }) => values !== null)?.values?.cols ?? 1;
}

/** The truth: the reference back end's `definition` on the same numbers, its results in fp64 whatever the operands' type. */
export function expectedOutput(problem: Problem): Output {
  const widen = (operand: Matrix | null) => operand && { ...operand, data: Float64Array.from(operand.data) };
  const variables = problem.variables.map(({ queries, values, bias }) => ({
    queries: widen(queries) as Matrix,
    values: widen(values),
    bias: widen(bias),
  }));
  const n1 = variables[0].queries.rows;
  const result = output('float64', n1, valueColumns(problem));
  runStep(load(), { kind: 'definition', ...problem, variables, ...result }, n1);
  return result;
}

export function conditionedOutput(backend: Backend, problem: Problem, how: Conditioning, parts = 1, cuts: number[] = []): Output {
  return drive(backend, conditionedTiles(problem, how, parts, cuts));
}

/** By one `conditioned` step and, where it has several parts, a `merge`. */
export function* conditionedTiles(problem: Problem, how: Conditioning, parts = 1, cuts: readonly number[] = []): Tiles {
  const n1 = problem.variables[0].queries.rows;
  const precision = precisionOf(problem);
  const partial = output(precision, parts * n1, valueColumns(problem));
  const step: ConditionedStep<Matrix> = { kind: 'conditioned', ...problem, ...how, parts, ...partial };
  yield* tilesOf(step, how.cutset.includes(1) ? n1 : parts, cuts);
  if (parts === 1) return partial;
  const result = output(precision, n1, valueColumns(problem));
  yield* tilesOf({ kind: 'merge', parts, messages: partial.message, logSumExps: partial.logSumExp, ...result }, n1, cuts);
  return result;
}

export function forestOutput(backend: Backend, problem: Problem, forest: Conditioning['forest']): Output {
  return drive(backend, forestTiles(problem, forest));
}

/** A forest by one `attend` step an edge and one `combine` a node (math.md §6.1). Masks must lie on its edges. */
export function* forestTiles(problem: Problem, forest: Conditioning['forest']): Tiles {
  const { variables, monomials, scale } = problem;
  const precision = precisionOf(problem);
  const dv = valueColumns(problem);
  const inbox = variables.map((): Output[] => []);
  for (const { variable, parent } of forest) {
    const { queries, values, bias } = variables[variable - 1];
    const node = output(precision, queries.rows, dv);
    const children = inbox[variable - 1];
    const factors = [...(values === null ? [] : [values]), ...children.map((child) => child.message)];
    const addends = [...(bias === null ? [] : [bias]), ...children.map((child) => child.logSumExp)];
    yield* tilesOf({ kind: 'combine', factors, product: node.message, addends, sum: node.logSumExp }, queries.rows);
    if (variable === 1) {
      inbox[0] = [node];
      continue;
    }
    const edge = monomials.find((monomial) => monomial.variables.includes(variable) && monomial.variables.includes(parent));
    const parentQueries = parent === 0 ? null : variables[parent - 1].queries;
    const sent = output(precision, parentQueries?.rows ?? 1, dv);
    const step: AttendStep<Matrix> = {
      kind: 'attend',
      queries: parentQueries,
      keys: queries,
      keyBias: node.logSumExp,
      values: node.message,
      scale: scale * (edge?.coefficient ?? 0),
      band: null,
      ...sent,
    };
    yield* tilesOf(step, parentQueries?.rows ?? 1);
    inbox[Math.max(parent, 1) - 1].push(sent);
  }
  // Components without x1 reach it as one row each; x1 itself was combined when its turn came, so they are joined here.
  const n1 = variables[0].queries.rows;
  const result = output(precision, n1, dv);
  const factors = inbox[0].map((part) => part.message);
  yield* tilesOf(
    { kind: 'combine', factors, product: result.message, addends: inbox[0].map((part) => part.logSumExp), sum: result.logSumExp },
    n1,
  );
  return result;
}

/**
 * What rounding may cost (math.md §8): R/2 (t-1) 4e-7 (1 + max|score|) in fp32, 1e-13 R/2 (t-1) in fp64 for scores up to 200 and in
 * proportion beyond, and the relative error of a device's own exp with each edge. The same without R/2 for the log-sum-exp, by which §3.1 measures errors of weights.
 */
export function tolerances(problem: Problem, expError = 0): { message: number; logSumExp: number } {
  const t = problem.variables.length;
  const score = largestScore(problem);
  const perEdge = expError + (precisionOf(problem) === 'float32' ? 4e-7 * (1 + score) : 1e-13 * Math.max(1, score / 200));
  // The product of values lies between -∏ max|V| and ∏ max|V|: R/2 is at most that product.
  let halfRange = 1;
  for (const { values } of problem.variables) {
    if (values !== null) halfRange *= Array.from(values.data, Math.abs).reduce((most, value) => Math.max(most, value), 0);
  }
  return { message: halfRange * (t - 1) * perEdge, logSumExp: (t - 1) * perEdge };
}

/** Compares with the definition; empty rows must be exactly (0, -Infinity). */
export function expectOutput(actual: Output, problem: Problem, expected: Output = expectedOutput(problem), expError = 0): void {
  const allowed = tolerances(problem, expError);
  // Biases may be far larger than scores: sums of them are stored with the rounding of their own size, on both sides.
  const stored = 4 * (precisionOf(problem) === 'float32' ? 2 ** -24 : 2 ** -53);
  expect(actual.logSumExp.data.length).toBe(expected.logSumExp.data.length);
  for (const [row, truth] of expected.logSumExp.data.entries()) {
    const found = actual.logSumExp.data[row];
    if (truth === -Infinity) expect(found, `log-sum-exp of empty row ${row}`).toBe(-Infinity);
    else
      expect(Math.abs(found - truth), `log-sum-exp of row ${row}`).toBeLessThanOrEqual(
        allowed.logSumExp + stored * Math.abs(truth),
      );
    for (let c = 0; c < expected.message.cols; c++) {
      const at = row * expected.message.cols + c;
      const limit = truth === -Infinity ? 0 : allowed.message;
      expect(Math.abs(actual.message.data[at] - expected.message.data[at]), `row ${row}, channel ${c}`).toBeLessThanOrEqual(limit);
    }
  }
}
