import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { isObject, type JsonObject } from './json.ts';

/**
 * zod → the schemas of the document (serving.md §F.3). A schema with an `id` in its meta becomes a component under that name, once, for
 * requests and responses alike; everything else stays where it is used.
 */

const COMPONENTS = '#/components/schemas/';
const SAFE = Number.MAX_SAFE_INTEGER;

/** What is described: what a client may send (defaults may be left out), or what the service answers. */
export type Direction = 'request' | 'response';

export interface Schemas {
  /** The schema as it stands where it is used: a `$ref` for a component. @throws Error where one name would stand for two shapes */
  convert(schema: z.ZodType, direction: Direction): JsonObject;
  readonly components: ReadonlyMap<string, JsonObject>;
}

export function collectSchemas(): Schemas {
  const components = new Map<string, JsonObject>();

  function define(name: string, schema: JsonObject): void {
    const known = components.get(name);
    if (known !== undefined && !isDeepStrictEqual(known, schema)) {
      throw new Error(`The component ${name} has one shape in requests and another in responses: give them two ids`);
    }
    components.set(name, schema);
  }

  return {
    components,
    convert(schema, direction) {
      const io = direction === 'request' ? 'input' : 'output';
      // What zod cannot express (z.custom) comes out as its meta alone; the lint refuses it where that says no type.
      const { $defs, ...root } = z.toJSONSchema(schema, { io, unrepresentable: 'any', target: 'draft-2020-12' });
      for (const [name, definition] of Object.entries($defs ?? {})) define(name, tidy(definition as JsonObject, direction));
      return tidy(root, direction);
    },
  };
}

/** One schema and all below it, without what zod adds for validators and with the formats that generators read. */
function tidy(schema: JsonObject, direction: Direction): JsonObject {
  if (typeof schema.$ref === 'string') return reference(schema);
  const tidied: JsonObject = {};
  for (const [key, value] of Object.entries(schema)) {
    if (!isNoise(key, value, schema, direction)) tidied[key] = tidyMember(key, value, direction);
  }
  if (schema.type === 'integer') tidied.format ??= 'int64';
  if (schema.type === 'number') tidied.format ??= 'double';
  return tidied;
}

function isNoise(key: string, value: unknown, schema: JsonObject, direction: Direction): boolean {
  if (key === '$schema' || key === 'id' || key === 'propertyNames') return true;
  // z.int() bounds itself by what a double holds exactly; format int64 says what is meant.
  if (schema.type === 'integer' && ((key === 'maximum' && value === SAFE) || (key === 'minimum' && value === -SAFE))) return true;
  // A response may grow members; a request that has unknown ones is refused, and the document says so.
  return key === 'additionalProperties' && value === false && direction === 'response';
}

function tidyMember(key: string, value: unknown, direction: Direction): unknown {
  if (key === 'properties' && isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, tidy(one as JsonObject, direction)]));
  }
  if (key === 'additionalProperties' && isObject(value) && Object.keys(value).length === 0) return true;
  if ((key === 'items' || key === 'additionalProperties') && isObject(value)) return tidy(value, direction);
  if (['anyOf', 'oneOf', 'allOf'].includes(key) && Array.isArray(value)) {
    return value.map((one) => tidy(one as JsonObject, direction));
  }
  return value;
}

/**
 * A `$ref` stands alone, as 3.0 wants it. A default beside it goes: it says what the component's own defaults say, and generators refuse
 * defaults of objects. A description beside it needs `allOf` around the reference.
 */
function reference({ $ref, description }: JsonObject): JsonObject {
  const pointer = { $ref: String($ref).replace('#/$defs/', COMPONENTS) };
  return description === undefined ? pointer : { allOf: [pointer], description };
}
