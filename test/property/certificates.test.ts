import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Engine, startEngine } from '../../src/schedule/engine.ts';
import { judge, type Verdict } from './certified-case.ts';

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
  expect(verdicts.filter(({ outcome }) => outcome === 'violated').map((one) => ({ ...one }))).toEqual([]);
  // Most requests are answered, by each of the methods, or the test would say nothing.
  for (const method of ['taylor', 'minimax', 'compress', 'prune', 'auto']) {
    const own = verdicts.filter((one) => one.method === method);
    expect(own.filter(({ outcome }) => outcome === 'certified').length, method).toBeGreaterThan(own.length / 10);
  }
}, 240_000);
