import type { LoggerOptions } from 'pino';

/** On every line. */
export const SERVICE_FIELDS = { service: 'polyattention' };

/** One line a request, without headers and never with tensor contents: what `logFields` of a request gathered while it ran. */
export function loggerOptions(level: string): LoggerOptions {
  return {
    level,
    base: SERVICE_FIELDS,
    serializers: { err: ({ name, message, stack = '', code }) => ({ type: name, message, stack, code }) },
  };
}
