import Fastify, { type FastifyInstance, LogController } from 'fastify';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { lendLog } from '../../src/plugins/lent-log.ts';

type Line = Record<string, unknown>;

function appWithLog(level: string): { app: FastifyInstance; lines: Line[] } {
  const lines: Line[] = [];
  const app = Fastify({ logController: new LogController({ disableRequestLogging: true }) });
  lendLog(app, pino({ level }, { write: (line: string) => void lines.push(JSON.parse(line)) }));
  return { app, lines };
}

it('writes what the app, its requests and Fastify itself have to say, from the level on', async () => {
  const { app, lines } = appWithLog('warn');
  app.get('/twice', (request, reply) => {
    request.log.warn({ a: 1 }, 'of the route');
    request.log.info('below the level');
    reply.send('one');
    reply.send('two');
  });
  app.log.error('of the app');
  expect((await app.inject('/twice')).body).toBe('one');
  expect(lines.map(({ level, a, msg, err }) => [level, a, msg, (err as Line)?.code])).toEqual([
    [50, undefined, 'of the app', undefined],
    [40, 1, 'of the route', undefined],
    [40, undefined, expect.stringMatching(/already sent/), 'FST_ERR_REP_ALREADY_SENT'],
  ]);
});

it('is the log of that app alone', () => {
  const [one, other] = [appWithLog('info'), appWithLog('info')];
  one.app.log.info('one');
  expect([one.lines.length, other.lines.length]).toEqual([1, 0]);
});
