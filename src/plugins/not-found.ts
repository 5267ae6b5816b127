import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { ServiceError } from '../errors.ts';
import { sendProblem } from './problem.ts';

/** 404 for unknown paths, and 405 with `Allow` for known paths asked with another method. */
export const notFound = fp(async (app: FastifyInstance) => {
  const routes: { pattern: RegExp; methods: Set<string> }[] = [];

  app.addHook('onRoute', ({ url, method }) => {
    const pattern = new RegExp(
      `^${url
        .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
        .replaceAll('*', '.*')
        .replace(/:[^/]+/g, '[^/]+')}$`,
    );
    routes.push({ pattern, methods: new Set([method].flat()) });
  });

  const refuse = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const path = request.url.split('?', 1)[0] as string;
    const allowed = new Set(routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => [...methods]));
    if (allowed.size > 0 && !allowed.has(request.method)) {
      reply.header('allow', [...allowed].sort().join(', '));
      return sendProblem(
        new ServiceError('method_not_allowed', `${path.slice(0, 200)} takes ${[...allowed].sort().join(', ')}`),
        request,
        reply,
      );
    }
    return sendProblem(
      new ServiceError('not_found', `There is nothing at ${path.slice(0, 200)}; GET /docs lists the resources`),
      request,
      reply,
    );
  };

  // Before the body is looked at: whatever its type, it has nowhere to go.
  app.addHook('preParsing', (request, reply, payload, done) => {
    if (request.is404) refuse(request, reply);
    else done(null, payload);
  });
  app.setNotFoundHandler(refuse);
});
