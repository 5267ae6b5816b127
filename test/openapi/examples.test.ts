import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readExample } from '../../openapi/examples.ts';
import { member, walk } from '../../openapi/json.ts';
import { ProblemSchema } from '../../src/contract/documents.ts';
import { startTestApp } from '../helpers/app.ts';
import { readSafetensors } from '../helpers/safetensors.ts';
import { type Documented, type Route, startDocumented } from './documented.ts';

let documented: Documented;
beforeAll(async () => {
  documented = await startDocumented();
});
afterAll(() => documented.app.close());

const operations = (): Route[] => documented.routes.filter(({ schema }) => schema.operationId !== undefined);

/** Members of `value` that the schema does not know are cut by parsing, so what comes back differs. */
function expectExact(schema: unknown, value: unknown): void {
  if (!(schema instanceof z.ZodType)) throw new Error('The route has no zod schema');
  expect(schema.parse(value)).toEqual(value);
}

describe('the examples', () => {
  it('are one for each operation', () => {
    const files = readdirSync(new URL('../../openapi/examples/', import.meta.url));
    expect(files.sort()).toEqual(
      operations()
        .map(({ schema }) => `${schema.operationId}.json`)
        .sort(),
    );
  });

  it('hold requests that the schema takes, exactly where there is a body', () => {
    for (const { schema } of operations()) {
      const request = readExample(String(schema.operationId))?.request;
      expect([schema.operationId, request !== undefined]).toEqual([schema.operationId, schema.body !== undefined]);
      if (schema.body instanceof z.ZodType && typeof request === 'object') {
        expect(schema.body.parse(request)).toMatchObject(request as object);
      }
    }
  });

  it('hold responses with the members of the schema and no others', () => {
    for (const { schema } of operations()) {
      expectExact(member(schema, 'response')['200'], readExample(String(schema.operationId))?.response);
    }
  });

  it('say what self-attention of the example is', () => {
    // Scores are q1·q2 / d: 1/2 on the diagonal, 0 beside it.
    const [near, far] = [Math.exp(0.5), 1].map((weight) => weight / (Math.exp(0.5) + 1)) as [number, number];
    const expected = [near + 3 * far, 2 * near + 4 * far, far + 3 * near, 2 * far + 4 * near];
    const { data } = z
      .object({ output: z.object({ data: z.array(z.number()) }) })
      .parse(readExample('computeAttention')?.response).output;
    // fp32 output of numbers below 4: half a unit in the last place is 2^-23, the score bound adds t = 2 roundings (math.md §3.1).
    data.forEach((one, index) => {
      expect(Math.abs(one - (expected[index] as number))).toBeLessThan(1e-6);
    });
    expect(data).toHaveLength(4);
  });

  it('of binary bodies are what a live call takes and gives', async () => {
    const app = await startTestApp({ BACKENDS: 'reference' });
    const example = z.object({ request: z.base64(), response: z.base64() }).parse(readExample('computeAttentionBinary'));
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/attention/binary',
      headers: { 'content-type': 'application/octet-stream' },
      payload: Buffer.from(example.request, 'base64'),
    });
    await app.close();
    const [told, given] = [Buffer.from(example.response, 'base64'), answer.rawPayload].map(readSafetensors);
    // The back ends differ in the last places: math.md §3.1 with values up to 4 and scores up to 1/2.
    told?.tensors.get('output')?.data.forEach((one, index) => {
      expect(Math.abs(one - (given?.tensors.get('output')?.data[index] as number))).toBeLessThan(2 * 4e-7 * 1.5);
    });
    expect(Object.keys(given?.response)).toEqual(Object.keys(told?.response));
  });

  it('of problems are problems', () => {
    const responses = member(member(documented.document, 'components'), 'responses');
    const found = [...walk(responses)].filter(({ key }) => key === 'example');
    expect(found.length).toBeGreaterThan(5);
    for (const { value } of found) expectExact(ProblemSchema, value);
  });

  it('reach the document', () => {
    const example = readExample('computeAttention');
    const post = member(member(member(documented.document, 'paths'), '/v1/attention'), 'post');
    const media = (holder: object) => member(member(holder as Record<string, unknown>, 'content'), 'application/json').example;
    expect(media(member(post, 'requestBody'))).toEqual(example?.request);
    expect(media(member(member(post, 'responses'), '200'))).toEqual(example?.response);
  });
});

describe('what the app answers', () => {
  it.each([
    '/v1/mechanisms',
    '/v1/backends',
    '/livez',
    '/readyz',
    '/v2',
    '/v2/models',
    '/v2/models/stats',
    '/v2/models/{model}',
    '/v2/models/{model}/config',
    '/v2/models/{model}/stats',
  ])('at %s has the members of the schema and no others', async (url) => {
    const route = documented.routes.find(({ path }) => path === url);
    const answer = await documented.app.inject({ url: url.replace('{model}', 'attention') });
    expectExact(member(route?.schema ?? {}, 'response')['200'], answer.json());
  });

  it('about an error has the members of a problem and no others', async () => {
    const answer = await documented.app.inject({
      method: 'POST',
      url: '/v1/attention',
      headers: { 'content-type': 'application/json' },
      payload: '{}',
    });
    expectExact(ProblemSchema, answer.json());
  });
});
