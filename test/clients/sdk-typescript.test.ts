import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type * as Sdk from '../../clients/typescript/src/index.ts';
import { narrowHalf, widenHalf } from '../../src/tensor/half.ts';
import { buildTestApp, startTestApp, type TestApp } from '../helpers/app.ts';
import {
  type Answered,
  codeLines,
  type Given,
  jsonAnswer,
  LARGE,
  LARGE_SETTINGS,
  RETRY_CASES,
  readmeCode,
  SDK_CASES,
  type SdkCase,
  type Sent,
  scriptedService,
} from './sdk.ts';

/** clients/typescript, installed with npm, against the service over a socket. */

const SOURCE = resolve(import.meta.dirname, '../../clients/typescript');
const LISTEN = { host: '127.0.0.1', port: 0 };

let folder: string;
let app: TestApp;
let url: string;
let sdk: typeof Sdk;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'polyattention-typescript-'));
  cpSync(SOURCE, join(folder, 'source'), { recursive: true, filter: (path) => !path.includes('node_modules') });
  const project = join(folder, 'project');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
  const npm = ['install', '--install-links', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', '../source'];
  execFileSync('npm', npm, { cwd: project, stdio: 'pipe' });
  const installed = join(project, 'node_modules/@polyattention/client');
  const { exports } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  sdk = await import(join(installed, exports['.'].default));
  app = await startTestApp(LARGE_SETTINGS);
  url = await app.listen(LISTEN);
});
afterAll(async () => {
  await app?.close();
  rmSync(folder, { recursive: true, force: true });
});

function tensor({ shape, dtype, data }: Given): Sdk.Tensor {
  const numbers = data.map(Number);
  if (dtype === 'float64') return sdk.tensor(shape, Float64Array.from(numbers));
  if (dtype === 'float32') return sdk.tensor(shape, numbers);
  const bits = new Uint16Array(numbers.length);
  narrowHalf(dtype, numbers, bits);
  return sdk.tensor(shape, bits, dtype);
}

const FIRST = { q: 1, v: 2, b: 1, wq: 1, wv: 2 } as const;

/** The case as options; each variable's tensor by its number, or as an array with null for what is left out. */
function optionsOf({ tensors, options }: SdkCase, style: 'numbers' | 'arrays'): Sdk.AttentionOptions {
  const found: Record<string, unknown> = { ...options };
  for (const [name, given] of Object.entries(tensors)) {
    const role = name.replace(/\d+$/, '');
    if (role === 'x') found.x = tensor(given);
    else found[role] = { ...(found[role] as object), [Number(name.slice(role.length))]: tensor(given) };
  }
  if (style === 'numbers') return found;
  for (const [role, first] of Object.entries(FIRST)) {
    const byNumber = found[role] as Record<number, Sdk.Tensor> | undefined;
    if (byNumber === undefined) continue;
    const last = Math.max(...Object.keys(byNumber).map(Number));
    found[role] = Array.from({ length: last - first + 1 }, (_, index) => byNumber[first + index] ?? null);
  }
  return found;
}

function sent({ shape, dtype, data }: Sdk.Tensor): Sent {
  return { shape, dtype, base64: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64') };
}

function described({ output, logSumExp, weights, emptyRows, plan, timing }: Sdk.Result): Answered {
  return {
    output: sent(output),
    logSumExp: logSumExp === undefined ? null : sent(logSumExp),
    weights: Object.fromEntries(Object.entries(weights).map(([pair, values]) => [pair, sent(values)])),
    emptyRows,
    algorithm: plan.algorithm,
    stages: timing.stages.length,
  };
}

describe('attention', () => {
  it.each(SDK_CASES)('answers $name as the JSON route does, bit for bit', async (one) => {
    const expected = await jsonAnswer(app, one);
    const client = sdk.createClient(url);
    for (const style of ['numbers', 'arrays'] as const)
      expect(described(await client.attention(one.polynomial, optionsOf(one, style))), style).toEqual(expected);
  });
});

describe('tensors', () => {
  it('are checked where they are made', () => {
    expect(() => sdk.tensor([2, 2], [1, 2, 3])).toThrow(RangeError);
    expect(() => sdk.tensor([1], new Uint16Array(1))).toThrow(/not named/);
    expect(() => sdk.tensor([1], new Float32Array(1), 'float64')).toThrow(TypeError);
    expect(sdk.tensor([1], [0.1], 'float64').data).toEqual(Float64Array.of(0.1));
  });

  it.each(['float16', 'bfloat16'] as const)('widen every %s as the service does', (dtype) => {
    const data = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits);
    const expected = new Float32Array(data.length);
    widenHalf(dtype, data, expected);
    expect(sdk.toFloat32(sdk.tensor([data.length], data, dtype))).toEqual(expected);
  });
});

const ONES = { shape: [4, 2], dtype: 'float32', data: Array(8).fill(1) } as const;

function refusal(call: Promise<unknown>): Promise<Sdk.PolyAttentionError> {
  return call.then(
    () => expect.unreachable('an answer instead of an error'),
    (error) => error,
  );
}

