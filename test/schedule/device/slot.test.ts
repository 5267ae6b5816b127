import { describe, expect, it, onTestFinished } from 'vitest';
import { Slot } from '../../../src/schedule/device/slot.ts';

describe('a slot', () => {
  it('keeps what is written after a message so large that its memory is given back', async () => {
    const slot = new Slot();
    onTestFinished(() => slot.close());
    const large = new Float32Array(5 * 2 ** 20).fill(1);
    const small = Float32Array.of(1, 2, 3);
    for (let i = 0; i < 5; i++) {
      await slot.reset();
      await slot.write(large, slot.reserve(large.byteLength));
      await slot.reset();
      const offset = slot.reserve(small.byteLength);
      await slot.write(small, offset);
      // Longer than giving back takes.
      await new Promise((resolve) => setTimeout(resolve, 20));
      const back = new Float32Array(3);
      await slot.read(back, offset);
      expect(back).toEqual(small);
    }
  });
});
