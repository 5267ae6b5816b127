/**
 * npm run bench:wire: what HTTP and the formats cost, in under six minutes, printed and written to bench/results/wire.md and wire.json.
 *
 * The peer (FastAPI with PyTorch) runs in a virtual environment of its own, build/peers; made once with
 *   python3 -m venv build/peers && build/peers/bin/pip install -r bench/wire/peers.txt
 * `--peers` makes it first, if it is not there; without it that row is left out. `node bench/wire.ts small` runs one group: path, codec,
 * small, memory, liveness, peers.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { conversionFigure, decodeFigure } from './wire/codec.ts';
import { livenessFigure } from './wire/liveness.ts';
import { memoryFigure } from './wire/memory.ts';
import { pathFigures } from './wire/path.ts';
import { type Figure, markdownTable } from './wire/table.ts';
import { peerFigures, smallFigures } from './wire/throughput.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const GROUPS: Readonly<Record<string, () => Promise<Figure[]>>> = {
  path: pathFigures,
  codec: async () => [await decodeFigure(), conversionFigure()],
  small: smallFigures,
  memory: async () => [await memoryFigure()],
  liveness: async () => [await livenessFigure()],
  peers: peerFigures,
};

function makePeers(): void {
  if (existsSync(`${ROOT}build/peers/bin/uvicorn`)) return;
  execFileSync('python3', ['-m', 'venv', `${ROOT}build/peers`], { stdio: 'inherit' });
  execFileSync(`${ROOT}build/peers/bin/pip`, ['install', '-q', '-r', `${ROOT}bench/wire/peers.txt`], { stdio: 'inherit' });
}

const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
if (process.argv.includes('--peers')) makePeers();
const began = performance.now();
const load = loadavg()[0] ?? 0;
const figures: Figure[] = [];
for (const [name, run] of Object.entries(GROUPS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.error(`${name} ...`);
  // What one group cannot measure must not cost the figures of the others.
  figures.push(...(await run().catch((error: Error) => [{ what: name, measured: `not measured: ${error.message}`, values: {} }])));
}
const seconds = (performance.now() - began) / 1000;
const machine = `${cpus().length} × ${cpus()[0]?.model}`;
const note =
  `${machine}, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}; load of the machine before it began ${load.toFixed(2)}; ` +
  `${seconds.toFixed(0)} s. Medians unless said; clients, servers and load generator share the machine.`;
const text = `# What HTTP and the formats cost\n\n\`npm run bench:wire\`: ${note}\n\n${markdownTable(figures)}\n`;
console.log(text);
if (wanted.length === 0) {
  mkdirSync(`${ROOT}bench/results`, { recursive: true });
  writeFileSync(`${ROOT}bench/results/wire.md`, text);
  writeFileSync(`${ROOT}bench/results/wire.json`, `${JSON.stringify({ machine, load, seconds, figures }, null, 2)}\n`);
}
