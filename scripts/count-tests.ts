/**
 * Reads vitest's JSON report and prints `passed failed skipped` for scripts/test.
 *
 * Use: `node scripts/count-tests.ts REPORT STATUS`, STATUS being vitest's exit code. A file that could not even be loaded has no test
 * that failed, and an unhandled error belongs to no test: each counts as one failure, so that a red run never reads as green.
 */
import { readFileSync } from 'node:fs';
import { argv } from 'node:process';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly { readonly status: string }[] }[];
}

/** Counts of one report; `status` is the exit code of the run that wrote it. */
export function countTests(report: Report, status: number): { passed: number; failed: number; skipped: number } {
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const known = report.numFailedTests + brokenFiles;
  return {
    passed: report.numPassedTests,
    failed: known === 0 && status !== 0 ? 1 : known,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

if (import.meta.main) {
  const report = JSON.parse(readFileSync(argv[2] ?? '', 'utf8')) as Report;
  const { passed, failed, skipped } = countTests(report, Number(argv[3]));
  console.log(passed, failed, skipped);
}
