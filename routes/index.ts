import type { FastifyInstance } from 'fastify';
import { checkAcceptance } from './acceptance.ts';
import { attentionRoutes } from './attention.ts';
import { backendRoutes } from './backends.ts';
import { healthRoutes } from './health.ts';
import { mechanismRoutes } from './mechanisms.ts';
import { oipRoutes } from './oip/index.ts';
import { polynomialRoutes } from './polynomials.ts';
import { problemRoutes } from './problems.ts';
import type { Services } from './services.ts';

export type { Services } from './services.ts';

/** Every resource of `/v1`, the Open Inference Protocol at `/v2`, and the probes. */
export function registerRoutes(app: FastifyInstance, services: Services): void {
  checkAcceptance(app);
  healthRoutes(app);
  problemRoutes(app);
  mechanismRoutes(app);
  polynomialRoutes(app, services);
  attentionRoutes(app, services);
  backendRoutes(app, services);
  oipRoutes(app, services);
}
