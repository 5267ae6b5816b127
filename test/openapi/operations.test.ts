import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operationsOf } from '../../openapi/finish.ts';
import { isObject, type JsonObject, member } from '../../openapi/json.ts';
import { type Documented, startDocumented } from './documented.ts';

/** Pages and files for a browser: no client is generated for them. */
const HIDDEN = [
  'get /docs',
  'get /docs/json',
  'get /docs/static/*',
  'get /docs/static/index.html',
  'get /docs/static/swagger-initializer.js',
  'get /docs/yaml',
];

/** Below /v2: the same operations with a version in their path, another way to write `/v2`, and what is answered with 501. */
const isHiddenOip = (key: string): boolean =>
  /^(get|post) \/v2\/(models\/\{model\}\/(versions\/\{version\}.*|trace\/setting|generate(_stream)?)|(system|cuda)sharedmemory\/\*|trace\/setting|logging|repository\/models\/\{model\}\/(un)?load|)$/.test(
    key,
  );

let documented: Documented;
beforeAll(async () => {
  documented = await startDocumented();
});
afterAll(() => documented.app.close());

const keyOf = ({ method, path }: { method: string; path: string }): string => `${method} ${path}`;

describe('the operations of the document', () => {
  it('are the routes of the app, but for the pages and files of the reference', () => {
    const served = documented.routes.map(keyOf);
    expect(served.filter((key) => HIDDEN.includes(key)).sort()).toEqual(HIDDEN);
    const told = served.filter((key) => !HIDDEN.includes(key) && !isHiddenOip(key));
    expect(told.sort()).toEqual(operationsOf(documented.document).map(keyOf).sort());
  });

  it('of a model are there with its version too', () => {
    const served = documented.routes.map(keyOf);
    const ofModels = operationsOf(documented.document)
      .map(keyOf)
      .filter((key) => key.includes('/v2/models/{model}'));
    expect(ofModels.length).toBe(5);
    expect(served).toEqual(expect.arrayContaining(ofModels.map((key) => key.replace('{model}', '{model}/versions/{version}'))));
  });

  it('have ids of their own, in camelCase', () => {
    const ids = operationsOf(documented.document).map(({ operation }) => String(operation.operationId));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^[a-z]+([A-Z][a-z]*\d*)+$/.test(id))).toEqual([]);
  });

  it('have one declared tag, a summary and a description', () => {
    const declared = (documented.document.tags as JsonObject[]).map(({ name }) => name);
    const used = operationsOf(documented.document).map(({ operation }) => operation.tags as string[]);
    expect(used.filter((tags) => tags.length !== 1)).toEqual([]);
    expect([...new Set(used.flat())].sort()).toEqual([...declared].sort());
    const silent = operationsOf(documented.document).filter(({ operation }) => !operation.summary || !operation.description);
    expect(silent.map(keyOf)).toEqual([]);
  });

  it('take one media type and answer with one', () => {
    for (const { operation } of operationsOf(documented.document)) {
      const contents = [member(operation, 'requestBody'), ...successes(operation)].map((one) =>
        Object.keys(member(one, 'content')),
      );
      expect(contents.filter((types) => types.length > 1)).toEqual([]);
    }
  });

  it('refer to shared errors, and list a client error wherever the client can err', () => {
    for (const { path, operation } of operationsOf(documented.document)) {
      const errors = Object.entries(member(operation, 'responses')).filter(([status]) => !status.startsWith('2'));
      expect(errors.map(([, one]) => Object.keys(one as JsonObject))).toEqual(errors.map(() => ['$ref']));
      expect(errors.some(([status]) => status.startsWith('4'))).toBe(/^\/(v1|v2(?!\/health)|problems)/.test(path));
    }
  });

  it('carry X-Request-Id and Server-Timing', () => {
    for (const { operation } of operationsOf(documented.document)) {
      expect(successes(operation).map((one) => Object.keys(member(one, 'headers')).sort())).toEqual([
        ['Server-Timing', 'X-Request-Id'],
      ]);
    }
  });
});

function successes(operation: JsonObject): JsonObject[] {
  return Object.entries(member(operation, 'responses')).flatMap(([status, one]) =>
    status.startsWith('2') && isObject(one) ? [one] : [],
  );
}

