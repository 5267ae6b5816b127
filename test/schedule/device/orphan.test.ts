import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { processState, until } from '../../helpers/proc.ts';

const OWNER = fileURLToPath(new URL('../../fixtures/device-owner.ts', import.meta.url));

/** Whether it runs: an orphan that has ended may wait for whoever reaps orphans here. */
const lives = (pid: number): boolean => !['Z', null].includes(processState(pid));

describe('the process of a device whose service is killed', () => {
  it.each(['idle', 'hang'])('ends by itself, even when it hangs (%s)', async (state) => {
    const owner = spawn(process.execPath, [OWNER, state], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void owner.kill('SIGKILL'));
    const [text] = await once(owner.stdout.setEncoding('utf8'), 'data');
    const pid = Number(text);
    expect(lives(pid)).toBe(true);
    owner.kill('SIGKILL');
    await until(() => !lives(pid));
  });

  it('does not end at signals that a terminal sends to the whole group', async () => {
    const owner = spawn(process.execPath, [OWNER, 'idle'], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void owner.kill('SIGKILL'));
    const [text] = await once(owner.stdout.setEncoding('utf8'), 'data');
    const pid = Number(text);
    process.kill(pid, 'SIGINT');
    process.kill(pid, 'SIGTERM');
    await expect(until(() => !lives(pid), 1)).rejects.toThrow('never came true');
  });
});
