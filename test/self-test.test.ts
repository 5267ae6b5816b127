import { describe, expect, it } from 'vitest';
import type { Engine } from '../src/schedule/engine.ts';
import { selfTest } from '../src/self-test.ts';

/** What the service thinks of its back ends before it says that it is ready. */

const answers = (data: number[]) => ({ output: { data } }) as never;

/** An engine whose back ends answer with zeros, but for the one that fails; the device is the one with a mode. */
function engine(failing: string): Engine {
  return {
    machine: { backends: [{ name: 'native' }, { name: 'reference' }], named: [{ name: 'gpu', mode: 'headlessgl' }] },
    run: async ({ problem }: { problem: { backend: string; algorithm: string } }) => {
      if (problem.algorithm !== 'definition' && problem.backend === failing) throw new Error('it gave no answer');
      return answers([0, 0]);
    },
  } as unknown as Engine;
}

describe('the self-test', () => {
  it('lets a device fail, and says so', async () => {
    const lines = await selfTest(engine('gpu'));
    expect(lines.map(({ backend, ok, required }) => [backend, ok, required])).toEqual([
      ['native', true, true],
      ['reference', true, true],
      ['gpu', false, false],
    ]);
  });

  it('does not let others fail', async () => {
    await expect(selfTest(engine('native'))).rejects.toThrow('it gave no answer');
  });
});
