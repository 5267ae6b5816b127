/**
 * Certificates against the definition on very many random requests (test/property/certified-case.ts): every class, method, mask, type and
 * size, adversarial entries among them. A proved one that is missed is a violation, and ends the run with 1.
 *
 *   npm run certify -- [--cases=100000] [--from=0] [--processes=2]
 *
 * Cases are the seeds from `from` on. What was judged is kept under build/certify by a fingerprint of the sources, 500 seeds at a time: a run
 * that was broken off goes on where it was, a larger one adds to it, and a change of the sources begins anew. Writes
 * bench/results/certify.md where the seeds start at 0.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Chunk, judgeChunk, SEEDS, startJudging } from './certify-chunk.ts';
import { report } from './certify-report.ts';

const root = new URL('../', import.meta.url);
const { values: options } = parseArgs({
  options: {
    ...{ cases: { type: 'string', default: '100000' }, from: { type: 'string', default: '0' } },
    ...{ processes: { type: 'string', default: '2' }, child: { type: 'boolean', default: false } },
  },
});

/** Of everything that a verdict depends on. */
function fingerprint(): string {
  const hash = createHash('sha256');
  for (const folder of ['src', 'kernels', 'test/property', 'test/helpers']) {
    const files = readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((name) => /\.(ts|cc|h)$/.test(name)).sort()) {
      hash.update(file).update(readFileSync(new URL(`${folder}/${file}`, root)));
    }
  }
  return hash.digest('hex').slice(0, 12);
}

/** One process of its own, with an engine of one thread: judges chunks as they are sent. */
async function serveChunks(): Promise<void> {
  const engine = await startJudging();
  let last = Promise.resolve();
  process.on('message', (first: number) => {
    last = last.then(async () => {
      process.send?.(await judgeChunk(engine, first));
    });
  });
  process.once('disconnect', () => engine.close().then(() => process.exit()));
}

function judgeAll(missing: number[], store: URL, known: Chunk[]): Promise<void> {
  const began = performance.now();
  const total = missing.length;
  return new Promise((resolve, reject) => {
    let running = 0;
    const next = (child: ChildProcess): void => {
      const first = missing.shift();
      if (first !== undefined) child.send(first);
      else child.disconnect();
    };
    for (let i = 0; i < Number(options.processes); i++) {
      const child = fork(new URL(import.meta.url), ['--child']);
      running++;
      child.on('message', (chunk: Chunk) => {
        known.push(chunk);
        appendFileSync(store, `${JSON.stringify(chunk)}\n`);
        const seconds = (performance.now() - began) / 1e3;
        const violations = known.reduce((sum, { violations }) => sum + violations.length, 0);
        console.log(
          `${(total - missing.length) * SEEDS} of ${total * SEEDS} seeds, ${violations} violations, ${seconds.toFixed(0)} s`,
        );
        next(child);
      });
      child.once('exit', (code) => {
        if (code !== 0) reject(new Error(`A judging process ended with ${code}`));
        if (--running === 0) resolve();
      });
      next(child);
    }
  });
}

async function main(): Promise<void> {
  const [from, cases] = [Number(options.from), Number(options.cases)];
  const wanted = Array.from({ length: Math.ceil(cases / SEEDS) }, (_, i) => from + i * SEEDS);
  const sources = fingerprint();
  mkdirSync(new URL('build/certify/', root), { recursive: true });
  const store = new URL(`build/certify/${sources}.jsonl`, root);
  const lines = existsSync(store) ? readFileSync(store, 'utf8').split('\n').filter(Boolean) : [];
  const known = lines.map((line) => JSON.parse(line) as Chunk);
  const missing = wanted.filter((first) => !known.some((chunk) => chunk.first === first));
  console.log(`seeds ${from} to ${from + cases - 1}, ${missing.length * SEEDS} of them to judge (sources ${sources})`);
  await judgeAll(missing, store, known);
  const chunks = known.filter(({ first }) => wanted.includes(first));
  const text = report(chunks, { from, cases: wanted.length * SEEDS, sources });
  console.log(`\n${text}`);
  if (from === 0) writeFileSync(new URL('bench/results/certify.md', root), text);
  if (chunks.some(({ violations }) => violations.length > 0)) process.exitCode = 1;
}

await (options.child ? serveChunks() : main());
