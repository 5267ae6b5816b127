import swagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { z } from 'zod';

export interface DocsOptions {
  /** How the document is made of the routes' schemas; `openapi/` says. */
  readonly document: FastifyDynamicSwaggerOptions;
  /** The OpenAPI 3.1 document as 3.0.3. */
  readonly downgrade: (document: Record<string, unknown>) => Record<string, unknown>;
}

const DocumentSchema = z
  .looseObject({ openapi: z.string().meta({ description: 'The version of the specification' }) })
  .meta({ id: 'OpenApiDocument', description: 'An OpenAPI document' });

/**
 * No other host, whatever the document says: scripts and styles come from here, the page talks to this service only. The UI sets style
 * attributes from its scripts, which style-src-attr has to allow.
 */
const CONTENT_SECURITY_POLICY = {
  'default-src': "'none'",
  'base-uri': "'none'",
  'connect-src': "'self'",
  'font-src': "'self' data:",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
  'img-src': "'self' data:",
  'script-src': "'self'",
  'style-src': "'self'",
  'style-src-attr': "'unsafe-inline'",
};

/** `/openapi.json`, `/openapi-3.0.json` and the API reference at `/docs`. Registered before the routes, because it listens to them. */
export const docs = fp(async (app: FastifyInstance, { document, downgrade }: DocsOptions) => {
  await app.register(swagger, document);
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: CONTENT_SECURITY_POLICY,
    uiConfig: { deepLinking: true, displayRequestDuration: true, tryItOutEnabled: true },
  });
  serve(app, '/openapi.json', 'getOpenApi', 'OpenAPI 3.1', () => app.swagger());
  serve(app, '/openapi-3.0.json', 'getOpenApi30', 'OpenAPI 3.0.3', () =>
    downgrade(app.swagger() as unknown as Record<string, unknown>),
  );
});

/** The document does not change while the app lives, so it is written once. */
function serve(app: FastifyInstance, path: string, operationId: string, version: string, make: () => unknown): void {
  let text: Buffer | undefined;
  app.get(
    path,
    {
      schema: {
        operationId,
        tags: ['ops'],
        summary: `This document as ${version}`,
        description: 'What the service can do, for people, generators of clients, and tests.',
        security: [],
        response: { 200: DocumentSchema },
      },
    },
    async (_request, reply) => {
      text ??= Buffer.from(JSON.stringify(make()));
      return reply.header('content-type', 'application/json; charset=utf-8').send(text);
    },
  );
}
