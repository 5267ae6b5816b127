/** PyTorch and numpy beside the native kernels: bench/peers.py in a virtual environment that is made in .venv/bench when it is not there. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Peers {
  readonly versions: Record<string, string>;
  readonly seconds: Record<string, Record<string, number>>;
}

const root = fileURLToPath(new URL('..', import.meta.url));

/** Seconds of every case that a peer has, or why there are none. */
export function runPeers(): Peers | string {
  const folder = `${root}.venv/bench`;
  const environment = { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };
  try {
    if (!existsSync(`${folder}/bin/python`)) {
      execFileSync('python3', ['-m', 'venv', folder], { stdio: 'pipe' });
      execFileSync(`${folder}/bin/pip`, ['install', '-q', '-r', `${root}bench/peers.txt`], { stdio: 'pipe' });
    }
    const text = execFileSync(`${folder}/bin/python`, [`${root}bench/peers.py`, '1'], { encoding: 'utf8', env: environment });
    return JSON.parse(text) as Peers;
  } catch (error) {
    return `not to be had here: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`;
  }
}

/** Of two runs, before ours and after them, the lesser times. */
export function fasterOf(a: Peers | string, b: Peers | string): Peers | string {
  if (typeof a === 'string' || typeof b === 'string') return b;
  const merge = (name: string) =>
    Object.fromEntries(Object.entries(a.seconds[name] ?? {}).map(([peer, s]) => [peer, Math.min(s, b.seconds[name]?.[peer] ?? s)]));
  return { versions: a.versions, seconds: Object.fromEntries(Object.keys(a.seconds).map((name) => [name, merge(name)])) };
}
