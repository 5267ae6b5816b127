import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Engine, startEngine } from '../../src/schedule/engine.ts';
import { judge, METHODS, type Verdict } from './certified-case.ts';

/** `proved` means proved: no measured error above its certificate. `npm run certify` takes very many more. */

const CASES = 2000;

let engine: Engine;
beforeAll(async () => {
  const limits = { maxInflightBytes: 2 ** 30, maxQueueSeconds: 1e6, maxSyncSeconds: 1e6, maxResultBytes: 2 ** 30 };
  engine = await startEngine({ threads: 2, backends: ['native', 'reference'], nativeIsa: null, ...limits });
});
afterAll(() => engine.close());

it(`holds on ${CASES} random requests of every class, method, mask, type and size`, async () => {
  const verdicts: Verdict[] = [];
  for (let seed = 0; seed < CASES; seed += 8) {
    verdicts.push(...(await Promise.all(Array.from({ length: 8 }, (_, i) => judge(engine, seed + i)))));
  }
  const violated = verdicts.filter(({ outcome }) => outcome === 'violated');
  expect(violated.filter(({ kind }) => kind !== 'probabilistic')).toEqual([]);
  // Bounds with a confidence are far from tight: those missed stay well below what their confidences allow.
  const allowance = verdicts.reduce((sum, one) => sum + one.allowance, 0);
  expect(violated.length).toBeLessThan(allowance / 50);
  // Most requests are answered, by each of the methods, or the test would say nothing.
  for (const method of METHODS) {
    const own = verdicts.filter((one) => one.method === method);
    expect(own.filter(({ outcome }) => outcome === 'certified').length, method).toBeGreaterThan(own.length / 10);
  }
}, 240_000);
