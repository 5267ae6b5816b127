import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';

const METHODS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'isLevelEnabled'] as const;

/**
 * Has an app that was made without a logger write to this one. An app that was made with one makes a child of it for every request and listens
 * twice to every response, to say what request-log.ts says: 2 µs of a small request's 50. Without one, Fastify writes to an object of the app's
 * own whose methods do nothing; these take their place.
 */
export function lendLog(app: FastifyInstance, log: Logger): void {
  for (const name of METHODS) Object.assign(app.log, { [name]: log[name].bind(log) });
}
