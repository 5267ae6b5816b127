import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../helpers/app.ts';

/** Requests made from the OpenAPI document, valid ones and broken ones, by schemathesis; `npm run fuzz` sends more of them. */

const ROOT = resolve(import.meta.dirname, '../..');
const SCHEMATHESIS = join(ROOT, '.venv/bin/schemathesis');
const SEED = 6;
const CASES_PER_OPERATION = 100;

let app: TestApp;
let folder: string;
beforeAll(async () => {
  if (!existsSync(SCHEMATHESIS)) throw new Error('There is no .venv: npm test makes it from test/requirements.txt');
  folder = mkdtempSync(join(tmpdir(), 'polyattention-fuzz-'));
  app = await startTestApp();
});
afterAll(async () => {
  await app?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Report {
  readonly complete: boolean;
  readonly operations: { readonly total: number; readonly tested: number };
  readonly test_cases: { readonly generated: number };
  readonly failures: readonly object[];
  readonly errors: readonly object[];
}

function fuzz(url: string): Promise<{ readonly said: string; readonly report: Report }> {
  const file = join(folder, 'report.json');
  const config = ['--config-file', join(ROOT, 'test/clients/fuzz/schemathesis.toml')];
  const size = ['--max-examples', String(CASES_PER_OPERATION), '--seed', String(SEED), '--generation-database', 'none'];
  const report = ['--report', 'json', '--report-json-path', file];
  const args = [...config, 'run', `${url}/openapi.json`, '--checks', 'all', '--no-color', ...size, ...report];
  const env = { ...process.env, HYPOTHESIS_STORAGE_DIRECTORY: join(folder, 'hypothesis') };
  return new Promise((done) => {
    execFile(SCHEMATHESIS, args, { cwd: ROOT, env, maxBuffer: 2 ** 26, timeout: 170_000 }, (_error, said, complaint) =>
      done({ said: said + complaint, report: JSON.parse(existsSync(file) ? readFileSync(file, 'utf8') : '{}') }),
    );
  });
}

describe('the service', () => {
  it('answers at least 2,000 generated requests as its document says, none with a fault of its own', async () => {
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    const documented = await app.inject('/openapi.json');
    // Schemathesis leaves out the one that it has the document from.
    const operations = Object.values(documented.json().paths).flatMap((path) => Object.keys(path as object)).length - 1;
    const { said, report } = await fuzz(url);
    expect(report.failures, said).toEqual([]);
    expect(report, said).toMatchObject({ complete: true, errors: [], operations: { total: operations, tested: operations } });
    expect(report.test_cases.generated).toBeGreaterThanOrEqual(2000);
    expect(app.engine.load().inflightBytes).toBe(0);
  }, 180_000);
});
