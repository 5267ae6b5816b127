import { describe, expect, it } from 'vitest';
import { CONTROL_CELLS, type CycleStep, FAST_ROWS, type Matrix, PROGRESS } from '../../../kernels/backend.ts';
import { expectedOutput, expectOutput, matrix, type Output, type Problem, randomProblem } from '../cases.ts';
import { adversarial, cycleOf, ORDERS } from '../cycles.ts';
import { TestDevice, useDevice } from './device.ts';

interface Outcome extends Output {
  readonly fallbackRows: number;
}

let device: TestDevice;
let expError: number;
useDevice((started, error) => {
  [device, expError] = [started, error];
});

let calls = 2e6;

async function run(problem: Problem, order: readonly number[], cuts: number[] = [], on = device): Promise<Outcome> {
  const { rows } = problem.variables[0].queries;
  const dv = problem.variables.find(({ values }) => values !== null)?.values?.cols ?? 1;
  const message = matrix('float32', rows, dv);
  const logSumExp = matrix('float32', rows, 1);
  const step: CycleStep<Matrix> = { kind: 'cycle', ...problem, order, product: 'auto', message, logSumExp };
  const control = new Int32Array(CONTROL_CELLS);
  const callId = ++calls;
  let fallbackRows = 0;
  for (const [i, firstRow] of [0, ...cuts].entries()) {
    fallbackRows += (await on.run(step, { firstRow, lastRow: cuts[i] ?? rows, control, callId })).fallbackRows;
  }
  expect([control[PROGRESS], control[FAST_ROWS]]).toEqual([rows, 0]);
  return { message, logSumExp, fallbackRows };
}

const expectRight = (output: Output, problem: Problem) => expectOutput(output, problem, expectedOutput(problem), expError);

describe('cycle on webgpu', () => {
  it.each(ORDERS.map((order) => ({ order })))('computes $order at any score, with biases and odd sizes', async ({ order }) => {
    for (const [seed, maxScore] of [0.1, 1, 5, 50, 200, 5].entries()) {
      const options = { seed, precision: 'float32', maxScore, biases: seed % 2 === 1, sparseValues: seed === 5 } as const;
      const problem = randomProblem(cycleOf(order), options);
      expectRight(await run(problem, order, [1]), problem);
    }
  });

  it('crosses tiles of rows, keys, coordinates and channels, in tiles of any size', async () => {
    const options = { seed: 11, precision: 'float32', maxScore: 4, sizes: [9, 40, 67], d: 70, dv: 140 } as const;
    const problem = randomProblem(cycleOf([1, 2, 3]), options);
    const whole = await run(problem, [1, 2, 3]);
    expect(whole.fallbackRows).toBe(0);
    expectRight(whole, problem);
    expectRight(await run(problem, [1, 2, 3], [3, 7]), problem);
  });

  it('cuts chunks of rows where a dispatch or an arena would be too large', async () => {
    const bounded = await TestDevice.start({ bounds: { dispatchFlops: 2e4, arenaFloats: 20_000 } });
    try {
      const options = { seed: 5, precision: 'float32', maxScore: 4, sizes: [40, 70, 75], d: 5, dv: 3, biases: true } as const;
      const problem = randomProblem(cycleOf([1, 3, 2]), options);
      expectRight(await run(problem, [1, 3, 2], [], bounded), problem);
    } finally {
      expect(await bounded.close()).toBe('code 0');
    }
  });

  it('computes all rows by conditioning where the shared matrices find no room', async () => {
    const bounded = await TestDevice.start({ bounds: { arenaFloats: 20_000 } });
    try {
      const options = { seed: 5, precision: 'float32', maxScore: 4, sizes: [6, 150, 140], d: 5, dv: 3 } as const;
      const problem = randomProblem(cycleOf([1, 2, 3]), options);
      const output = await run(problem, [1, 2, 3], [], bounded);
      expect(output.fallbackRows).toBe(6);
      expectRight(output, problem);
    } finally {
      expect(await bounded.close()).toBe('code 0');
    }
  });

  it('leaves rows empty where a variable has no admissible row', async () => {
    for (let blocked = 1; blocked < 5; blocked++) {
      const options = { seed: 5, precision: 'float32', maxScore: 3, sizes: [4, 4, 4, 4] } as const;
      const problem = randomProblem(cycleOf([1, 2, 3, 4]), options);
      const variables = problem.variables.map((operands, j) =>
        j === blocked - 1 ? { ...operands, bias: matrix('float32', 4, 1, () => -Infinity) } : operands,
      );
      const result = await run({ ...problem, variables }, [1, 2, 3, 4]);
      expect(Array.from(result.logSumExp.data)).toEqual([-Infinity, -Infinity, -Infinity, -Infinity]);
      expect(result.message.data.every((value) => value === 0)).toBe(true);
      expect(result.fallbackRows).toBe(0);
    }
  });

  it('is right on thousands of rows made to underflow, by falling back on those that do', async () => {
    let fallbacks = 0;
    let accepted = 0;
    for (let seed = 0; seed < 12; seed++) {
      const problem = adversarial('float32', seed, 300);
      const result = await run(problem, [1, 2, 3]);
      expectRight(result, problem);
      fallbacks += result.fallbackRows;
      accepted += problem.variables[0].queries.rows - result.fallbackRows;
    }
    expect(fallbacks).toBeGreaterThan(50);
    expect(accepted).toBeGreaterThan(50);
  });
});
