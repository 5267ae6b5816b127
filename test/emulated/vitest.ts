/**
 * As much of vitest as the kernels' tests use, in plain TypeScript: under emulation of another processor vitest's own native parts are
 * missing (scripts/check-neon). What a test asks for that is not here fails.
 */
import { deepStrictEqual } from 'node:assert';

type Body = (...row: never[]) => unknown;

const tests: { readonly name: string; readonly body: () => unknown }[] = [];
const path: string[] = [];

function titled(name: string, row: unknown): string {
  if (Array.isArray(row) || typeof row !== 'object' || row === null)
    return name.replace(/%[sdij]/, () => String(Array.isArray(row) ? row[0] : row));
  return name.replace(/\$(\w+)/g, (_, key: string) => String((row as Record<string, unknown>)[key]));
}

const each =
  (declare: (name: string, body: () => unknown) => void) =>
  (rows: readonly unknown[]) =>
  (name: string, body: Body): void => {
    for (const row of rows) declare(titled(name, row), () => body(...((Array.isArray(row) ? row : [row]) as never[])));
  };

function declareGroup(name: string, body: () => unknown): void {
  path.push(name);
  body();
  path.pop();
}

function declareTest(name: string, body: () => unknown): void {
  tests.push({ name: [...path, name].join(' > '), body });
}

export const describe = Object.assign(declareGroup, { each: each(declareGroup) });
export const it = Object.assign(declareTest, { each: each(declareTest) });

function equal(a: unknown, b: unknown): boolean {
  try {
    deepStrictEqual(a, b);
    return true;
  } catch {
    return false;
  }
}

function thrownBy(body: () => unknown): string | null {
  try {
    body();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function matchers(actual: unknown, message: string, negated: boolean) {
  const check = (holds: boolean, what: string): void => {
    if (holds === negated) throw new Error(`${message}: ${String(actual)} is ${negated ? '' : 'not '}${what}`);
  };
  const number = actual as number;
  return {
    toBe: (other: unknown) => check(Object.is(actual, other), `${String(other)}`),
    toEqual: (other: unknown) => check(equal(actual, other), `equal to ${JSON.stringify(other)?.slice(0, 200)}`),
    toBeCloseTo: (other: number, digits = 2) => check(Math.abs(number - other) < 10 ** -digits / 2, `close to ${other}`),
    toBeGreaterThan: (other: number) => check(number > other, `greater than ${other}`),
    toBeGreaterThanOrEqual: (other: number) => check(number >= other, `at least ${other}`),
    toBeLessThan: (other: number) => check(number < other, `less than ${other}`),
    toBeLessThanOrEqual: (other: number) => check(number <= other, `at most ${other}`),
    toThrow: (expected: RegExp | string = '') => {
      const thrown = thrownBy(actual as () => unknown);
      const meant = expected instanceof RegExp ? expected.test(thrown ?? '') : thrown?.includes(expected);
      check(thrown !== null && meant === true, `throwing ${String(expected)}, but ${thrown}`);
    },
  };
}

export const expect = (actual: unknown, message = '') => ({
  ...matchers(actual, message, false),
  not: matchers(actual, message, true),
});

async function runAll(): Promise<void> {
  let failed = 0;
  for (const { name, body } of tests) {
    try {
      await body();
    } catch (error) {
      failed++;
      console.log(`FAILED ${name}\n  ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  console.log(`${tests.length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 && tests.length > 0 ? 0 : 1;
}

// The file that declares the tests has been evaluated by then.
setImmediate(() => void runAll());
