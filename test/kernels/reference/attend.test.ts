import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AttendStep, Matrix, Precision } from '../../../kernels/backend.ts';
import { load } from '../../../kernels/reference/index.ts';
import { type AttendCase, asProblem, type RandomAttend, randomAttend } from '../attends.ts';
import { expectOutput, forestOutput, matrix, type Output, randomProblem, runStep } from '../cases.ts';
import { FORESTS } from '../polynomials.ts';

const backend = load();

type Shape = AttendCase & { readonly precision: Precision };

const randomStep = (shape: Shape): RandomAttend => randomAttend(shape.precision, shape);

const offset = fc.integer({ min: -5, max: 90 });
const bands = fc.option(
  fc.oneof(
    fc.record({ lowest: offset, highest: offset }),
    fc.constant({ lowest: 0, highest: Infinity }),
    fc.record({ lowest: fc.constant(-Infinity), highest: offset }),
  ),
);
const shapes: fc.Arbitrary<Shape> = fc.record({
  seed: fc.integer({ min: 1, max: 1e6 }),
  precision: fc.constantFrom('float32', 'float64'),
  nq: fc.integer({ min: 1, max: 90 }),
  nk: fc.integer({ min: 1, max: 200 }),
  d: fc.integer({ min: 1, max: 9 }),
  dv: fc.integer({ min: 1, max: 6 }),
  score: fc.constantFrom(1, 20, 200, 2000),
  blocked: fc.constantFrom(0, 0.3, 0.97, 1),
  band: bands,
});

function run(step: AttendStep<Matrix>, cuts: readonly number[] = []): Output {
  runStep(backend, step, step.queries?.rows ?? 1, cuts);
  return { message: step.message as Matrix, logSumExp: step.logSumExp };
}

describe('attend', () => {
  it('agrees with the definition on odd shapes, biases, bands and large scores', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const step = randomStep(shape);
        expectOutput(run(step), asProblem(step));
      }),
      { numRuns: 80 },
    );
  });

  it('gives the same bits however its rows are cut into tiles', () => {
    fc.assert(
      fc.property(shapes, fc.array(fc.nat(), { maxLength: 4 }), (shape, points) => {
        const whole = run(randomStep(shape));
        const cuts = points.map((point) => point % (shape.nq + 1)).sort((a, b) => a - b);
        const tiled = run(randomStep(shape), cuts);
        expect(tiled.message.data).toEqual(whole.message.data);
        expect(tiled.logSumExp.data).toEqual(whole.logSumExp.data);
      }),
      { numRuns: 60 },
    );
  });

  it('does not read masked keys: what stands there cannot matter', () => {
    const shape: Shape = {
      seed: 5,
      precision: 'float64',
      nq: 70,
      nk: 150,
      d: 4,
      dv: 3,
      score: 1,
      blocked: 0,
      band: { lowest: 3, highest: 40 },
    };
    const clean = randomStep(shape);
    const dirty = {
      ...randomStep(shape),
      values: { ...(clean.values as Matrix), data: Float64Array.from((clean.values as Matrix).data) },
    };
    // Row r sees keys r - 40 .. r - 3, so no row sees keys from 67 on.
    dirty.values.data.fill(Number.NaN, 67 * 3);
    expect(run(dirty).message.data).toEqual(run(clean).message.data);
    expect(Array.from(run(clean).logSumExp.data.subarray(0, 4)).map((value) => value === -Infinity)).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it('without queries averages the values by the bias alone', () => {
    const keys = matrix('float32', 4, 7, () => 1e30);
    const keyBias = matrix('float32', 4, 1, (l) => [Math.log(3), 0, -Infinity, 0][l]);
    const values = matrix('float32', 4, 1, (l) => [5, 10, 1000, 20][l]);
    const step = { ...attendOf(keys, keyBias, values), queries: null };
    const { message, logSumExp } = run(step);
    expect(message.data[0]).toBeCloseTo((15 + 10 + 20) / 5, 5);
    expect(logSumExp.data[0]).toBeCloseTo(Math.log(5), 6);
  });

  it('without queries and bias is the mean, without values only the log-sum-exp', () => {
    const keys = matrix('float64', 3, 2, () => 1);
    const mean = run({
      ...attendOf(
        keys,
        null,
        matrix('float64', 3, 1, (l) => l),
      ),
      queries: null,
    });
    expect(mean.message.data[0]).toBeCloseTo(1, 14);
    const logSumExp = matrix('float64', 1, 1);
    run({ ...attendOf(keys, null, null), queries: null, message: null, logSumExp });
    expect(logSumExp.data[0]).toBeCloseTo(Math.log(3), 14);
  });

  it.each(FORESTS.map((polynomial) => [polynomial.name, polynomial] as const))(
    'chains of it solve the forest: %s',
    (_, polynomial) => {
      const forest = polynomial.conditionings[0].forest;
      for (const precision of ['float32', 'float64'] as const) {
        for (const [index, maxScore] of [1, 5, 50, 200].entries()) {
          for (const biases of [false, true]) {
            const problem = randomProblem(polynomial, { seed: 100 + index, precision, maxScore, biases });
            expectOutput(forestOutput(backend, problem, forest), problem);
          }
        }
      }
    },
  );
});

function attendOf(keys: Matrix, keyBias: Matrix | null, values: Matrix | null): AttendStep<Matrix> {
  const precision = keys.data instanceof Float64Array ? 'float64' : 'float32';
  const rows = { message: matrix(precision, 1, values?.cols ?? 1), logSumExp: matrix(precision, 1, 1) };
  return { kind: 'attend', queries: keys, keys, keyBias, values, scale: 1, band: null, ...rows };
}
