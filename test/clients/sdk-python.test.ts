import { type ChildProcessWithoutNullStreams, execFile, execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildTestApp, startTestApp, type TestApp } from '../helpers/app.ts';
import {
  type Answered,
  codeLines,
  jsonAnswer,
  LARGE,
  LARGE_SETTINGS,
  RETRY_CASES,
  readmeCode,
  SDK_CASES,
  type Sent,
  scriptedService,
} from './sdk.ts';

/** clients/python, installed with pip, against the service over a socket. */

const ROOT = resolve(import.meta.dirname, '../..');
const PYTHON = join(ROOT, '.venv/bin/python');
const PROGRAM = join(import.meta.dirname, 'python/sdk.py');
const LISTEN = { host: '127.0.0.1', port: 0 };

let folder: string;
let app: TestApp;
let url: string;

beforeAll(async () => {
  if (!existsSync(PYTHON)) throw new Error('There is no .venv: npm test makes it from test/requirements.txt');
  folder = mkdtempSync(join(tmpdir(), 'polyattention-python-'));
  cpSync(join(ROOT, 'clients/python'), join(folder, 'source'), { recursive: true });
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-index', '--no-deps', '--no-build-isolation', '--disable-pip-version-check'];
  execFileSync(PYTHON, [...pip, '--target', join(folder, 'installed'), join(folder, 'source')]);
  app = await startTestApp(LARGE_SETTINGS);
  url = await app.listen(LISTEN);
});
afterAll(async () => {
  await app?.close();
  rmSync(folder, { recursive: true, force: true });
});

function start(scenario: string, given: object): ChildProcessWithoutNullStreams {
  const installed = join(folder, 'installed');
  const child = spawn(PYTHON, [PROGRAM, scenario, installed], { env: { PYTHONPATH: installed } });
  child.stdin.write(`${JSON.stringify(given)}\n`);
  return child;
}

/** What a scenario says, a value a line. */
async function run(scenario: string, given: object): Promise<unknown[]> {
  const child = start(scenario, given);
  const ended = new Promise((done) => child.once('close', done));
  let complaint = '';
  child.stderr.on('data', (text) => {
    complaint += text;
  });
  const said: unknown[] = [];
  for await (const line of createInterface(child.stdout)) said.push(JSON.parse(line));
  expect({ status: await ended, complaint }).toEqual({ status: 0, complaint: '' });
  return said;
}

/** numpy has no bfloat16, so it comes as the float32 with the same value. */
function asInNumpy(tensor: Sent): Sent {
  if (tensor.dtype !== 'bfloat16') return tensor;
  const bits = new Uint16Array(new Uint8Array(Buffer.from(tensor.base64, 'base64')).buffer);
  const bytes = Buffer.from(Uint32Array.from(bits, (half) => half << 16).buffer);
  return { shape: tensor.shape, dtype: 'float32', base64: bytes.toString('base64') };
}

describe('attention', () => {
  it('answers what the JSON route answers, bit for bit, whichever way it is asked', async () => {
    const [said] = (await run('answers', { url, cases: SDK_CASES })) as [Record<string, Answered[]>];
    expect(Object.keys(said)).toEqual(['numbers', 'lists', 'async']);
    for (const [index, one] of SDK_CASES.entries()) {
      const expected = await jsonAnswer(app, one);
      for (const [way, answers] of Object.entries(said))
        expect(answers[index], `${one.name}, ${way}`).toEqual({ ...expected, output: asInNumpy(expected.output) });
    }
  });

  it('takes arrays as numpy has them', async () => {
    const [said] = (await run('numpy', { url })) as [Record<string, number[][]>];
    const tokens = { shape: [3, 2], dtype: 'float64', data: [0, 3, 1, 4, 2, 5] } as const;
    const tensors = { q1: tokens, q2: tokens, v2: tokens };
    const { output } = await jsonAnswer(app, { name: 'numpy', polynomial: 'x1*x2', tensors, options: {} });
    const data = [...new Float32Array(new Uint8Array(Buffer.from(output.base64, 'base64')).buffer)];
    expect(Object.keys(said)).toHaveLength(6);
    for (const [way, rows] of Object.entries(said)) expect(rows.flat(), way).toEqual(data);
  });
});

