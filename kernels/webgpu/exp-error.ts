/** How far the kernels' exp is off on this device: the λ of one exponential in math.md §3.1. */
import { upload } from './arena.ts';
import { Recorder } from './recorder.ts';
import type { Session } from './session.ts';

const COUNT = 2 ** 12;

/** Largest relative error over [-87, 0], half of the arguments in [-2, 0] where weights matter most. */
export async function measureExp(session: Session): Promise<number> {
  const data = Float32Array.from({ length: COUNT }, (_, i) => (i % 2 === 0 ? -87 : -2) * ((i + 0.5) / COUNT));
  return session.arenas.with(2 * COUNT, null, async (arena) => {
    upload(session.device, arena, 0, { data, rows: COUNT, cols: 1 });
    const recorder = new Recorder(session.device, session.pipelines, arena, []);
    await recorder.dispatch('exp', { count: COUNT, arguments: 0, results: COUNT }, [COUNT / 64, 1, 1]);
    await recorder.finish();
    const results = await session.arenas.read(arena, COUNT, COUNT);
    return results.reduce((worst, y, i) => Math.max(worst, Math.abs(y / Math.exp(data[i]) - 1)), 0);
  });
}
