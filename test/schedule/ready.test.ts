import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Envelope } from '../../src/contract/envelope.ts';
import { interpret } from '../../src/contract/interpret.ts';
import { answerAtOnce, runAtOnce, runsAtOnce } from '../../src/schedule/at-once.ts';
import { bind } from '../../src/schedule/bind.ts';
import { type Engine, startEngine } from '../../src/schedule/engine.ts';
import { Kernels } from '../../src/schedule/kernels.ts';
import { ReadyPlan } from '../../src/schedule/ready.ts';
import { allocate } from '../../src/tensor/allocate.ts';
import { Lease } from '../../src/tensor/lease.ts';

/** Plans that were made ready give, to the bit, what binding and encoding anew gives, whatever memory is put in. */

let engine: Engine;
let kernels: Kernels;
beforeAll(async () => {
  const limits = { maxInflightBytes: 2 ** 30, maxQueueSeconds: 1e6, maxSyncSeconds: 1e6, maxResultBytes: 2 ** 30 };
  engine = await startEngine({ threads: 1, backends: ['native'], nativeIsa: null, ...limits });
  kernels = await Kernels.load({ backends: ['native'], nativeIsa: null });
});
afterAll(() => engine.close());

/** n differs from variable to variable, so that a buffer in another's place would not fit. */
function envelope(t: number, options: object, seed: number, lead: readonly number[] = []): Envelope {
  let state = seed;
  const next = (): number => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647 - 0.5;
  };
  const precision = (options as { precision?: 'float64' }).precision ?? 'float32';
  const names = Array.from({ length: t }, (_, j) => (j === 0 ? ['q1'] : [`q${j + 1}`, `v${j + 1}`])).flat();
  const tensors = new Map(
    [...names, 'b2'].map((name) => {
      const n = 2 + Number(name.slice(1));
      const tensor = allocate(precision, name.startsWith('b') ? [...lead, n] : [...lead, n, name.startsWith('q') ? 3 : 2]);
      for (let i = 0; i < tensor.data.length; i++) tensor.data[i] = next();
      return [name, tensor] as const;
    }),
  );
  return { tensors, options: { ...options } };
}

const CASES: [string, number, object][] = [
  ['a pair', 2, { mechanism: 'self' }],
  ['a path', 3, { polynomial: 'x1*x2 + x2*x3' }],
  ['a star, combined', 3, { polynomial: 'x1*x2 + x1*x3' }],
  ['conditioning', 3, { polynomial: 'x1*x2*x3' }],
  ['a cycle', 3, { polynomial: 'x1*x2 + x2*x3 + x1*x3' }],
  ['float64', 2, { mechanism: 'self', precision: 'float64' }],
];

describe('a plan that was made ready', () => {
  it.each(CASES)('answers as one that was not, request after request: %s', (_, t, options) => {
    for (let seed = 1; seed <= 3; seed++) {
      const request = interpret(envelope(t, options, seed));
      const plan = engine.plan(request.problem);
      expect(runsAtOnce(plan, kernels)).toBe(true);
      const bound = bind(plan, request, new Lease());
      const { tiles, fallbackRows } = runAtOnce(plan, bound, kernels, 0);
      const ready = answerAtOnce(plan, request, kernels, new Lease(), 0);
      for (const name of ['output', 'logSumExp']) expect(ready.output(name)).toEqual(bound.output(name));
      expect(ready.output('output').some((value) => value !== 0)).toBe(true);
      expect(ready.execution).toMatchObject({ tiles, fallbackRows });
      expect(ready.execution.stages.map(({ step }) => step)).toEqual(plan.stages.map(({ step }) => step.kind));
    }
  });

  it('is none where slices or padding say more than the plan', () => {
    const sliced = interpret(envelope(2, { mechanism: 'self' }, 1, [2]));
    expect(ReadyPlan.of(engine.plan(sliced.problem), kernels)).toBeNull();
    const padded = interpret(envelope(2, { mechanism: 'self', mask: { lengths: { '2': [1] } } }, 1));
    const plan = engine.plan(padded.problem);
    const bound = bind(plan, padded, new Lease());
    runAtOnce(plan, bound, kernels, 0);
    // The plan itself can be made ready; this request of it must not be answered so.
    expect(ReadyPlan.of(plan, kernels)).not.toBeNull();
    expect(answerAtOnce(plan, padded, kernels, new Lease(), 0).output('output')).toEqual(bound.output('output'));
  });
});
