/** The image's HEALTHCHECK: exits 0 when the service in this container answers `/livez`, 1 otherwise. The image has no curl. */
import process from 'node:process';

const port = process.env.PORT ?? '8080';
try {
  const answer = await fetch(`http://127.0.0.1:${port}/livez`, { signal: AbortSignal.timeout(1500) });
  process.exitCode = answer.ok ? 0 : 1;
} catch {
  process.exitCode = 1;
}
