import { afterAll, describe, expect, it } from 'vitest';
import { type Answer, buildTestApp, get, post, startTestApp } from '../helpers/app.ts';

/** Methods, media types, limits of size, tokens and readiness: what HTTP asks of every route (api.md §5, §7). */

const app = await startTestApp({ BACKENDS: 'reference' });
afterAll(() => app.close());

const rows = [[1], [2]];
const BODY = { polynomial: 'x1*x2', tensors: { q1: rows, q2: rows, v2: rows } };
const JSON_TYPE = { 'content-type': 'application/json' };

describe('methods', () => {
  it.each([
    ['GET', '/v1/attention', 'POST'],
    ['PUT', '/v1/attention', 'POST'],
    ['OPTIONS', '/v1/attention', 'POST'],
    ['GET', '/v1/polynomials/analyze', 'POST'],
    ['POST', '/v1/mechanisms', 'GET, HEAD'],
    ['DELETE', '/v1/mechanisms/path(3)', 'GET, HEAD'],
    ['PATCH', '/v1/backends', 'GET, HEAD'],
    ['POST', '/livez', 'GET, HEAD'],
    ['QUERY', '/livez', 'GET, HEAD'],
    ['QUERY', '/v1/attention', 'POST'],
  ] as const)('%s %s is 405 and Allow says %s', async (method, url, allow) => {
    const answer = await app.inject({ method, url });
    expect([answer.statusCode, answer.headers.allow, answer.json().code]).toEqual([405, allow, 'method_not_allowed']);
  });

  it.each(['/livez', '/readyz', '/v1/mechanisms', '/v1/mechanisms/self', '/v1/backends', '/openapi.json'])(
    'HEAD %s is GET without its body',
    async (url) => {
      const [head, whole] = [await app.inject({ method: 'HEAD', url }), await app.inject({ method: 'GET', url })];
      expect([head.statusCode, head.body]).toEqual([200, '']);
      for (const name of ['content-type', 'content-length'])
        expect([name, head.headers[name]]).toEqual([name, whole.headers[name]]);
    },
  );

  it.each(['/v1/nothing', '/v1', '/v1/attention/', '/V1/attention', '/v1//attention', '/v3/attention', '/v1/mechanisms/a/b'])(
    '%s is 404',
    async (url) => {
      for (const method of ['GET', 'POST'] as const) {
        const answer = await app.inject({ method, url });
        expect([answer.statusCode, answer.json().code]).toEqual([404, 'not_found']);
      }
    },
  );

  it('a query changes nothing', async () => {
    expect((await get(app, '/livez?x=%zz&__proto__=1')).status).toBe(200);
    expect((await post(app, '/v1/attention?a[]=1', BODY)).status).toBe(200);
  });
});

describe('media types', () => {
  it.each(['application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON', 'application/json;charset="utf-8"'])(
    '%s is taken',
    async (type) => {
      expect((await post(app, '/v1/attention', BODY, { 'content-type': type })).status).toBe(200);
    },
  );

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/vnd.json',
    'application/jsonp',
    'multipart/form-data',
    'nonsense',
    'text/json',
  ])('%s is 415', async (type) => {
    for (const url of ['/v1/attention', '/v1/polynomials/analyze']) {
      const answer = await post(app, url, BODY, { 'content-type': type });
      expect([answer.status, answer.body.code]).toEqual([415, 'unsupported_media_type']);
      expect(answer.body.detail).toContain(type);
    }
  });

  it('a body without Content-Type is 415', async () => {
    const answer = await app.inject({ method: 'POST', url: '/v1/attention', payload: Buffer.from(JSON.stringify(BODY)) });
    expect([answer.statusCode, answer.json().code]).toEqual([415, 'unsupported_media_type']);
  });

  it.each([{}, JSON_TYPE])("no body at all is the client's fault, %j", async (headers) => {
    const answer = await app.inject({ method: 'POST', url: '/v1/attention', headers });
    expect(['malformed', 'unsupported_media_type']).toContain(answer.json().code);
  });

  it.each(['gzip', 'br', 'deflate', 'gzip, identity', 'x'])('Content-Encoding %s is 415', async (encoding) => {
    const answer = await post(app, '/v1/attention', BODY, { 'content-encoding': encoding });
    expect([answer.status, answer.body.code]).toEqual([415, 'unsupported_media_type']);
    expect(answer.body.detail).toContain(encoding);
  });

  it('Content-Encoding identity is taken', async () => {
    expect((await post(app, '/v1/attention', BODY, { 'content-encoding': 'identity' })).status).toBe(200);
  });

  it.each(['*/*', 'application/*', 'application/json', 'text/html, application/json;q=0.1', 'text/plain, */*;q=0.5', ''])(
    'Accept: %s is answered',
    async (accept) => {
      expect((await post(app, '/v1/attention', BODY, { accept })).status).toBe(200);
      expect((await get(app, '/v1/mechanisms', { accept })).status).toBe(200);
    },
  );

  it.each(['text/plain', 'application/xml', 'application/json;q=0', 'image/*'])(
    'Accept: %s is 406 before any work',
    async (accept) => {
      const sent: [Promise<Answer>, string][] = [
        [post(app, '/v1/attention', BODY, { accept }), '/v1/attention'],
        [post(app, '/v1/attention', '{', { accept }), '/v1/attention'],
        [post(app, '/v1/polynomials/analyze', {}, { accept }), '/v1/polynomials/analyze'],
        [get(app, '/v1/backends', { accept }), '/v1/backends'],
      ];
      for (const [answer, instance] of sent) {
        const { status, headers, body } = await answer;
        expect([status, body.code, body.instance]).toEqual([406, 'not_acceptable', instance]);
        expect(headers['content-type']).toBe('application/problem+json');
        expect(body.detail).toContain('application/json');
      }
    },
  );

  it('probes answer whatever Accept says', async () => {
    for (const url of ['/livez', '/readyz', '/openapi.json'])
      expect((await get(app, url, { accept: 'text/plain' })).status).toBe(200);
  });
});

