import { describe, expect, it } from 'vitest';
import { countTests } from '../../scripts/count-tests.ts';

const file = (status: string, ...tests: string[]) => ({ status, assertionResults: tests.map((each) => ({ status: each })) });
const report = (passed: number, failed: number, ...testResults: ReturnType<typeof file>[]) => {
  return { numPassedTests: passed, numFailedTests: failed, numPendingTests: 0, numTodoTests: 0, testResults };
};

describe('counting tests', () => {
  it('takes over what the runner counted', () => {
    expect(countTests(report(2, 1, file('passed', 'passed'), file('failed', 'failed', 'passed')), 1)).toEqual({
      passed: 2,
      failed: 1,
      skipped: 0,
    });
  });

  it('counts a file that could not be loaded as one failure', () => {
    expect(countTests(report(1, 0, file('passed', 'passed'), file('failed')), 1).failed).toBe(1);
  });

  it('counts a red run without a failed test as one failure', () => {
    expect(countTests(report(1, 0, file('passed', 'passed')), 1).failed).toBe(1);
    expect(countTests(report(1, 0, file('passed', 'passed')), 0).failed).toBe(0);
  });

  it('adds what was skipped and what is still to do', () => {
    expect(countTests({ ...report(0, 0), numPendingTests: 2, numTodoTests: 3 }, 0).skipped).toBe(5);
  });
});
