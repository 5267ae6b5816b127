/** A JSON object whose members are not known to the compiler: what OpenAPI documents are made of. */
export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The member `key` of `parent` as an object; an empty one where there is none. */
export function member(parent: JsonObject, key: string): JsonObject {
  const value = parent[key];
  return isObject(value) ? value : {};
}

/** Every object and array element below `root`, with its JSON pointer; `root` itself comes first. */
export function* walk(root: unknown, pointer = ''): Generator<{ pointer: string; key: string; value: unknown }> {
  yield { pointer, key: pointer.slice(pointer.lastIndexOf('/') + 1), value: root };
  if (typeof root !== 'object' || root === null) return;
  for (const [key, value] of Object.entries(root)) {
    yield* walk(value, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`);
  }
}
