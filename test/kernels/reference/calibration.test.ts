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
    const busy = measureRates('float32', clock((read) => (read % 5 === 0 ? 0.125 : 4)).now);
    expect(busy).toEqual(calm);
    expect(calm.exponentialsPerSecond).toBeCloseTo((32 * 64) / 1.25e-4, -3);
  });

  it('runs each of its three figures often enough for the JIT to have compiled it', () => {
    const { now, reads } = clock(() => 0.25);
    measureRates('float64', now);
    // A reading a run, and one before the first; 80 ms would be 107 rounds.
    expect(reads()).toBe(1 + 3 * 120);
  });

  it('takes 80 ms a precision where that is often enough, and 98 at most, the last round aside', () => {
    const [fast, slow] = [clock(() => 0.1), clock(() => 3)];
    measureRates('float32', fast.now);
    expect(0.1 * (fast.reads() - 1)).toBeCloseTo(80, 0);
    measureRates('float32', slow.now);
    expect(3 * (slow.reads() - 1)).toBeLessThanOrEqual(98 + 9);
  });
});
