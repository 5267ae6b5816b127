import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Lockstep, type Stage, walk } from '../../routes/lockstep.ts';

interface Item {
  readonly name: string;
  readonly waitsAt?: number;
  readonly throwsAt?: number;
}

/** Three stages that note what they were given, wait or throw where an item says so. */
function open(): { lockstep: Lockstep<Item>; stages: Stage<Item>[]; seen: string[]; failures: string[] } {
  const seen: string[] = [];
  const failures: string[] = [];
  const stages = [0, 1, 2].map((index) => (item: Item) => {
    if (item.throwsAt === index) throw new Error(`${item.name} at ${index}`);
    if (item.waitsAt === index) return nextTurn().then(() => seen.push(`${item.name}${index}`));
    seen.push(`${item.name}${index}`);
  });
  return { lockstep: new Lockstep(stages, (item, error) => failures.push(`${item.name}: ${error}`)), stages, seen, failures };
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await nextTurn();
}

describe('Lockstep', () => {
  it('takes all of a turn through one stage after the other', async () => {
    const { lockstep, seen } = open();
    for (const name of ['a', 'b', 'c']) lockstep.add({ name });
    expect(seen).toEqual([]);
    await turns(2);
    expect(seen).toEqual(['a0', 'b0', 'c0', 'a1', 'b1', 'c1', 'a2', 'b2', 'c2']);
  });

  it('lets what waits go on by itself, and leaves the others in step', async () => {
    const { lockstep, seen, failures } = open();
    lockstep.add({ name: 'a', waitsAt: 1 });
    lockstep.add({ name: 'b' });
    await turns(4);
    expect(seen).toEqual(['a0', 'b0', 'b1', 'b2', 'a1', 'a2']);
    expect(failures).toEqual([]);
  });

  it('fails the one item whose stage throws, at once or after waiting', async () => {
    const { lockstep, seen, failures } = open();
    lockstep.add({ name: 'a', throwsAt: 1 });
    lockstep.add({ name: 'b', waitsAt: 0, throwsAt: 2 });
    lockstep.add({ name: 'c' });
    await turns(4);
    expect(seen).toEqual(['a0', 'c0', 'c1', 'c2', 'b0', 'b1']);
    expect(failures).toEqual(['a: Error: a at 1', 'b: Error: b at 2']);
  });

  it('loses none of more than go together, and none that come while it works', async () => {
    const { lockstep, seen } = open();
    const names = Array.from({ length: 100 }, (_, i) => `n${i}.`);
    for (const name of names) lockstep.add({ name });
    await turns(2);
    lockstep.add({ name: 'late.' });
    await turns(6);
    expect(seen.toSorted()).toEqual([...names, 'late.'].flatMap((name) => [0, 1, 2].map((stage) => `${name}${stage}`)).toSorted());
    expect(seen.indexOf('n63.2')).toBeLessThan(seen.indexOf('n64.0'));
  });
});

describe('walk', () => {
  it('is done when it returns where nothing waits', () => {
    const { stages, seen } = open();
    expect(walk({ name: 'a' }, stages)).toBeUndefined();
    expect(seen).toEqual(['a0', 'a1', 'a2']);
  });

  it('waits for a stage and goes on, and throws what a stage throws', async () => {
    const { stages, seen } = open();
    await walk({ name: 'a', waitsAt: 1 }, stages);
    expect(seen).toEqual(['a0', 'a1', 'a2']);
    await expect(walk({ name: 'b', waitsAt: 0, throwsAt: 1 }, stages)).rejects.toThrow('b at 1');
  });
});
