import { describe, expect, it } from 'vitest';
import { measureRates } from '../../../kernels/reference/calibration.ts';

/** The rates on which the planner's seconds rest, by a clock that the test moves. */

/** A clock that moves by `step(read)` milliseconds with every reading. */
function clock(step: (read: number) => number): { now: () => number; reads: () => number } {
  let [time, reads] = [0, 0];
  const now = (): number => {
    time += step(reads++);
    return time;
  };
  return { now, reads: () => reads };
}

describe('calibration', () => {
  it('takes the fastest run, however many are disturbed', () => {
    // Every run seems to last 0.125 ms, a number that sums hold, but for those in which another process has the processor.
    const calm = measureRates('float32', clock(() => 0.125).now);
    const busy = measureRates('float32', clock((read) => (read % 3 === 0 ? 0.125 : 4)).now);
    expect(busy).toEqual(calm);
    expect(calm.exponentialsPerSecond).toBeCloseTo((64 * 128) / 1.25e-4, -3);
  });

  it('runs each of its three figures often enough for the JIT to have compiled it', () => {
    const { now, reads } = clock(() => 0.5);
    measureRates('float64', now);
    // A run a reading, and one before the first: 12 ms would be 24 runs.
    expect(reads()).toBe(3 * 41);
  });

  it('stays within 200 ms for two precisions, the last run of each figure aside', () => {
    const { now, reads } = clock(() => 3);
    measureRates('float32', now);
    expect(2 * 3 * (reads() / 3 - 2)).toBeLessThanOrEqual(200 / 3);
  });
});
