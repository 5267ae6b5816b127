/** The process that the tests of this folder start: Dawn must not run in a thread of vitest's. Steps come by message and go back so. */
import type { Matrix, Step, TileContext } from '../../../kernels/backend.ts';
import { load, type WebGpuOptions } from '../../../kernels/webgpu/index.ts';

export interface Run {
  readonly step: Step<Matrix>;
  readonly tile: TileContext;
}

export type Question =
  | { readonly id: number; readonly kind: 'run'; readonly runs: readonly Run[] }
  | { readonly id: number; readonly kind: 'cancel'; readonly run: number }
  | { readonly id: number; readonly kind: 'lose' }
  | { readonly id: number; readonly kind: 'memory' };

export type Reply = { readonly id: number } & (
  | { readonly error: string }
  | { readonly value: unknown; readonly runs?: readonly Run[] }
);

const send = (reply: Reply): void => void process.send?.(reply);
const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const controls = new Map<number, readonly Int32Array[]>();

process.once('disconnect', () => process.exit(1));
try {
  const backend = await load(JSON.parse(process.argv[2] as string) as WebGpuOptions);
  process.on('message', (question: Question | null) => {
    if (question === null) return leave(backend);
    answer(backend, question).then(send, (error: unknown) => send({ id: question.id, error: reasonOf(error) }));
  });
  send({ id: 0, value: backend.describe() });
} catch (error) {
  send({ id: 0, error: reasonOf(error) });
  process.disconnect();
}

async function answer(backend: Awaited<ReturnType<typeof load>>, question: Question): Promise<Reply> {
  const { id } = question;
  if (question.kind === 'cancel') {
    for (const control of controls.get(question.run) ?? []) Atomics.store(control, 0, 1);
    return { id, value: null };
  }
  if (question.kind === 'lose') {
    backend.close();
    return { id, value: null };
  }
  if (question.kind === 'memory') {
    globalThis.gc?.();
    return { id, value: process.memoryUsage.rss() };
  }
  const { runs } = question;
  controls.set(
    id,
    runs.map(({ tile }) => tile.control),
  );
  const value = await Promise.all(runs.map(({ step, tile }) => backend.run(step, tile))).finally(() => controls.delete(id));
  return { id, value, runs };
}

/** The way out that a service takes: nothing may keep the process alive, and nothing may crash on the way. */
function leave(backend: Awaited<ReturnType<typeof load>>): void {
  backend.close();
  process.removeAllListeners('disconnect');
  process.disconnect();
}
