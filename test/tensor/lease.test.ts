import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { allocateData } from '../../src/tensor/allocate.ts';
import { dropIdle, isLeased, isPiledUp, isReusable, keepAtMost, Lease, takeMemory } from '../../src/tensor/lease.ts';
import { reserve } from '../../src/tensor/memory.ts';

const MIB = 1 << 20;

/** A piece of memory with its last byte written to, given back or not. */
function used(bytes: number, isUnused = true): SharedArrayBuffer {
  const lease = new Lease();
  const memory = lease.take(bytes);
  new Uint8Array(memory).fill(7);
  lease.end(isUnused);
  return memory;
}

describe('a lease', () => {
  it.each([MIB + 20_000, 5 * MIB + 12_345, 100_000])(
    'of %d bytes is used again by the next of about the size, as zeros',
    (bytes) => {
      const memory = used(bytes);
      expect(memory.byteLength).toBeGreaterThanOrEqual(bytes);
      expect(memory.byteLength).toBeLessThan(1.13 * bytes);
      const next = new Lease();
      const again = next.take(bytes - 1000);
      expect(again).toBe(memory);
      expect(new Uint8Array(again, 0, bytes - 1000).every((byte) => byte === 0)).toBe(true);
      expect(next.take(bytes)).not.toBe(memory);
    },
  );

  it('hands out what was there before to who writes all of it', () => {
    const memory = used(3 * MIB);
    const again = takeMemory(3 * MIB);
    expect(again).toBe(memory);
    expect(new Uint8Array(again)[MIB]).toBe(7);
  });

  it('gives nothing back that may still be read or written', () => {
    const unsent = used(9 * MIB, false);
    const spoilt = new Lease();
    const written = spoilt.take(9 * MIB);
    spoilt.spoil();
    spoilt.return(written);
    spoilt.end(true);
    const next = new Lease().take(9 * MIB);
    expect([unsent, written]).not.toContain(next);
  });

  it('gives one piece back before the end, once', () => {
    const lease = new Lease();
    const scratch = lease.take(7 * MIB);
    lease.return(scratch);
    lease.return(scratch);
    expect(lease.take(7 * MIB)).toBe(scratch);
    expect(lease.take(7 * MIB)).not.toBe(scratch);
  });

  it('takes over memory that came as a body, and knows what is its own', () => {
    const body = takeMemory(6 * MIB);
    const lease = new Lease();
    expect(lease.has(body)).toBe(false);
    lease.adopt(body);
    expect(lease.has(body)).toBe(true);
    expect(lease.has(new SharedArrayBuffer(100))).toBe(true);
    lease.end(true);
    expect(takeMemory(6 * MIB)).toBe(body);
  });

  it('neither keeps what is very large nor what others made', () => {
    expect([isReusable(128 * MIB), isReusable(128 * MIB + 1)]).toEqual([true, false]);
    const large = used(129 * MIB);
    expect(large.byteLength).toBe(129 * MIB);
    expect(new Lease().take(129 * MIB)).not.toBe(large);
    const lease = new Lease();
    const foreign = new SharedArrayBuffer(MIB + 1);
    lease.adopt(foreign);
    expect([lease.has(foreign), isLeased(foreign), isLeased(used(MIB))]).toEqual([false, false, true]);
  });

  it('keeps a bounded amount, and says when much was left to the collector', () => {
    keepAtMost(64 * MIB);
    onTestFinished(() => keepAtMost(256 * MIB));
    isPiledUp();
    const lease = new Lease();
    for (let i = 0; i < 9; i++) lease.take(15 * MIB);
    lease.end(true);
    // Four of 15 MiB are kept, so 75 MiB and what was kept before are left.
    expect([isPiledUp(), isPiledUp()]).toEqual([true, false]);
  });

  it('keeps more than that at no setting', () => {
    keepAtMost(1024 * MIB);
    isPiledUp();
    const lease = new Lease();
    for (let i = 0; i < 3; i++) lease.take(112 * MIB);
    lease.end(true);
    expect(isPiledUp()).toBe(true);
    while (dropIdle()) isPiledUp();
  });

  it('is where large tensors get their memory from', () => {
    const lease = new Lease();
    const data = allocateData('float32', MIB, lease);
    expect(lease.has(data.buffer)).toBe(true);
    lease.end(true);
    expect(allocateData('float64', MIB / 2, new Lease()).buffer).toBe(data.buffer);
  });

  describe('of small pieces', () => {
    const BYTES = 1000;

    /** Takes pieces until they lie in so many slabs, and writes to all of them. */
    const fill = (lease: Lease, slabs: number, value: number): Uint8Array[] => {
      const pieces: Uint8Array[] = [];
      while (new Set(pieces.map(({ buffer }) => buffer)).size < slabs) {
        const { memory, offset } = lease.reserve(BYTES, true);
        pieces.push(new Uint8Array(memory, offset, BYTES).fill(value));
        // A slab that a lease holds is not handed out anew: each holds 64 of them.
        expect(pieces.length).toBeLessThanOrEqual(64 * slabs);
      }
      return pieces;
    };
    const hold = (pieces: readonly Uint8Array[], value: number): boolean =>
      pieces.every((piece) => piece.every((byte) => byte === value));

    // Whatever other tests hold lies in slabs that are full.
    beforeEach(() => void fill(new Lease(), 2, 0));

    it('gives their slabs to those that come after it, as zeros', () => {
      const lease = new Lease();
      const before = new Set(fill(lease, 4, 7).map(({ buffer }) => buffer));
      lease.end(true);
      const next = new Lease();
      const pieces = Array.from({ length: 300 }, () => next.reserve(BYTES));
      expect(
        hold(
          pieces.map(({ memory, offset }) => new Uint8Array(memory, offset, BYTES)),
          0,
        ),
      ).toBe(true);
      const again = new Set(pieces.map(({ memory }) => memory));
      expect([...before].filter((memory) => again.has(memory as SharedArrayBuffer)).length).toBeGreaterThanOrEqual(3);
    });

    it('keeps a slab as long as one of its neighbours there has not ended', () => {
      const [lease, neighbour] = [new Lease(), new Lease()];
      fill(lease, 2, 1);
      const theirs = fill(neighbour, 1, 7);
      fill(lease, 2, 1);
      lease.end(true);
      fill(new Lease(), 8, 9);
      expect(hold(theirs, 7)).toBe(true);
      neighbour.end(true);
      fill(new Lease(), 3, 9);
      expect(hold(theirs, 9)).toBe(true);
    });

    it.each([
      ['that may still be read', (lease: Lease) => lease.end(false)],
      [
        'that may still be written',
        (lease: Lease) => {
          lease.spoil();
          lease.end(true);
        },
      ],
      ['of a lease that does not end', () => {}],
    ])('gives none back %s', (_, end) => {
      const lease = new Lease();
      const pieces = fill(lease, 3, 7);
      end(lease);
      fill(new Lease(), 8, 9);
      expect(hold(pieces, 7)).toBe(true);
    });

    it('lays them where no lease does', () => {
      const { memory } = reserve(100);
      const { memory: leasedMemory } = new Lease().reserve(100);
      expect(leasedMemory).not.toBe(memory);
    });
  });

  describe('left alone', () => {
    const clear = (): void => {
      while (dropIdle());
    };

    it('keeps what was in use since the last look, and lets go of the rest', () => {
      clear();
      const lease = new Lease();
      const [idle, needed] = [lease.take(48 * MIB), lease.take(40 * MIB)];
      lease.end(true);
      expect(dropIdle()).toBe(false);
      const next = new Lease();
      expect(next.take(40 * MIB)).toBe(needed);
      next.end(true);
      expect(dropIdle()).toBe(true);
      expect(takeMemory(48 * MIB)).not.toBe(idle);
      expect(takeMemory(40 * MIB)).toBe(needed);
    });

    it('rests with 64 MiB of small pieces', () => {
      clear();
      const lease = new Lease();
      for (let i = 0; i < 6; i++) lease.take(16 * MIB);
      lease.end(true);
      expect([dropIdle(), dropIdle(), dropIdle()]).toEqual([false, true, false]);
      const again = new Set(Array.from({ length: 4 }, () => takeMemory(16 * MIB)));
      expect(again.size).toBe(4);
      expect(dropIdle()).toBe(false);
    });
  });
});
