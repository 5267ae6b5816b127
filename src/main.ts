import { setTimeout as delay } from 'node:timers/promises';
import { destination } from 'pino';
import { buildApp } from './app.ts';
import { readConfig } from './config.ts';
import { greeting } from './greeting.ts';
import { selfTest } from './self-test.ts';

/** The process: settings → app → listen → self-test → signals. The only file that touches `process`. */

try {
  const config = readConfig(process.env);
  // Lines are gathered while one write is under way, and none holds up a request; pino writes what is left when the process exits.
  const app = await buildApp(config, { logStream: destination({ dest: 1, sync: false }) });
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
  const lines = await selfTest(app.engine);
  const failed = lines.filter(({ ok, required }) => required && !ok);
  if (failed.length > 0) throw new Error(`The self-test failed: ${JSON.stringify(failed)}`);
  if (app.readiness.state === 'starting') app.readiness.state = 'ready';
  process.stdout.write(greeting(address, app.engine.machine, lines));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
