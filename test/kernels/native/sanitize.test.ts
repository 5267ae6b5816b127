import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const path = `${root}build/native/polyattention-sanitize.node`;
const suites = [
  ...['attend', 'backend', 'conditioned', 'cycle', 'eliminate', 'prefix', 'project', 'prune', 'size', 'numbers'],
  ...['survey', 'accumulate', 'contract', 'apply', 'compress', 'scan', 'draws', 'residual'],
].map((name) => `test/kernels/native/${name}.test.ts`);

interface Report {
  readonly numTotalTests: number;
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** The sanitizers must come before everything else in a process: a child with the library preloaded, the same tests, another addon. */
it('passes its tests under AddressSanitizer and UndefinedBehaviorSanitizer', { timeout: 600_000 }, () => {
  execFileSync(`${root}scripts/build-native`, ['--sanitize'], { stdio: 'pipe' });
  const compiler = process.env.CXX ?? 'g++';
  const library = execFileSync(compiler, ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim();
  expect(readFileSync(path).includes('__asan_report_store')).toBe(true);
  expect(readFileSync(path).includes('__ubsan_handle_')).toBe(true);
  const folder = mkdtempSync(join(tmpdir(), 'sanitize-'));
  const results = join(folder, 'results.json');
  const flags = ['run', '--reporter=json', `--outputFile=${results}`];
  const child = spawnSync(process.execPath, [`${root}node_modules/vitest/vitest.mjs`, ...flags, ...suites], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    env: { ...process.env, NATIVE_ADDON_PATH: path, LD_PRELOAD: library, ASAN_OPTIONS: 'detect_leaks=0', NO_COLOR: '1' },
  });
  expect(child.stderr).not.toMatch(/AddressSanitizer|runtime error/);
  expect(existsSync(results), child.stderr.slice(-4000)).toBe(true);
  const report = JSON.parse(readFileSync(results, 'utf8')) as Report;
  const failed = report.testResults.flatMap(({ assertionResults }) => assertionResults.filter(({ status }) => status !== 'passed'));
  expect(failed.map(({ fullName, failureMessages }) => [fullName, ...failureMessages])).toEqual([]);
  expect(child.status, child.stderr.slice(-4000)).toBe(0);
  expect(report.numTotalTests).toBeGreaterThan(500);
  rmSync(folder, { recursive: true });
});
