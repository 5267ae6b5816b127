import { fail } from '../errors.ts';
import type { Options } from './options.ts';
import type { Problem } from './request.ts';
import { pointer } from './validate.ts';

type Lengths = Options['mask']['lengths'];

/**
 * Real rows of each variable in each batch entry (math.md §7, padding): lengths[j - 1][batch entry]. An array means every variable
 * with n_j = n_1.
 * @throws ServiceError `invalid_request`
 */
export function resolveLengths(lengths: Lengths, problem: Pick<Problem, 'rows' | 'batch'>): number[][] | null {
  if (lengths === undefined) return null;
  const { rows, batch } = problem;
  const resolved = rows.map((n) => new Array<number>(batch).fill(n));
  if (Array.isArray(lengths)) {
    const checked = checkLengths(lengths, rows[0] as number, batch, ['mask', 'lengths']);
    return resolved.map((all, j) => (rows[j] === rows[0] ? checked : all));
  }
  for (const [key, given] of Object.entries(lengths)) {
    const variable = /^[1-8]$/.test(key) ? Number(key) : 0;
    const n = rows[variable - 1];
    if (n === undefined) refuse(['mask', 'lengths', key], `the polynomial has the variables 1..${rows.length}`);
    resolved[variable - 1] = checkLengths(given, n, batch, ['mask', 'lengths', key]);
  }
  return resolved;
}

function checkLengths(given: readonly number[], n: number, batch: number, path: readonly PropertyKey[]): number[] {
  if (given.length !== batch) refuse(path, `one length per batch entry is needed, ${batch} in all; got ${given.length}`);
  given.forEach((length, entry) => {
    if (length > n) refuse([...path, entry], `a length of ${length} exceeds the variable's ${n} rows`);
  });
  return [...given];
}

function refuse(path: readonly PropertyKey[], detail: string): never {
  fail('invalid_request', `${pointer(path)}: ${detail}`, { errors: [{ pointer: pointer(path), detail }] });
}
