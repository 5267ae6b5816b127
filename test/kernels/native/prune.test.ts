import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AttendStep, Matrix, Precision } from '../../../kernels/backend.ts';
import { CONTROL_CELLS } from '../../../kernels/backend.ts';
import { carefulError, chainWeights, SCORE_CHAIN } from '../../../src/plan/approximate/careful.ts';
import { expectOutput, matrix, randomMatrix, randomSource } from '../cases.ts';
import { expectedStep, ROUNDING } from './approximate.ts';
import { type InstructionSet, SETS_AND_PRECISIONS } from './sets.ts';

interface Shape {
  readonly seed: number;
  readonly nq: number;
  readonly nk: number;
  readonly d: number;
  readonly dv: number;
  readonly clusters: number;
  readonly score: number; // of a row with its own cluster
  readonly spread: number; // of a cluster, against the distance between two
  readonly blocked: number; // share of keys with bias -Infinity
  readonly dropBelow: number;
}

type Step = AttendStep<Matrix> & { readonly queries: Matrix; readonly message: Matrix; readonly keyBias: Matrix };

/** Rows that look for one of the clusters of keys each, in an order that says nothing. */
function randomStep(precision: Precision, shape: Shape): Step {
  const { nq, nk, d, dv, clusters, spread } = shape;
  const random = randomSource(shape.seed);
  const centers = Array.from({ length: clusters }, () => Array.from({ length: d }, () => (random() < 0.5 ? -1 : 1)));
  const near = (rows: number) => {
    const own = Array.from({ length: rows }, () => centers[Math.floor(random() * clusters)]);
    return matrix(precision, rows, d, (at) => own[Math.floor(at / d)][at % d] + spread * (2 * random() - 1));
  };
  return {
    kind: 'attend',
    queries: near(nq),
    keys: near(nk),
    keyBias: matrix(precision, nk, 1, () => (random() < shape.blocked ? -Infinity : 2 * random() - 1)),
    values: randomMatrix(random, precision, nk, dv),
    scale: shape.score / d,
    band: null,
    dropBelow: shape.dropBelow,
    message: matrix(precision, nq, dv),
    logSumExp: matrix(precision, nq, 1),
  };
}

let calls = 9e6;

/** Gives the pairs that were left out. */
function run(
  { backend }: InstructionSet,
  step: AttendStep<Matrix>,
  cuts: readonly number[] = [],
  control = new Int32Array(CONTROL_CELLS),
): number {
  const rows = (step.queries as Matrix).rows;
  const callId = ++calls;
  const bounds = [0, ...cuts, rows];
  let pruned = 0;
  for (let i = 0; i + 1 < bounds.length; i++) {
    pruned += backend.run(step, { firstRow: bounds[i], lastRow: bounds[i + 1], control, callId }).prunedPairs ?? 0;
  }
  return pruned;
}

/** math.md §3.7: at most n e^-dropBelow of the weight is dropped, and with it at most that times R of the average. */
function expectPruned(step: Step, shape: Shape, precision: Precision): void {
  const expected = expectedStep({ ...step, dropBelow: Infinity }, step.queries.rows);
  // Scores are chains of d products; where all are alike, so are their roundings, and math.md §8's tolerance for scores at random is passed.
  const { cols: d } = step.keys;
  const score = step.scale * d * shape.spread ** 2 + 2 * step.scale * d * shape.spread + step.scale * d + 1;
  const rounding = (d + 16) * ROUNDING[precision] * (1 + score) + 1e-13;
  const lost = Math.min(1, step.keys.rows * Math.exp(-(step.dropBelow as number)));
  for (const [row, truth] of expected.logSumExp.data.entries()) {
    if (truth === -Infinity) expect(step.logSumExp.data[row]).toBe(-Infinity);
    else {
      expect(step.logSumExp.data[row], `log-sum-exp of row ${row}`).toBeLessThanOrEqual(truth + rounding);
      expect(step.logSumExp.data[row], `log-sum-exp of row ${row}`).toBeGreaterThanOrEqual(
        truth + Math.log1p(-Math.min(lost, 0.999)) - rounding,
      );
    }
  }
  for (const [at, value] of expected.message.data.entries()) {
    expect(Math.abs(step.message.data[at] - value), `element ${at}`).toBeLessThanOrEqual(2 * lost + 2 * rounding);
  }
}

