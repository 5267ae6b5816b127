import { addDiscriminators } from './discriminator.ts';
import { attachExamples } from './examples.ts';
import { isObject, type JsonObject, member, walk } from './json.ts';
import { headersOf, problemReference } from './problems.ts';

const METHODS = ['get', 'put', 'post', 'delete', 'patch'];

export interface Operation {
  readonly path: string;
  readonly method: string;
  readonly operation: JsonObject;
}

/** The operations of a document, in its order. */
export function operationsOf(document: JsonObject): Operation[] {
  return Object.keys(member(document, 'paths')).flatMap((path) => {
    const item = member(member(document, 'paths'), path);
    return METHODS.filter((method) => method in item).map((method) => ({ path, method, operation: member(item, method) }));
  });
}

/** The document as published: components named, errors shared, examples attached, the unused dropped, keys in order. */
export function finish(given: JsonObject, schemas: ReadonlyMap<string, JsonObject>): JsonObject {
  const document = structuredClone({
    ...given,
    components: { ...member(given, 'components'), schemas: Object.fromEntries(schemas) },
  });
  for (const { path, operation } of operationsOf(document)) finishOperation(path, operation, schemas);
  addDiscriminators(document);
  return sortKeys(prune(document)) as JsonObject;
}

function finishOperation(path: string, operation: JsonObject, schemas: ReadonlyMap<string, JsonObject>): void {
  const responses = member(operation, 'responses');
  for (const status of [...Object.keys(responses).map(Number), ...impliedErrors(operation)]) {
    if (status >= 400) responses[status] = problemReference(status, path);
    else finishSuccess(member(responses, String(status)), status, schemas);
  }
  responses.default = problemReference('default', path);
  if (isObject(operation.requestBody)) operation.requestBody.required = true;
  attachExamples(operation);
}

function finishSuccess(response: JsonObject, status: number, schemas: ReadonlyMap<string, JsonObject>): void {
  response.headers = headersOf(status);
  const [media] = Object.values(member(response, 'content'));
  const name = isObject(media)
    ? String(member(media, 'schema').$ref ?? '')
        .split('/')
        .pop()
    : undefined;
  const described = name === undefined ? undefined : schemas.get(name)?.description;
  if (described !== undefined) response.description = described;
}

/** Errors that follow from what an operation takes; a route lists the others (429, 504, ...) itself. */
function impliedErrors({ security, requestBody, parameters }: JsonObject): number[] {
  const isPublic = Array.isArray(security) && security.length === 0;
  const takes = (place: string): boolean =>
    Array.isArray(parameters) && parameters.some((parameter) => isObject(parameter) && parameter.in === place);
  return [
    ...(isPublic ? [] : [401, 503]),
    ...(requestBody === undefined ? [] : [400, 413, 415, 422]),
    ...(takes('path') ? [404] : []),
    ...(takes('query') || takes('header') ? [400] : []),
    500,
  ];
}

/** Without the components that no path leads to. */
function prune(document: JsonObject): JsonObject {
  const components = member(document, 'components');
  const reached = new Set<string>();
  const pending: unknown[] = [document.paths];
  while (pending.length > 0) {
    for (const { key, value } of walk(pending.pop())) {
      if (key !== '$ref' || typeof value !== 'string' || reached.has(value)) continue;
      reached.add(value);
      const [, , kind = '', name = ''] = value.split('/');
      const target = member(components, kind)[name];
      if (target === undefined) throw new Error(`${value} leads nowhere`);
      pending.push(target);
    }
  }
  const kept = Object.entries(components).map(([kind, all]) => [
    kind,
    kind === 'securitySchemes'
      ? all
      : Object.fromEntries(Object.entries(all as JsonObject).filter(([name]) => reached.has(`#/components/${kind}/${name}`))),
  ]);
  return { ...document, components: Object.fromEntries(kept) };
}

/** Members whose order means something to a reader: it comes from our sources, so it is as stable as they are. */
const IN_ORDER = new Set(['properties', 'example', 'examples', 'default']);

/** Keys in alphabetical order, so that a change of the document reads as a small difference. */
function sortKeys(value: unknown, depth = 0): unknown {
  if (Array.isArray(value)) return value.map((one) => sortKeys(one, depth + 1));
  if (!isObject(value)) return value;
  const entries = depth === 0 ? Object.entries(value) : Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    entries.map(([key, one]) => [key, IN_ORDER.has(key) ? sortBelow(key, one, depth) : sortKeys(one, depth + 1)]),
  );
}

/** `properties` keeps the order of its members but not of what they hold; examples are kept as they are. */
function sortBelow(key: string, value: unknown, depth: number): unknown {
  if (key !== 'properties' || !isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, sortKeys(one, depth + 2)]));
}
