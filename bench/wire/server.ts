import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { httpRequest, type Sent } from './bodies.ts';
import type { Load } from './load.ts';

/** Servers and the load generator as processes of their own, so that none of them waits for another's event loop. */

export interface Server {
  readonly url: URL;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const SERVICE = ['src/main.ts'];
export const EMPTY = ['bench/wire/empty.ts'];

/** Starts a server that prints `serves <url>` once it listens. Its log goes to a file: nobody here spends time reading it. */
export async function startServer(
  script: readonly string[],
  env: Record<string, string> = {},
  command: string = process.execPath,
): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'polyattention-server-'));
  const file = join(folder, 'log');
  const log = openSync(file, 'w');
  const child = spawn(command, script, {
    cwd: ROOT,
    env: { ...process.env, HOST: '127.0.0.1', PORT: '0', DRAIN_MS: '0', ...env },
    stdio: ['ignore', log, 'inherit'],
    // A group of its own, so that processes that it starts end with it.
    detached: true,
  });
  closeSync(log);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const killAll = (): void => signalGroup(child, 'SIGKILL');
  process.once('exit', killAll);
  const stop = async (): Promise<void> => {
    signalGroup(child, 'SIGTERM');
    const force = setTimeout(killAll, 5000);
    await ended;
    clearTimeout(force);
    killAll();
    process.off('exit', killAll);
    rmSync(folder, { recursive: true });
  };
  for (;;) {
    const address = /serves (http:\S+)/.exec(readFileSync(file, 'utf8'))?.[1];
    if (address !== undefined) return { url: new URL(address), process: child, stop };
    if (child.exitCode !== null) throw new Error(`${script.join(' ')} ended before it listened`);
    await delay(50);
  }
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-(pid as number), signal);
  } catch {
    // Nobody is left in it.
  }
}

/** Drives a server with one request over many connections. */
export async function drive({ url }: Server, sent: Sent, connections: number, seconds: number): Promise<Load> {
  const folder = mkdtempSync(join(tmpdir(), 'polyattention-load-'));
  const file = join(folder, 'request');
  writeFileSync(file, httpRequest(sent));
  try {
    const script = fileURLToPath(new URL('load.ts', import.meta.url));
    const args = [script, url.hostname, url.port, String(connections), String(seconds), file];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    for await (const chunk of child.stdout) output += chunk;
    return JSON.parse(output) as Load;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
