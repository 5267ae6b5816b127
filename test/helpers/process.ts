import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** The service as a process of its own, as `npm start` runs it. */

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const NODE = `${ROOT}node_modules/.bin/node`;

export interface Service {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves with code and signal when the process and its output have ended. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Waits for text on standard output. @throws Error with all output when the process ends without it */
  readonly says: (pattern: RegExp) => Promise<RegExpExecArray>;
}

/** Starts the service with nothing but these settings; it is killed, by its own id, when the test ends. */
export function startService(environment: Record<string, string>): Service {
  const child = spawn(NODE, ['src/main.ts'], {
    cwd: ROOT,
    env: { HOST: '127.0.0.1', PORT: '0', WORKER_THREADS: '2', BACKENDS: 'native,reference', ...environment },
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8');
    child[name].on('data', (text) => {
      output[name] += text;
    });
  }
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const says = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const found = pattern.exec(output.stdout);
      if (found !== null) return found;
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`It ended without saying ${pattern}: ${JSON.stringify(output)}`);
      await Promise.race([once(child.stdout, 'data'), ended]);
    }
  };
  return { child, stdout: () => output.stdout, stderr: () => output.stderr, ended, says };
}
