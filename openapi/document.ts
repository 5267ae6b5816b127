import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import type { FastifySchema } from 'fastify';
import { z } from 'zod';
import { ProblemSchema } from '../src/contract/documents.ts';
import { finish } from './finish.ts';
import { BASE } from './info.ts';
import type { JsonObject } from './json.ts';
import { collectSchemas, type Direction, type Schemas } from './schemas.ts';

type RouteSchema = FastifySchema & JsonObject;
type SwaggerOptions = FastifyDynamicSwaggerOptions & { readonly openapi: object };

/** Options of @fastify/swagger that make the document (3.1.0) from the zod schemas of the routes. One call for each app: it collects. */
export function documentOptions(): SwaggerOptions {
  const schemas = collectSchemas();
  const problem = schemas.convert(ProblemSchema, 'response');
  return {
    openapi: BASE as unknown as NonNullable<FastifyDynamicSwaggerOptions['openapi']>,
    convertConstToEnum: false,
    transform: ({ schema, url }) => ({ schema: convertRoute((schema ?? {}) as RouteSchema, schemas, problem), url }),
    transformObject: (document) =>
      'openapiObject' in document ? finish(document.openapiObject as JsonObject, schemas.components) : document.swaggerObject,
  } as SwaggerOptions;
}

/** A route's schema object with JSON schemas where it has zod schemas. */
function convertRoute(schema: RouteSchema, schemas: Schemas, problem: JsonObject): RouteSchema {
  if (schema.hide === true) return schema;
  const converted: RouteSchema = { ...schema };
  const convert = (value: unknown, direction: Direction): unknown =>
    value instanceof z.ZodType ? schemas.convert(value, direction) : value;
  for (const key of ['body', 'params', 'querystring', 'headers'] as const) {
    if (schema[key] !== undefined) converted[key] = convert(schema[key], 'request');
  }
  const responses = Object.entries((schema.response ?? {}) as JsonObject);
  converted.response = Object.fromEntries(
    responses.map(([status, value]) => [status, value === ProblemSchema ? problem : convert(value, 'response')]),
  );
  return converted;
}
