import { getHeapSpaceStatistics } from 'node:v8';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Running } from '../../src/plugins/running.ts';
import { collectShared } from '../../src/tensor/shared-memory.ts';

describe('what is under way', () => {
  it('is what was added and not removed, in whatever order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(8), { maxLength: 60 }), (steps) => {
        const running = new Running<number>();
        const places: ReturnType<typeof running.add>[] = [];
        for (const [index, step] of steps.entries()) {
          const [gone] = step < places.length ? places.splice(step, 1) : [];
          if (gone) running.remove(gone);
          else places.push(running.add(index));
          expect(running.all().sort()).toEqual(places.map(({ item }) => item).sort());
          expect(running.count).toBe(places.length);
        }
      }),
    );
  });

  it('is forgotten by the small collections once it has ended', () => {
    const running = new Running<number[]>();
    const oldBytes = (): number =>
      getHeapSpaceStatistics().find(({ space_name: name }) => name === 'old_space')?.space_used_size as number;
    const run = (count: number): void => {
      const places = Array.from({ length: 64 }, () => running.add(new Array(256).fill(1)));
      for (let i = 0; i < count; i++) {
        running.remove(places[i % 64] as (typeof places)[number]);
        places[i % 64] = running.add(new Array(256).fill(1));
      }
      for (const place of places) running.remove(place);
    };
    run(20_000);
    // Takes what is there now into the old generation.
    collectShared();
    const before = oldBytes();
    run(20_000);
    // 40 MB went through it: of a Set, all but what the last collection had no time for is in the old generation.
    expect(oldBytes() - before).toBeLessThan(4e6);
  });
});
