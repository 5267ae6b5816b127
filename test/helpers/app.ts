import { onTestFinished } from 'vitest';
import { buildApp, type Dependencies } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';

export type TestApp = Awaited<ReturnType<typeof buildApp>>;

/** Devices compile what they need; on a machine that is busy with other things that takes its time. */
const DEVICES_MS = 90_000;

/** An app on two compute threads that says nothing and starts no devices; settings as in the environment. The caller closes it. */
export async function startTestApp(environment: Record<string, string> = {}, dependencies: Dependencies = {}): Promise<TestApp> {
  const app = await buildApp(
    readConfig({ LOG_LEVEL: 'silent', WORKER_THREADS: '2', BACKENDS: 'native,reference', ...environment }),
    dependencies,
  );
  app.readiness.state = 'ready';
  await app.ready();
  await app.engine.devices.settle(DEVICES_MS);
  return app;
}

/** The same, closed when the test ends. */
export async function buildTestApp(environment: Record<string, string> = {}, dependencies: Dependencies = {}): Promise<TestApp> {
  const app = await startTestApp(environment, dependencies);
  onTestFinished(() => app.close());
  return app;
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers freely
  readonly body: any;
}

/** POSTs JSON (text goes out as it is) without a socket. */
export async function post(app: TestApp, url: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const payload =
    typeof body === 'string' || body instanceof Uint8Array ? Buffer.from(body as string) : Buffer.from(JSON.stringify(body));
  const response = await app.inject({ method: 'POST', url, payload, headers: { 'content-type': 'application/json', ...headers } });
  return { status: response.statusCode, headers: response.headers, body: JSON.parse(response.body) };
}

export async function get(app: TestApp, url: string, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await app.inject({ method: 'GET', url, headers });
  return { status: response.statusCode, headers: response.headers, body: JSON.parse(response.body) };
}
