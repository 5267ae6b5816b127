import type { FastifyInstance } from 'fastify';
import { checkAcceptance } from './acceptance.ts';
import { attentionRoutes } from './attention.ts';
import { backendRoutes } from './backends.ts';
import { healthRoutes } from './health.ts';
import { mechanismRoutes } from './mechanisms.ts';
import { polynomialRoutes } from './polynomials.ts';
import type { Services } from './services.ts';

export type { Services } from './services.ts';

/** Every resource of `/v1` and the probes. */
export function registerRoutes(app: FastifyInstance, services: Services): void {
  checkAcceptance(app);
  healthRoutes(app);
  mechanismRoutes(app);
  polynomialRoutes(app, services);
  attentionRoutes(app, services);
  backendRoutes(app, services);
}
