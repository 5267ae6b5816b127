import { isObject, type JsonObject, member, walk } from './json.ts';

const COMPONENTS = '#/components/schemas/';

/**
 * Gives every `oneOf` of components its `discriminator`, which zod leaves out: the property that each member pins to a constant of its own.
 * @throws Error for a `oneOf` that no such property tells apart: generators would have to guess
 */
export function addDiscriminators(document: JsonObject): void {
  const schemas = member(member(document, 'components'), 'schemas');
  for (const { value, pointer } of walk(document)) {
    if (!isObject(value) || !Array.isArray(value.oneOf) || value.discriminator !== undefined) continue;
    const names = value.oneOf.map((one) => nameOf(one, pointer));
    value.discriminator = discriminator(names, schemas);
  }
}

function nameOf(schema: unknown, pointer: string): string {
  const ref = isObject(schema) ? schema.$ref : undefined;
  if (typeof ref !== 'string' || !ref.startsWith(COMPONENTS))
    throw new Error(`Every member of the oneOf at ${pointer} needs an id`);
  return ref.slice(COMPONENTS.length);
}

function discriminator(names: readonly string[], schemas: JsonObject): JsonObject {
  const properties = names.map((name) => member(member(schemas, name), 'properties'));
  const constants = (key: string) => properties.map((one) => member(one, key).const);
  const isTag = (key: string): boolean =>
    constants(key).every((one) => typeof one === 'string') && new Set(constants(key)).size === names.length;
  const propertyName = Object.keys(properties[0] ?? {}).find(isTag);
  if (propertyName === undefined) throw new Error(`${names.join(', ')} share no property that tells them apart`);
  const tags = constants(propertyName) as string[];
  return { propertyName, mapping: Object.fromEntries(tags.map((tag, index) => [tag, `${COMPONENTS}${names[index]}`])) };
}
