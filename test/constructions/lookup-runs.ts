/** Lookups asked over HTTP and checked: the right answer to every question, and no more mass elsewhere than the theory allows. */
import { expect } from 'vitest';
import type { TestApp } from '../helpers/app.ts';
import { random } from '../helpers/random.ts';
import { type Asked, ask, rounding } from './head.ts';
import { alongPath, follow, type LookupHead, largest, lookupHead, randomTable, type Table } from './lookups.ts';

const DELTA = 1e-4;

export interface Composition {
  readonly path: readonly number[];
  readonly head: LookupHead;
  readonly tables: readonly Table[];
}

/** Random tables of m entries, one for each edge of the path. */
export function compositionOf(text: string, path: readonly number[], m: number, seed: number): Composition {
  const next = random(seed);
  const tables = path.slice(1).map(() => randomTable(next, m));
  return { path, head: lookupHead(text, alongPath(path), tables, DELTA, next), tables };
}

export async function expectComposed(app: TestApp, asked: Asked, { path, head, tables }: Composition): Promise<void> {
  const { q, values, questions } = head;
  const { output } = await ask(app, asked, [{ q, v: { [path.at(-1) as number]: values } }]);
  for (const [x, row] of questions.entries()) expectAnswer(head, output[0]?.[row] as number[], follow(tables, x));
}

/** f(z) and g(z) by the two branches, z what the path before them finds: V of one is [one-hot | 1], of the other [1 | one-hot]. */
export async function expectTwoLookups(
  app: TestApp,
  asked: Asked,
  text: string,
  { before, branches, m, seed }: { before: readonly number[]; branches: readonly [number, number]; m: number; seed: number },
): Promise<void> {
  const next = random(seed);
  const [fork, depth] = [before.at(-1) as number, before.length - 1];
  const tables = Array.from({ length: depth + 2 }, () => randomTable(next, m));
  const forks = branches.map((to, i) => ({ from: fork, to, table: depth + 1 + i }));
  const head = lookupHead(text, [...alongPath(before), ...forks], tables, DELTA, next);
  const ones = Array<number>(m).fill(1);
  const v = {
    [branches[0]]: head.values.map((row) => [...row, ...ones]),
    [branches[1]]: head.values.map((row) => [...ones, ...row]),
  };
  const { output } = await ask(app, asked, [{ q: head.q, v }]);
  for (const [x, row] of head.questions.entries()) {
    const masses = output[0]?.[row] as number[];
    const z = follow(tables.slice(0, depth), x);
    expectAnswer(head, masses.slice(0, m), follow(tables.slice(depth, depth + 1), z));
    expectAnswer(head, masses.slice(m), follow(tables.slice(depth + 1), z));
  }
}

function expectAnswer(head: LookupHead, masses: readonly number[], truth: number): void {
  expect(largest(masses)).toBe(truth);
  const allowed = head.wrongMass + rounding(head.q.length, head.maxScore);
  expect(1 - (masses[truth] as number)).toBeLessThanOrEqual(allowed);
}
