/** Whether the kernels read halves as what they are: a device may flush subnormal ones (shaders/operands.ts). */
import { upload } from './arena.ts';
import { compileHalves } from './pipelines.ts';
import { Recorder } from './recorder.ts';
import type { Session } from './session.ts';

const PATTERNS = 2 ** 16;
/** Odd, so that its multiples go through all patterns: each stands in both halves of a place, beside others. */
const STRIDE = 40_503;
/** Halves of one dispatch: the smallest arena has room for them and what they come to. */
const AT_ONCE = 2 ** 13;

/**
 * Compiles the kernels for halves, and tries every half in either half of a place: sets `device.halves` where every finite one comes back as
 * itself. A device that does not get so far computes from single precision.
 */
export async function checkHalves(session: Session): Promise<void> {
  const { device, pipelines } = session;
  try {
    await compileHalves(device, pipelines);
  } catch {
    return;
  }
  const half = Uint16Array.from({ length: 2 * PATTERNS }, (_, i) => (i % 2 === 0 ? i / 2 : Math.imul((i - 1) / 2, STRIDE)));
  const expected = new Float16Array(half.buffer);
  // For the uploads of the check itself.
  device.halves = true;
  const parts = Array.from({ length: half.length / AT_ONCE }, (_, i) => half.subarray(i * AT_ONCE, (i + 1) * AT_ONCE));
  const found = await Promise.all(parts.map((part) => readHalves(session, part)));
  device.halves = found.every((values, i) =>
    values.every((value, j) => {
      const wanted = expected[i * AT_ONCE + j];
      return value === wanted || !Number.isFinite(wanted);
    }),
  );
}

/** What the kernels make of them. */
async function readHalves(session: Session, half: Uint16Array): Promise<Float32Array> {
  const results = half.length / 2;
  return session.arenas.with(results + half.length, null, async (arena) => {
    upload(session.device, arena, 0, { data: new Float32Array(0), half, rows: half.length, cols: 1 });
    const recorder = new Recorder(session.device, session.pipelines, arena, []);
    await recorder.dispatch('halves', { count: half.length, halves: 1, operand: 0, results }, [half.length / 64, 1, 1]);
    await recorder.finish();
    return session.arenas.read(arena, results, half.length);
  });
}