const shapes = fc.record({
  seed: fc.integer({ min: 0, max: 1e6 }),
  nq: fc.integer({ min: 128, max: 500 }),
  nk: fc.integer({ min: 64, max: 1500 }),
  d: fc.integer({ min: 1, max: 40 }),
  dv: fc.integer({ min: 1, max: 70 }),
  clusters: fc.integer({ min: 1, max: 12 }),
  score: fc.constantFrom(2, 30, 200),
  spread: fc.constantFrom(0, 0.05, 0.5),
  blocked: fc.constantFrom(0, 0.2, 1),
  dropBelow: fc.constantFrom(7, 16, 40),
});

const CLUSTERED: Shape = {
  seed: 7,
  nq: 400,
  nk: 3000,
  d: 24,
  dv: 19,
  clusters: 8,
  score: 40,
  spread: 0.05,
  blocked: 0.1,
  dropBelow: 18,
};

/** Largest error of the message, and what is certified of its rounding and of the keys left out; values are within ±1. */
function errorAndBound(step: Step, precision: Precision): { worst: number; bound: number } {
  const { d, rows: n } = { d: step.keys.cols, rows: step.keys.rows };
  const expected = expectedStep({ ...step, dropBelow: Infinity }, step.queries.rows);
  const columns = (rows: Matrix) =>
    Array.from({ length: d }, (_, c) => Math.max(...rows.data.filter((_, at) => at % d === c).map(Math.abs)));
  const [a, b] = [columns(step.queries), columns(step.keys)];
  const weights = chainWeights(d);
  const sum = (weight: (c: number) => number) => a.reduce((all, x, c) => all + step.scale * weight(c) * x * b[c], 0);
  const sizes = { weighted: sum((c) => weights[c]), score: sum(() => 1), keyLog: 1, d, n };
  const { logError, messageError, floor } = carefulError(sizes, precision);
  const lost = n * Math.exp(-(step.dropBelow as number));
  // In fp64 the reference rounds as well.
  const own = precision === 'float64' ? 2 : 1;
  const bound = own * (2 * (Math.tanh(logError / 2) + lost) + messageError + floor + 2 * ROUNDING[precision]);
  const worst = Array.from(step.message.data).reduce(
    (most, value, at) => Math.max(most, Math.abs(value - expected.message.data[at])),
    0,
  );
  return { worst, bound };
}

/** A row of entries near 1 whose sums, in the kernel's order, are all rounded up, or all down, by as much as there is to find. */
function oneWay(random: () => number, d: number, up: boolean): number[] {
  const row: number[] = [];
  for (let sum = 0; row.length < d; ) {
    if (row.length % SCORE_CHAIN === 0) sum = 0;
    const tried = Array.from({ length: 256 }, () => Math.fround(0.9 + 0.1 * random()));
    const gain = (x: number) => (up ? 1 : -1) * (Math.fround(sum + x) - (sum + x));
    row.push(tried.reduce((best, x) => (gain(x) > gain(best) ? x : best)));
    sum = Math.fround(sum + row[row.length - 1]);
  }
  return row;
}

describe.each(SETS_AND_PRECISIONS.filter(({ precision }) => precision === 'float32'))('its rounding, on $isa', (set) => {
  it.each([32, 64, 128, 256])('comes near what is certified, and not beyond, d = %d', (d) => {
    const random = randomSource(d);
    const nk = 40;
    const keys = Array.from({ length: nk }, (_, key) => oneWay(random, d, key % 2 === 0));
    const step: Step = {
      kind: 'attend',
      queries: matrix('float32', 128, d, () => 1),
      keys: matrix('float32', nk, d, (at) => keys[Math.floor(at / d)][at % d]),
      keyBias: matrix('float32', nk, 1, () => 0),
      values: matrix('float32', nk, 1, (at) => (at % 2 === 0 ? 1 : -1)),
      // In the kernel's units, of log2, the queries are 1.
      ...{ scale: Math.LN2, band: null, dropBelow: 600 },
      ...{ message: matrix('float32', 128, 1), logSumExp: matrix('float32', 128, 1) },
    };
    run(set, step);
    const { worst, bound } = errorAndBound(step, 'float32');
    expect(worst).toBeLessThanOrEqual(bound);
    expect(worst).toBeGreaterThan(bound / 12);
  });
});

