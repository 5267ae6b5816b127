import { isObject, type JsonObject, walk } from '../../openapi/json.ts';

/** Faults of a document against the subset of 3.1 that maps one to one to 3.0.3 (serving.md §F.1), as `pointer: what`. */

const FORBIDDEN = [
  'prefixItems',
  'propertyNames',
  'patternProperties',
  'not',
  'if',
  'then',
  'else',
  'nullable',
  '$defs',
  'definitions',
  'id',
  '$schema',
];
const COMBINATIONS = ['anyOf', 'oneOf', 'allOf'];

export function subsetFaults(document: JsonObject): string[] {
  return [...schemasOf(document)]
    .flatMap(({ pointer, schema }) => schemaFaults(schema).map((fault) => `${pointer}: ${fault}`))
    .concat(recursionFaults(document));
}

/** Every schema, wherever it stands: below `components.schemas`, `schema`, and inside other schemas. */
export function* schemasOf(root: JsonObject): Generator<{ pointer: string; schema: JsonObject }> {
  for (const { pointer, value } of walk(root)) {
    if (isObject(value) && isSchemaAt(pointer)) yield { pointer, schema: value };
  }
}

function isSchemaAt(pointer: string): boolean {
  const start = /^\/components\/schemas\/[^/]+/.exec(pointer) ?? /^.*?\/schema(?=\/|$)/.exec(pointer);
  if (start === null) return false;
  const rest = pointer.slice(start[0].length);
  return /^(\/(properties\/[^/]+|items|additionalProperties|(anyOf|oneOf|allOf)\/\d+))*$/.test(rest);
}

function schemaFaults(schema: JsonObject): string[] {
  const faults = FORBIDDEN.filter((key) => key in schema).map((key) => `${key} is outside the subset`);
  const fault = (is: boolean, text: string): void => {
    if (is) faults.push(text);
  };
  if ('$ref' in schema) {
    fault(Object.keys(schema).length > 1, '$ref has siblings');
    return faults;
  }
  const { type, format, items } = schema;
  fault(Array.isArray(type), 'type is a list');
  fault(type === undefined && !COMBINATIONS.some((key) => key in schema), 'says no type');
  fault(type === 'array' && !isObject(items), 'an array without items');
  fault(type === 'integer' && format !== 'int64' && format !== 'int32', 'an integer without its width');
  fault(type === 'number' && format !== 'double' && format !== 'float', 'a number without its precision');
  fault(
    type === 'integer' && [schema.minimum, schema.maximum].some((one) => Math.abs(Number(one ?? 0)) >= 2 ** 53 - 1),
    'bounds of a double',
  );
  fault(Array.isArray(schema.oneOf) && !isObject(schema.discriminator), 'oneOf without a discriminator');
  fault('const' in schema && type === undefined, 'const without type');
  return faults;
}

/** Components that contain themselves: generators recurse on them. */
function recursionFaults(document: JsonObject): string[] {
  const schemas = ((document.components as JsonObject | undefined)?.schemas ?? {}) as JsonObject;
  const targets = (name: string): string[] =>
    [...walk(schemas[name])].flatMap(({ key, value }) => (key === '$ref' ? [String(value).split('/').pop() as string] : []));
  const reaches = (from: string, goal: string, seen: Set<string>): boolean =>
    targets(from).some((next) => next === goal || (!seen.has(next) && reaches(next, goal, seen.add(next))));
  return Object.keys(schemas)
    .filter((name) => reaches(name, name, new Set()))
    .map((name) => `/components/schemas/${name}: contains itself`);
}
