import type { FastifyLoggerOptions } from 'fastify';
import type { LoggerOptions } from 'pino';

/** One line a request, without headers and never with tensor contents: what `logFields` of a request gathered while it ran. */
export function loggerOptions(level: string): FastifyLoggerOptions & LoggerOptions {
  return {
    level,
    base: { service: 'polyattention' },
    serializers: { err: ({ name, message, stack = '', code }) => ({ type: name, message, stack, code }) },
  };
}
