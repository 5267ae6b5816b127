import { isObject, type JsonObject } from './json.ts';

/** Members that hold data, not schemas: nothing in them is a keyword. */
const DATA = new Set(['example', 'examples', 'default', 'enum', 'mapping']);

/**
 * The same document as OpenAPI 3.0.3, for tools that do not read 3.1. The document stays inside the subset of serving.md §F.1, so four
 * keywords are all that differs: exclusive bounds, `const`, `examples` of schemas, and the version.
 */
export function downgrade(document: JsonObject): JsonObject {
  return { ...(convert(document) as JsonObject), openapi: '3.0.3' };
}

function convert(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(convert);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, one]) => convertMember(key, one, value)));
}

function convertMember(key: string, value: unknown, parent: JsonObject): [string, unknown][] {
  // A map of names: a property may be called `const` or `examples` without being the keyword.
  if (key === 'properties' && isObject(value)) {
    return [[key, Object.fromEntries(Object.entries(value).map(([name, one]) => [name, convert(one)]))]];
  }
  if (key === 'exclusiveMinimum' && typeof value === 'number') return bound('minimum', key, value);
  if (key === 'exclusiveMaximum' && typeof value === 'number') return bound('maximum', key, value);
  if (key === 'const') return [['enum', [value]]];
  if (key === 'examples' && Array.isArray(value)) return parent.example === undefined ? [['example', value[0]]] : [];
  return [[key, DATA.has(key) ? value : convert(value)]];
}

function bound(limit: string, flag: string, value: number): [string, unknown][] {
  return [
    [limit, value],
    [flag, true],
  ];
}
