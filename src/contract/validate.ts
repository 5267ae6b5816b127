import type { z } from 'zod';
import { type Fault, fail } from '../errors.ts';

const SHOWN = 60;

/** RFC 6901 pointer of a path of keys. */
export function pointer(path: readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).toWellFormed().slice(0, SHOWN).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return JSON.stringify(value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value);
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  return Array.isArray(value) ? 'an array' : 'an object';
}

function at(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

function faults(issue: z.core.$ZodIssue, root: unknown, base: string): Fault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: base + pointer([...issue.path, key]),
      detail: `${shown(key)} is not a field of this object`,
    }));
  }
  return [{ pointer: base + pointer(issue.path), detail: `${issue.message}; got ${shown(at(root, issue.path))}` }];
}

/**
 * Applies a zod schema; every fault is reported with its pointer.
 * @throws ServiceError `invalid_request`
 */
export function validate<S extends z.ZodType>(schema: S, value: unknown, base = ''): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.flatMap((issue) => faults(issue, value, base));
  const first = errors[0];
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  fail('invalid_request', first ? `${first.pointer || '(body)'}: ${first.detail}${more}` : 'The request is not valid', { errors });
}
