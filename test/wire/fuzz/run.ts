/**
 * npm run fuzz:codecs [-- BODIES [SEED [FORMAT [FIRST]]]]: mutated bodies through every codec, each format on a thread of its own. The seed is
 * printed; without one a new one is taken. A failure says which body it was and how to make it again. Ends with 1 at a failure or a hang.
 */
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { fuzz } from './fuzz.ts';
import { SUBJECTS, type Subject } from './subjects.ts';

/** Longer than this on one body is a hang. */
const HANG_MS = 20_000;

interface Task {
  readonly name: string;
  readonly bodies: number;
  readonly seed: number;
  readonly first: number;
  /** The body under way. */
  readonly progress: Int32Array;
}

if (isMainThread) await main(process.argv.slice(2));
else work(workerData as Task);

async function main([bodies = '1000000', seed = String(Date.now() % 1e6), format, first = '0']: string[]): Promise<void> {
  const subjects = SUBJECTS.filter(({ name }) => format === undefined || name === format);
  if (subjects.length === 0)
    throw new Error(`There is no format ${format}; there are ${SUBJECTS.map(({ name }) => name).join(', ')}`);
  console.log(`${bodies} bodies of each format, seed ${seed}`);
  const waiting = [...subjects];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      await watch(next, { bodies: Number(bodies), seed: Number(seed), first: Number(first) });
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
}

async function watch({ name }: Subject, options: Pick<Task, 'bodies' | 'seed' | 'first'>): Promise<void> {
  const progress = new Int32Array(new SharedArrayBuffer(4));
  const began = performance.now();
  const worker = new Worker(new URL(import.meta.url), { workerData: { name, ...options, progress } satisfies Task });
  let last = -1;
  const watchdog = setInterval(() => {
    if (progress[0] !== last) last = progress[0] as number;
    else {
      console.error(
        `${name}, seed ${options.seed}: body ${last} hangs; again by npm run fuzz:codecs -- 1 ${options.seed} ${name} ${last}`,
      );
      process.exit(1);
    }
  }, HANG_MS);
  const accepted = await new Promise<number>((resolve, reject) => worker.once('message', resolve).once('error', reject));
  clearInterval(watchdog);
  console.log(`${name}: ${options.bodies} bodies, ${accepted} accepted, ${((performance.now() - began) / 1000).toFixed(1)} s`);
}

function work({ name, bodies, seed, first, progress }: Task): void {
  const subject = SUBJECTS.find((one) => one.name === name) as Subject;
  const onBody = (index: number): void => {
    progress[0] = index;
  };
  parentPort?.postMessage(fuzz(subject, { bodies, seed, first, onBody }));
}