describe('errors', () => {
  it('carry code, status, detail and faults, in a class for their kind', async () => {
    const [said] = (await run('errors', { url, large: LARGE })) as [Record<string, unknown>];
    expect(said).toMatchObject({
      polynomial: { type: 'InvalidRequest', status: 422, code: 'invalid_request', errors: [{ pointer: '/polynomial' }] },
      shape: { type: 'InvalidRequest', status: 422, code: 'invalid_request' },
      'non-finite': { type: 'InvalidRequest', status: 422, code: 'non_finite_input' },
      deadline: { type: 'DeadlineExceeded', status: 504, code: 'deadline_exceeded' },
      analysis: { type: 'InvalidRequest', status: 422, code: 'invalid_request' },
      'unknown option': 'unexpected options: values',
    });
    for (const error of Object.values(said))
      if (typeof error === 'object') expect(error).toHaveProperty('detail', expect.stringMatching(/.{10}/));
  });

  it('name a token that is missing; one that is right is let in', async () => {
    const locked = await buildTestApp({ BACKENDS: 'reference', AUTH_TOKENS: 'abcdefghijklmnopqrstuvwxyz012345' });
    const [said] = await run('token', { url: await locked.listen(LISTEN), token: 'abcdefghijklmnopqrstuvwxyz012345' });
    expect(said).toMatchObject([{ type: 'PolyAttentionError', status: 401, code: 'unauthorized' }, [2, 1]]);
  });
});

describe('a client that is told to wait', () => {
  it.each(['sync', 'async'])('does so and tries again within bounds, %s', async (client) => {
    const services = await Promise.all(RETRY_CASES.map(({ answers }) => scriptedService(answers)));
    const [said] = (await run('retry', { client, urls: services.map((service) => service.url) })) as [object[]];
    for (const [index, { name, answers, attempts, waits, code }] of RETRY_CASES.entries()) {
      const outcome = code === null ? { waits, answer: [[7]] } : { waits, code, status: answers.at(-1)?.[0] };
      expect(said[index], name).toMatchObject(outcome);
      expect(services[index]?.attempts(), name).toBe(attempts);
    }
  });
});

describe('progress', () => {
  it.each(['sync', 'async'])('is told in bytes sent and received, %s', async (client) => {
    const heads = 1024;
    const [said] = (await run('progress', { url, heads })) as [Record<string, [string, number, number][]>];
    const told = said[client] ?? [];
    const [sent, received] = ['sent', 'received'].map((phase) => told.filter(([name]) => name === phase));
    expect(told.map(([name]) => name).toSorted()).toEqual(told.map(([name]) => name).toReversed());
    for (const [events, bytes] of [
      [sent, 3 * heads * 8 * 64 * 4],
      [received, heads * 8 * 64 * 4],
    ] as const) {
      const counts = events?.map(([, done]) => done) ?? [];
      const totals = new Set(events?.map(([, , total]) => total));
      expect(counts).toEqual(counts.toSorted((a, b) => a - b));
      expect([...totals]).toEqual([counts.at(-1)]);
      expect(counts.length).toBeGreaterThan(1);
      expect(counts.at(-1)).toBeGreaterThan(bytes);
      expect(counts.at(-1)).toBeLessThan(bytes + 2000);
    }
    expect(said.refused?.every(([name]) => name === 'sent')).toBe(true);
  });
});

describe.each(['submit', 'cancel'])('a request that is cancelled, by %s', (scenario) => {
  it('frees the engine, and the client goes on', async () => {
    const child = start(scenario, { url, large: LARGE });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const next = async (): Promise<unknown> => JSON.parse((await lines.next()).value ?? 'null');
    while (app.engine.load().inflightBytes === 0) await delay(2);
    await delay(100);
    expect(app.engine.load().inflightBytes, 'computing before the task is cancelled').toBeGreaterThan(0);
    child.stdin.write('now\n');
    expect(await next()).toBe('cancelled');
    while (app.engine.load().inflightBytes !== 0) await delay(2);
    expect(await next()).toEqual([[2]]);
  });
});

describe('the package', () => {
  it('does what its README shows', async () => {
    const code = readmeCode(readFileSync(join(ROOT, 'clients/python/README.md'), 'utf8'), 'python', url);
    const program = `${code}\nprint(result.output.shape, result.approximation["used"], result.timing.total_ms > 0)\n`;
    const env = { PYTHONPATH: join(folder, 'installed') };
    const { stdout } = await promisify(execFile)(PYTHON, ['-c', program], { env });
    expect(stdout).toMatch(/^\(512, 64\) (True|False) True\n$/);
  });

  it('reaches every operation through the generated client', async () => {
    const [said] = await run('generated', { url });
    const shape = { n: 100, d: 8, others: {} };
    expect(said).toEqual({ class: 'tree', shape, same: true, mechanism: 'x1*x2 + x2*x3' });
  });

  it('has at most 200 lines of code that a hand wrote', () => {
    const sources = join(ROOT, 'clients/python/polyattention');
    const files = readdirSync(sources).filter((file) => file.endsWith('.py'));
    const lines = files.map((file) => codeLines(readFileSync(join(sources, file), 'utf8'), /^\s*(#|""")/));
    expect(files).toContain('client.py');
    expect(lines.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(200);
  });
});