describe('what the app answers', () => {
  const statusesOf = (operation: JsonObject): string[] => Object.keys(member(operation, 'responses'));
  const url = (path: string): string =>
    path.replace('{name}', 'path(3)').replace('{code}', 'invalid_request').replace('{model}', 'attention');

  it('is documented, for every operation without a body', async () => {
    const operations = operationsOf(documented.document).filter(({ operation }) => operation.requestBody === undefined);
    expect(operations.length).toBeGreaterThan(3);
    for (const { path, method, operation } of operations) {
      const answer = await documented.app.inject({ method: method as 'GET', url: url(path) });
      expect([path, answer.statusCode]).toEqual([path, 200]);
      expect(statusesOf(operation)).toContain('200');
      expect(answer.headers).toMatchObject({ 'x-request-id': expect.any(String), 'server-timing': expect.any(String) });
    }
  });

  it.each([
    ['text/plain', 'x', 415],
    ['application/json', '{', 400],
    ['application/json', '{}', 422],
  ])('to a body of %s, %s, is the documented %d', async (type, payload, status) => {
    const operations = operationsOf(documented.document).filter(({ operation }) => operation.requestBody !== undefined);
    const taken = operations.filter(({ operation }) => 'application/json' in member(member(operation, 'requestBody'), 'content'));
    expect(taken.length).toBeGreaterThan(1);
    for (const { path, method, operation } of taken) {
      const answer = await documented.app.inject({
        method: method as 'POST',
        url: url(path),
        payload,
        headers: { 'content-type': type },
      });
      // Below /v2 no content type is looked at, and errors are plain JSON.
      const isOip = path.startsWith('/v2');
      const expected = isOip ? [status === 415 ? 400 : status, 'application/json'] : [status, 'application/problem+json'];
      expect([path, answer.statusCode, answer.headers['content-type']]).toEqual([path, ...expected]);
      expect(statusesOf(operation)).toContain(String(expected[0]));
    }
  });

  it.each([
    ['application/json', '{}', 415],
    ['application/octet-stream', 'x', 400],
    ['application/octet-stream', '\u0002\0\0\0\0\0\0\0{}', 422],
  ])('to a binary operation, of %s, %s, is the documented %d', async (type, payload, status) => {
    const operations = operationsOf(documented.document).filter(
      ({ operation }) => 'application/octet-stream' in member(member(operation, 'requestBody'), 'content'),
    );
    expect(operations.length).toBeGreaterThan(0);
    for (const { path, operation } of operations) {
      const answer = await documented.app.inject({ method: 'POST', url: path, payload, headers: { 'content-type': type } });
      expect([path, answer.statusCode, answer.headers['content-type']]).toEqual([path, status, 'application/problem+json']);
      expect(statusesOf(operation)).toContain(String(status));
    }
  });

  it.each([
    ['path(99)', 422],
    ['nothing', 404],
  ])('to the mechanism %s is the documented %d', async (name, status) => {
    const answer = await documented.app.inject({ url: `/v1/mechanisms/${name}` });
    const operation = operationsOf(documented.document).find(({ path }) => path === '/v1/mechanisms/{name}')?.operation;
    expect(answer.statusCode).toBe(status);
    expect(statusesOf(operation ?? {})).toContain(String(status));
  });
});

describe('the pages', () => {
  it('serve the document that the app makes', async () => {
    const answer = await documented.app.inject({ url: '/openapi.json' });
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.json()).toEqual(documented.document);
  });

  it('serve the 3.0 twin', async () => {
    const answer = await documented.app.inject({ url: '/openapi-3.0.json' });
    expect(answer.json().openapi).toBe('3.0.3');
  });

  it('load nothing from elsewhere, and are told not to', async () => {
    const page = await documented.app.inject({ url: '/docs' });
    expect(page.statusCode).toBe(200);
    expect(String(page.headers['content-security-policy'])).toContain("default-src 'none'");
    const loaded = [...page.body.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, target]) => String(target));
    expect(loaded.length).toBeGreaterThan(3);
    expect(loaded.filter((target) => !target.startsWith('/docs/static/'))).toEqual([]);
    for (const target of loaded) expect((await documented.app.inject({ url: target })).statusCode).toBe(200);
    expect(page.body).not.toMatch(/<script>|<style|style="|on[a-z]+="/);
  });
});
