import type { FastifyBaseLogger } from 'fastify';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { RequestLogger } from '../../src/plugins/request-logger.ts';

it('writes what a child of the logger would, and makes the child only then', () => {
  const lines: Record<string, unknown>[] = [];
  const parent = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  let children = 0;
  const counting = new Proxy(parent, {
    get: (target, key) =>
      key === 'child'
        ? (...given: Parameters<typeof parent.child>) => {
            children++;
            return parent.child(...given);
          }
        : Reflect.get(target, key),
  });
  const logger = new RequestLogger(counting as unknown as FastifyBaseLogger, { reqId: 'one' });
  expect([logger.level, children]).toEqual(['warn', 0]);
  logger.info({ a: 1 }, 'below the level');
  for (const method of ['warn', 'error', 'fatal'] as const) logger[method]({ a: 1 }, method);
  logger.child({ b: 2 }).warn('nested');
  expect(children).toBe(1);
  expect(lines.map(({ level, reqId, a, b, msg }) => ({ level, reqId, a, b, msg }))).toEqual([
    { level: 40, reqId: 'one', a: 1, b: undefined, msg: 'warn' },
    { level: 50, reqId: 'one', a: 1, b: undefined, msg: 'error' },
    { level: 60, reqId: 'one', a: 1, b: undefined, msg: 'fatal' },
    { level: 40, reqId: 'one', a: undefined, b: 2, msg: 'nested' },
  ]);
});
