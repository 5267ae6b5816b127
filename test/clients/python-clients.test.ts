import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../helpers/app.ts';

/** Clients that people have already, as installed from test/requirements.txt, against the service over a socket. */

const PYTHON = new URL('../../.venv/bin/python', import.meta.url).pathname;
const SCRIPTS = new URL('python/', import.meta.url).pathname;

const CASES = {
  'triton_sync.py': [
    'health',
    'metadata',
    'config',
    'repository',
    'statistics',
    'fp32',
    'fp64',
    'fp16',
    'bf16',
    'json_both_ways',
    'json_of_doubles',
    'mixed_framing',
    'all_outputs_unless_named',
    'polynomial',
    'compression',
    'compressed_and_large',
    'asynchronous',
    'timeout',
    'errors',
  ],
  'triton_aio.py': [
    'health',
    'descriptions',
    'every_datatype',
    'json_both_ways',
    'all_outputs_unless_named',
    'compression',
    'many_at_once',
    'errors',
  ],
  'kserve_client.py': ['health', 'json_both_ways', 'binary_both_ways', 'mixed', 'errors'],
  'tensors.py': [
    'every_dtype_there_and_back',
    'other_outputs_and_metadata',
    'rows_without_keys',
    'tensors_are_aligned',
    'large_bodies',
    'npy',
    'errors_are_problems',
  ],
} as const;

let app: TestApp;
let url: string;
beforeAll(async () => {
  if (!existsSync(PYTHON)) throw new Error('There is no .venv: npm test makes it from test/requirements.txt');
  app = await startTestApp();
  url = await app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => app?.close());

/** What a script printed: one line a case, then whatever it died of. */
function runScript(script: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(PYTHON, [`${SCRIPTS}${script}`, url], { timeout: 120_000 }, (_error, stdout, stderr) => resolve(stdout + stderr));
  });
}

describe.each(Object.entries(CASES))('%s', (script, cases) => {
  let printed = '';
  beforeAll(async () => {
    printed = await runScript(script);
  }, 150_000);

  it.each(cases.map((name) => [name]))('%s', (name) => {
    const line = printed.split('\n').find((one) => one.startsWith(`ok ${name}`) || one.startsWith(`FAILED ${name}:`));
    expect(line ?? printed).toBe(`ok ${name}`);
  });

  it('has no other case', () => {
    const ran = [...printed.matchAll(/^(?:ok|FAILED) (\w+)/gm)].map(([, name]) => name);
    expect(ran).toEqual(cases);
  });
});