describe('readiness', () => {
  it('is 503 with Retry-After while starting and while draining, and liveness and work go on', async () => {
    const own = await buildTestApp({ BACKENDS: 'reference' });
    for (const state of ['starting', 'draining'] as const) {
      own.readiness.state = state;
      const { status, headers, body } = await get(own, '/readyz');
      expect([status, body.code]).toEqual([503, 'unavailable']);
      expect(body.detail).toContain(state);
      expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1);
      expect((await get(own, '/livez')).body).toEqual({ live: true });
      expect((await post(own, '/v1/attention', BODY)).status).toBe(200);
    }
    own.readiness.state = 'ready';
    expect((await get(own, '/readyz')).body).toEqual({ ready: true });
  });
});

describe('tokens', () => {
  const protectedPaths = [
    '/v1/mechanisms',
    '/v1/mechanisms/self',
    '/v1/backends',
    '/v1/nothing',
    '/v2/models',
    '/nothing',
    '/%761/mechanisms',
    '/v1/%6dechanisms',
    '//v1/mechanisms',
  ];

  it('are asked for on every path that is not public, however it is written', async () => {
    const own = await buildTestApp({ BACKENDS: 'reference', AUTH_TOKENS: 'first, second' });
    for (const url of protectedPaths) {
      const answer = await get(own, url);
      expect([url, answer.status, answer.body.code]).toEqual([url, 401, 'unauthorized']);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    }
    for (const url of ['/v1/attention', '/%761/attention', '/v1/polynomials/analyze']) {
      const answer = await post(own, url, BODY);
      expect([url, answer.status]).toEqual([url, 401]);
      expect(JSON.stringify(answer.body)).not.toMatch(/first|second/);
    }
    const open = [
      '/livez',
      '/readyz',
      '/v2/health/live',
      '/v2/health/ready',
      '/problems/malformed',
      '/openapi.json',
      '/openapi-3.0.json',
    ];
    for (const url of [...open, '/docs', '/docs/static/swagger-ui.css']) {
      expect([url, (await own.inject({ url })).statusCode]).toEqual([url, 200]);
    }
  });

  it('let in who knows one of them', async () => {
    const own = await buildTestApp({ BACKENDS: 'reference', AUTH_TOKENS: 'first,second' });
    for (const authorization of ['Bearer first', 'bearer second', 'BEARER first'])
      expect([authorization, (await post(own, '/v1/attention', BODY, { authorization })).status]).toEqual([authorization, 200]);
    for (const authorization of [
      'Bearer third',
      'Bearer firs',
      'Bearer firstt',
      'Bearer FIRST',
      'Basic first',
      'first',
      'Bearer',
      'Bearer ',
      'Bearer first second',
      ' ',
      'Bearer first,second',
    ])
      expect([authorization, (await post(own, '/v1/attention', BODY, { authorization })).status]).toEqual([authorization, 401]);
  });
});