describe('errors', () => {
  it('carry code, status, detail and faults', async () => {
    const client = sdk.createClient(url);
    const [q, wrong] = [tensor(ONES), tensor({ ...ONES, shape: [2, 4] })];
    const cases = [
      [() => client.attention('x1*x2 + x1', { q: [q, q], v: [q] }), 422, 'invalid_request', [{ pointer: '/polynomial' }]],
      [() => client.attention('x1*x2', { q: [q, wrong], v: [q] }), 422, 'invalid_request', [{}]],
      [() => client.attention('x1*x2*x3', { ...optionsOf(LARGE, 'arrays'), timeoutMs: 50 }), 504, 'deadline_exceeded', []],
      [() => client.analyze({ polynomial: 'x1*x1' }), 422, 'invalid_request', [{ pointer: '/polynomial' }]],
    ] as const;
    for (const [call, status, code, errors] of cases) {
      const error = await refusal(call());
      expect(error).toBeInstanceOf(sdk.PolyAttentionError);
      expect(error).toMatchObject({ name: 'PolyAttentionError', status, code, errors, detail: expect.stringMatching(/.{10}/) });
      expect(error.message).toContain(`${status} ${code}: ${error.detail}`);
    }
  });

  it('name a token that is missing; one that is right is let in', async () => {
    const token = 'abcdefghijklmnopqrstuvwxyz012345';
    const locked = await buildTestApp({ BACKENDS: 'reference', AUTH_TOKENS: token });
    const address = await locked.listen(LISTEN);
    const options = { q: [tensor(ONES), tensor(ONES)] };
    const error = await refusal(sdk.createClient(address).attention('x1*x2', options));
    expect(error).toMatchObject({ status: 401, code: 'unauthorized' });
    expect((await sdk.createClient(address, { token }).attention('x1*x2', options)).output.shape).toEqual([4, 1]);
  });
});

describe('a client that is told to wait', () => {
  it.each(RETRY_CASES)('$name', async ({ answers, attempts, waits, code }) => {
    const service = await scriptedService(answers);
    const waited: number[] = [];
    const sleep = async (ms: number): Promise<void> => void waited.push(ms / 1000);
    const call = sdk.createClient(service.url, { sleep }).attention('x1*x2', { q: [tensor(ONES), tensor(ONES)] });
    if (code === null) expect(sdk.toFloat32((await call).output)).toEqual(Float32Array.of(7));
    else expect(await refusal(call)).toMatchObject({ code, status: answers.at(-1)?.[0] });
    expect({ waited, attempts: service.attempts() }).toEqual({ waited: waits, attempts });
  });

  it('stops waiting when its signal fires', async () => {
    const service = await scriptedService([[503, '20']]);
    const [stop, reason] = [new AbortController(), new Error('no longer needed')];
    const call = refusal(
      sdk.createClient(service.url).attention('x1*x2', { q: [tensor(ONES), tensor(ONES)], signal: stop.signal }),
    );
    while (service.attempts() === 0) await delay(2);
    await delay(50);
    stop.abort(reason);
    expect(await call).toBe(reason);
    expect(service.attempts()).toBe(1);
  });
});

describe('progress', () => {
  it('is told in bytes received', async () => {
    const told: [number, number][] = [];
    const wide = { shape: [1024, 8, 64], dtype: 'float32', data: Array(1024 * 8 * 64).fill(1) } as const;
    const q = tensor(wide);
    const { output } = await sdk.createClient(url).attention('x1*x2', {
      q: [q, q],
      v: [q],
      onProgress: (...event) => void told.push(event),
    });
    expect(output.data.every((value) => value === 1)).toBe(true);
    const counts = told.map(([done]) => done);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(new Set(told.map(([, total]) => total))).toEqual(new Set([counts.at(-1)]));
    expect(counts.length).toBeGreaterThan(1);
    expect(counts.at(-1)).toBeGreaterThan(output.data.byteLength);
  });
});

describe('a request whose signal fires', () => {
  it('frees the engine, and the client goes on', async () => {
    const client = sdk.createClient(url);
    const stop = new AbortController();
    const call = refusal(client.attention(LARGE.polynomial, { ...optionsOf(LARGE, 'arrays'), signal: stop.signal }));
    while (app.engine.load().inflightBytes === 0) await delay(2);
    await delay(100);
    expect(app.engine.load().inflightBytes, 'computing before the signal fires').toBeGreaterThan(0);
    stop.abort();
    expect(await call).toMatchObject({ name: 'AbortError' });
    while (app.engine.load().inflightBytes !== 0) await delay(2);
    const { output } = await client.attention('x1*x2', { q: [tensor(ONES), tensor(ONES)], v: [tensor(ONES)] });
    expect(output.shape).toEqual([4, 2]);
  });
});

describe('the package', () => {
  it('does what its README shows', async () => {
    const code = readmeCode(readFileSync(join(SOURCE, 'README.md'), 'utf8'), 'ts', url);
    const program = join(folder, 'project', 'readme.mjs');
    writeFileSync(program, `${code}\nconsole.log(JSON.stringify([output.shape, timing.totalMs > 0, typeof approximation.used]));`);
    const { stdout } = await promisify(execFile)(process.execPath, [program]);
    expect(JSON.parse(stdout)).toEqual([[512, 64], true, 'boolean']);
  });

  it('analyses without tensors', async () => {
    const analysis = await sdk.createClient(url).analyze({ polynomial: 'x1*x2 + x2*x3', shape: { n: 100, d: 8 } });
    expect(analysis).toMatchObject({ class: 'tree', shape: { n: 100, d: 8 } });
  });

  it('has at most 200 lines of code that a hand wrote', () => {
    const files = ['index.ts', 'safetensors.ts'].map((file) => readFileSync(join(SOURCE, 'src', file), 'utf8'));
    const lines = files.map((text) => codeLines(text, /^\s*(\/\/|\/\*\*|\*)/));
    expect(lines.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(200);
  });
});
