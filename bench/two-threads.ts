/**
 * Two threads against one: the same attend, on the same operands in shared memory, whole in one thread and as two halves in two that are
 * both running already. Rounds of the one and the other take turns, so that both see the same machine; each keeps its best.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { AttendStep, Backend, Matrix } from '../kernels/backend.ts';
import { type Bench, operand } from './kernel-cases.ts';

export interface Scaling {
  /** Seconds between the order and the last answer. */
  readonly wall: { readonly one: number; readonly two: number };
  /** Processor seconds of the thread that took longest: what is left when others use the machine. */
  readonly processor: { readonly one: number; readonly two: number };
}

interface Order {
  readonly firstRow: number;
  readonly lastRow: number;
  readonly callId: number;
}

interface Data {
  readonly isa: string | undefined;
  readonly step: AttendStep<Matrix>;
}

const kernel = (name: string) => import(new URL(`../kernels/native/${name}.ts`, import.meta.url).href);

export async function twoThreads(bench: Bench, isa: string | undefined, n: number, d: number, rounds: number): Promise<Scaling> {
  const [queries, keys, values] = [operand(bench, n, d), operand(bench, n, d), operand(bench, n, d)];
  const results = { message: operand(bench, n, d), logSumExp: operand(bench, n, 1) };
  const step: AttendStep<Matrix> = { kind: 'attend', queries, keys, keyBias: null, values, scale: 1 / d, band: null, ...results };
  const workers = [0, 1].map(() => new Worker(new URL(import.meta.url), { workerData: { isa, step } satisfies Data }));
  const reply = (worker: Worker) => new Promise<number>((resolve) => worker.once('message', resolve));
  await Promise.all(workers.map(reply));
  const best = { wall: { one: Infinity, two: Infinity }, processor: { one: Infinity, two: Infinity } };
  let calls = 0;
  const time = async (which: 'one' | 'two', orders: readonly Omit<Order, 'callId'>[]) => {
    const start = performance.now();
    const replies = orders.map((_, index) => reply(workers[index] as Worker));
    for (const [index, order] of orders.entries()) workers[index]?.postMessage({ ...order, callId: ++calls });
    const slowest = Math.max(...(await Promise.all(replies)));
    best.wall[which] = Math.min(best.wall[which], (performance.now() - start) / 1000);
    best.processor[which] = Math.min(best.processor[which], slowest);
  };
  for (let round = 0; round < rounds; round++) {
    await time('one', [{ firstRow: 0, lastRow: n }]);
    await time('two', [
      { firstRow: 0, lastRow: n / 2 },
      { firstRow: n / 2, lastRow: n },
    ]);
  }
  await Promise.all(workers.map((worker) => worker.terminate()));
  return best;
}

async function serve(): Promise<void> {
  const { isa, step } = workerData as Data;
  const { load } = (await kernel('index')) as { load(options: { isa?: string | undefined }): Backend };
  const { loadAddon } = (await kernel('addon')) as { loadAddon(): { threadSeconds(): number } };
  const [backend, addon, control] = [load({ isa }), loadAddon(), new Int32Array(new SharedArrayBuffer(16))];
  parentPort?.on('message', (order: Order) => {
    const before = addon.threadSeconds();
    void backend.run(step, { ...order, control });
    parentPort?.postMessage(addon.threadSeconds() - before);
  });
  parentPort?.postMessage(0);
}

if (!isMainThread) await serve();
