import { setTimeout as delay } from 'node:timers/promises';
import { destination } from 'pino';
import { buildApp } from './app.ts';
import { readConfig } from './config.ts';
import { greeting } from './greeting.ts';
import { type BytesSink, LogLines } from './observe/log-lines.ts';
import { selfTest } from './self-test.ts';

/** The process: settings → app → listen → self-test → signals. The only file that touches `process`. */

try {
  const config = readConfig(process.env);
  // Lines are written beside the requests; pino writes what is left when the process exits.
  const lines = new LogLines(destination({ dest: 1, sync: false, contentMode: 'buffer' }) as unknown as BytesSink);
  process.prependListener('exit', () => lines.flush());
  const app = await buildApp(config, { logStream: lines });
  let stopping = false;

  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    if (stopping) return;
    stopping = true;
    app.log.info({ signal }, 'draining');
    app.readiness.state = 'draining';
    // Readiness first, so that load balancers look away before connections are refused (serving.md §A.2, row 21).
    if (signal === 'SIGTERM') await delay(config.DRAIN_MS);
    await app.close();
    app.log.info('closed');
    process.exit(0);
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);

  const address = await app.listen({ host: config.HOST, port: config.PORT });
  const tested = await selfTest(app.engine);
  const failed = tested.filter(({ ok, required }) => required && !ok);
  if (failed.length > 0) throw new Error(`The self-test failed: ${JSON.stringify(failed)}`);
  if (app.readiness.state === 'starting') app.readiness.state = 'ready';
  process.stdout.write(greeting(address, app.engine.machine, tested));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
