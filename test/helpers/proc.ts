import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** State of a process as /proc has it: R, S, D, Z for a zombie; null: it is gone. */
export function processState(pid: number): string | null {
  try {
    return /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? null;
  } catch {
    return null;
  }
}

/** Looks again and again for some seconds. @throws Error when it never came true */
export async function until(holds: () => boolean | Promise<boolean>, seconds = 10): Promise<void> {
  for (let i = 0; i < 40 * seconds; i++) {
    if (await holds()) return;
    await delay(25);
  }
  throw new Error(`it never came true: ${holds}`);
}
