import diagnostics from 'node:diagnostics_channel';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { idleEngine } from '../../openapi/build.ts';
import type { JsonObject } from '../../openapi/json.ts';
import { startTestApp, type TestApp } from '../helpers/app.ts';

export interface Route {
  readonly method: string;
  /** As in the document: `/v1/mechanisms/{name}`. */
  readonly path: string;
  readonly schema: JsonObject;
}

export interface Documented {
  readonly app: TestApp;
  readonly document: JsonObject;
  /** Every route that was registered, whoever did; HEAD left out, Fastify derives it from GET. */
  readonly routes: readonly Route[];
}

/** An app around an engine that computes nothing, with its document and, seen from outside, its routes. The caller closes it. */
export async function startDocumented(): Promise<Documented> {
  const routes: Route[] = [];
  const listen = (message: unknown): void => {
    (message as { fastify: FastifyInstance }).fastify.addHook('onRoute', (options) => {
      routes.push(...asRoutes(options));
    });
  };
  diagnostics.subscribe('fastify.initialization', listen);
  const app = await startTestApp({}, { engine: idleEngine() }).finally(() => {
    diagnostics.unsubscribe('fastify.initialization', listen);
  });
  return { app, document: app.swagger() as unknown as JsonObject, routes };
}

function asRoutes({ method, url, schema }: RouteOptions): Route[] {
  const path = url.replace(/:([^/]+)/g, '{$1}');
  return [method]
    .flat()
    .filter((one) => one !== 'HEAD')
    .map((one) => ({ method: one.toLowerCase(), path, schema: (schema ?? {}) as JsonObject }));
}
