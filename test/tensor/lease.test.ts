import { describe, expect, it } from 'vitest';
import { allocateData } from '../../src/tensor/allocate.ts';
import { isPiledUp, isReusable, Lease, takeMemory } from '../../src/tensor/lease.ts';

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
      expect(new Uint8Array(again).every((byte) => byte === 0)).toBe(true);
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
    expect([isReusable(16 * MIB), isReusable(16 * MIB + 1)]).toEqual([true, false]);
    const large = used(17 * MIB);
    expect(large.byteLength).toBe(17 * MIB);
    expect(new Lease().take(17 * MIB)).not.toBe(large);
    const lease = new Lease();
    const foreign = new SharedArrayBuffer(MIB + 1);
    lease.adopt(foreign);
    expect(lease.has(foreign)).toBe(false);
  });

  it('keeps a bounded amount, and says when much was left to the collector', () => {
    isPiledUp();
    const lease = new Lease();
    for (let i = 0; i < 9; i++) lease.take(15 * MIB);
    lease.end(true);
    // Four of 15 MiB are kept, so 75 MiB and what was kept before are left.
    expect([isPiledUp(), isPiledUp()]).toEqual([true, false]);
  });

  it('is where large tensors get their memory from', () => {
    const lease = new Lease();
    const data = allocateData('float32', MIB, lease);
    expect(lease.has(data.buffer)).toBe(true);
    lease.end(true);
    expect(allocateData('float64', MIB / 2, new Lease()).buffer).toBe(data.buffer);
  });
});
