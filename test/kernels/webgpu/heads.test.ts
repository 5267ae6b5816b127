import { describe, expect, it } from 'vitest';
import { CONTROL_CELLS, type CycleStep, type Matrix, PROGRESS } from '../../../kernels/backend.ts';
import { Batch } from '../../../kernels/webgpu/batch.ts';
import {
  conditionedTiles,
  expectedOutput,
  expectOutput,
  matrix,
  type Output,
  type Problem,
  type ProblemOptions,
  randomProblem,
} from '../cases.ts';
import { adversarial, cycleOf } from '../cycles.ts';
import { type Conditioning, POLYNOMIALS } from '../polynomials.ts';
import { type TestDevice, useDevice } from './device.ts';
import { halvedProblem, withoutHalves } from './halves.ts';
import type { Run } from './host.ts';

/** Problems of one shape that come at once, such as the heads of a request: they share dispatches, and each gets its own numbers. */

const HEADS = 5;

let device: TestDevice;
let bounded: TestDevice;
useDevice((started) => {
  device = started;
});
// Chunks of assignments end in the middle of problems, and not all problems fit an arena together.
useDevice(
  (started) => {
    bounded = started;
  },
  { bounds: { dispatchFlops: 3e4, arenaFloats: 20_000 } },
);

const SIZES = { precision: 'float32', biases: true, d: 4, dv: 3 } as const;

/** Of one shape and scale, with other numbers, and other rows that biases forbid. */
function heads(polynomial: Parameters<typeof randomProblem>[0], options: Partial<ProblemOptions>): Problem[] {
  return Array.from({ length: HEADS }, (_, seed) => {
    const sizes = Array.from({ length: polynomial.t }, (_, j) => 3 + (j % 3));
    return { ...randomProblem(polynomial, { ...SIZES, sizes, maxScore: 5, ...options, seed }), scale: 0.9 };
  });
}

/** All problems' tiles by one step each, at once. */
async function solveTogether(on: TestDevice, problems: readonly Problem[], how: Conditioning): Promise<Output[]> {
  const tiles = problems.map((problem) => conditionedTiles(problem, how));
  const runs = tiles.map((each): Run => {
    const [step, tile] = each.next().value as Exclude<ReturnType<typeof each.next>['value'], Output>;
    return { step, tile };
  });
  await on.runAll(runs);
  return tiles.map((each) => each.next().value as Output);
}

describe('problems of one shape at once', () => {
  const cases = POLYNOMIALS.flatMap(({ conditionings, ...polynomial }) => conditionings.map((how) => ({ ...polynomial, how })));
  it.each(cases)('compute $name given {$how.cutset}, each with its own numbers', async ({ how, ...polynomial }) => {
    for (const on of [device, bounded]) {
      const problems = heads(polynomial, { sparseValues: on === bounded });
      const found = await solveTogether(on, problems, how);
      for (const [index, problem] of problems.entries()) {
        expectOutput(found[index], problem, expectedOutput(problem), on.describe().expError);
      }
    }
  });

  it.each(cases)(
    'compute $name given {$how.cutset} from float16, beside one in single precision',
    async ({ how, ...polynomial }) => {
      const problems = heads(polynomial, {}).map((problem) => halvedProblem(problem, how.cutset));
      const given = problems.map(({ given, truth }, index) => (index === 2 ? withoutHalves(truth) : given));
      const found = await solveTogether(device, given, how);
      for (const [index, { truth }] of problems.entries()) {
        expectOutput(found[index], truth, expectedOutput(truth), device.describe().expError);
      }
    },
  );

  it('compute under masks, beyond one tile of rows and keys', async () => {
    const how = { cutset: [1], forest: [3, 2].map((variable) => ({ variable, parent: variable === 3 ? 2 : 0 })) };
    const masks = [1, 2].map((column) => ({ row: 3, column, lowest: -Infinity, highest: 30 }));
    for (const on of [device, bounded]) {
      const problems = heads(cycleOf([1, 2, 3]), { sizes: [7, 41, 50], masks });
      const found = await solveTogether(on, problems, how);
      for (const [index, problem] of problems.entries()) {
        expectOutput(found[index], problem, expectedOutput(problem), on.describe().expError);
      }
    }
  });

  it('compute cycles, each with its own certificates and its own rows that fall back', async () => {
    // The scores of all but two are so small that nothing underflows.
    const problems = Array.from({ length: HEADS }, (_, seed) => {
      const problem = adversarial('float32', seed, 300);
      if (seed === 1 || seed === 3) return problem;
      const shrink = ({ data, ...rest }: Matrix): Matrix => ({ ...rest, data: data.map((value) => value / 50) });
      return { ...problem, variables: problem.variables.map((each) => ({ ...each, queries: shrink(each.queries) })) };
    });
    const runs = problems.map((problem, callId) => {
      const results = { message: matrix('float32', 180, 2), logSumExp: matrix('float32', 180, 1) };
      const step: CycleStep<Matrix> = { kind: 'cycle', ...problem, order: [1, 2, 3], product: 'gemm', ...results };
      return { step, tile: { firstRow: 0, lastRow: 180, control: new Int32Array(CONTROL_CELLS), callId } };
    });
    const reports = await device.runAll(runs);
    for (const [index, problem] of problems.entries()) {
      expectOutput(runs[index].step as unknown as Output, problem, expectedOutput(problem), device.describe().expError);
      expect(runs[index].tile.control[PROGRESS]).toBe(180);
    }
    expect(reports.map(({ fallbackRows }) => fallbackRows > 0)).toEqual([false, true, false, true, false]);
  });

  it('leave those that can run when one among them cannot', async () => {
    const problems = heads(POLYNOMIALS[0], {});
    const how = POLYNOMIALS[0].conditionings[0];
    const runs = problems.flatMap((problem) => [...conditionedTiles(problem, how)].map(([step, tile]): Run => ({ step, tile })));
    const wrong = { step: { ...runs[0].step, logSumExp: matrix('float32', 1, 1) } as Run['step'], tile: runs[0].tile };
    await Promise.all([
      expect(device.runAll([wrong, ...runs.slice(0, 2)])).rejects.toThrow('webgpu: logSumExp is [1, 1]'),
      device.runAll(runs),
    ]);
    for (const [index, problem] of problems.entries()) {
      expectOutput(runs[index].step as unknown as Output, problem, expectedOutput(problem), device.describe().expError);
    }
  });
});

describe('a batch', () => {
  const batchOf = (most: number) => {
    const ran: number[][] = [];
    const batch = new Batch<number, number>({
      keyOf: (job) => {
        if (job < 0) throw new Error('below zero');
        return String(job % 2);
      },
      most: () => most,
      run: async (jobs) => {
        ran.push([...jobs]);
        if (jobs.includes(13)) throw new Error('thirteen');
        return jobs.map((job) => 10 * job);
      },
    });
    return { batch, ran };
  };

  it('runs jobs of one key together, no more at once than may, and gives each its result', async () => {
    const { batch, ran } = batchOf(2);
    expect(await Promise.all([0, 1, 2, 4, 3].map((job) => batch.run(job)))).toEqual([0, 10, 20, 40, 30]);
    expect(ran).toEqual([[0, 2], [1, 3], [4]]);
    expect(await batch.run(6)).toBe(60);
  });

  it('fails those that a failure concerns', async () => {
    const { batch, ran } = batchOf(9);
    const outcomes = await Promise.allSettled([13, 2, 5, -1].map((job) => batch.run(job)));
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'rejected']);
    expect(ran).toEqual([[13, 5], [2]]);
  });
});
