import { describe, expect, it } from 'vitest';
import { allocateData } from '../../src/tensor/allocate.ts';
import { reserve } from '../../src/tensor/memory.ts';

describe('shared memory', () => {
  it('lays small pieces side by side, apart and aligned to 64 bytes', () => {
    const pieces = Array.from({ length: 3000 }, (_, i) => ({ bytes: i % 300, ...reserve(i % 300) }));
    const ends = new Map<SharedArrayBuffer, number>();
    for (const { memory, offset, bytes } of pieces) {
      expect(offset % 64).toBe(0);
      expect(offset).toBeGreaterThanOrEqual(ends.get(memory) ?? 0);
      expect(offset + bytes).toBeLessThanOrEqual(memory.byteLength);
      ends.set(memory, offset + bytes);
    }
    expect(ends.size).toBeLessThan(20);
  });

  it('gives large pieces memory of their own', () => {
    expect(reserve(1 << 20)).toMatchObject({ offset: 0, memory: { byteLength: 1 << 20 } });
  });

  it('hands out zeros, whatever was written to what came before', () => {
    for (let i = 0; i < 200; i++) {
      const data = allocateData('float64', 100);
      expect(data.every((value) => value === 0)).toBe(true);
      data.fill(Number.NaN);
    }
  });
});