describe.each(SETS_AND_PRECISIONS)('attend that may leave keys out, on $isa in $precision', (set) => {
  const { precision } = set;

  it('stays within the bound of what it drops, in tiles', () => {
    let pruned = 0;
    fc.assert(
      fc.property(shapes, fc.double({ min: 0, max: 1, noNaN: true }), (shape, cut) => {
        const step = randomStep(precision, shape);
        pruned += run(set, step, [Math.floor(cut * shape.nq)]);
        expectPruned(step, shape, precision);
      }),
      { numRuns: 20, seed: 20266 },
    );
    expect(pruned).toBeGreaterThan(0);
  });

  it('leaves most pairs out where keys lie in clusters, whatever their order', () => {
    const step = randomStep(precision, CLUSTERED);
    const pruned = run(set, step, [3, 250]);
    expectPruned(step, CLUSTERED, precision);
    expect(pruned).toBeGreaterThan(0.7 * CLUSTERED.nq * CLUSTERED.nk);
    expect(pruned).toBeLessThan(CLUSTERED.nq * CLUSTERED.nk);
  });

  it('gives the same whatever the tiles', () => {
    const step = randomStep(precision, CLUSTERED);
    run(set, step);
    const cut = { ...step, message: matrix(precision, CLUSTERED.nq, CLUSTERED.dv), logSumExp: matrix(precision, CLUSTERED.nq, 1) };
    run(set, cut, [100, 250, 251]);
    const closest = (a: Matrix, b: Matrix) =>
      Array.from(a.data).reduce((most, value, i) => Math.max(most, Math.abs(value - b.data[i])), 0);
    expect(closest(step.message, cut.message)).toBeLessThan(1e-5);
    expect(closest(step.logSumExp, cut.logSumExp)).toBeLessThan(1e-4);
  });

  it('leaves nothing out where all keys matter, nor under a band', () => {
    // Keys and values that do not fit the second level, and more rows than then go together.
    const shape = { ...CLUSTERED, nk: 2500, d: 64, dv: 64, score: 1 };
    const flat = randomStep(precision, shape);
    expect(run(set, flat, [5])).toBe(0);
    expectPruned(flat, { ...shape, dropBelow: Infinity }, precision);
    const band = { lowest: 0, highest: 40 };
    const masked = randomStep(precision, { ...CLUSTERED, nk: 300, score: 30 });
    expect(run(set, { ...masked, band })).toBe(0);
    expectOutput(masked, {
      variables: [
        { queries: masked.queries, values: null, bias: null },
        { queries: masked.keys, values: masked.values, bias: masked.keyBias },
      ],
      monomials: [{ coefficient: 1, variables: [1, 2] }],
      masks: [{ row: 1, column: 2, ...band }],
      scale: masked.scale,
    });
  });

  it('does not take the cells of one call for those of another, and leaves attend its own operands', () => {
    const first = randomStep(precision, CLUSTERED);
    const second = randomStep(precision, { ...CLUSTERED, seed: 8 });
    run(set, first);
    run(set, { ...first, dropBelow: Infinity });
    run(set, second);
    expectPruned(first, CLUSTERED, precision);
    expectPruned(second, CLUSTERED, precision);
  });

  it.each([1, 31, 33, 64, 100])('rounds no more than is certified where partial sums are as large as they can be, d = %d', (d) => {
    for (const [score, clusters, dropBelow] of [
      [1, 1, 600],
      [60, 1, 600],
      [60, 12, 40],
    ] as const) {
      const step = randomStep(precision, { ...CLUSTERED, nk: 1500, d, clusters, score, dropBelow, blocked: 0 });
      for (const rows of [step.queries, step.keys]) for (const [at, x] of rows.data.entries()) rows.data[at] = Math.abs(x) + x / 4;
      run(set, step);
      const { worst, bound } = errorAndBound(step, precision);
      expect(worst).toBeLessThanOrEqual(bound);
    }
  });

  it('needs no values', () => {
    const step = randomStep(precision, CLUSTERED);
    run(set, step);
    const alone = { ...step, values: null, message: null, logSumExp: matrix(precision, CLUSTERED.nq, 1) };
    expect(run(set, alone)).toBeGreaterThan(0);
    expect(alone.logSumExp.data).toEqual(step.logSumExp.data);
  });

  it('counts rows, and leaves at once when the flag is set', () => {
    const step = randomStep(precision, CLUSTERED);
    const control = new Int32Array(CONTROL_CELLS);
    run(set, step, [], control);
    expect(control[1]).toBe(CLUSTERED.nq);
    const untouched = {
      ...step,
      message: matrix(precision, CLUSTERED.nq, CLUSTERED.dv),
      logSumExp: matrix(precision, CLUSTERED.nq, 1),
    };
    run(set, untouched, [], Int32Array.from([1, 0]));
    expect(untouched.message.data.every(Number.isNaN)).toBe(true);
  });
});
