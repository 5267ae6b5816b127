import type { FloatArray } from '../backend.ts';
import { SECOND_MEMORY } from './addon.ts';
import type { EncodedStep } from './encode.ts';

const NOWHERE = -1;

/** The two memories that were seen last, as bytes: one plan's next request has the same, and so has another's. */
const seen: { first: Uint8Array; second: Uint8Array } = { first: new Uint8Array(0), second: new Uint8Array(0) };

/**
 * A step's operands as places in two memories, where they lie in no more: the small tensors of a request do, those that it came with in one slab
 * and what is computed in the same or the next (tensor/slab.ts). To look at each as a typed array takes the boundary half as long as the
 * smallest tiles take.
 */
export class PackedOperands {
  /** The step's own, then the byte at which each operand begins (kernels/native/src/reader.h). */
  readonly numbers: Float64Array;
  readonly #operands: EncodedStep['operands'];
  readonly #begin: number;

  /** @param operands of the lengths and the element type that `place` will be given */
  constructor(numbers: Float64Array, operands: EncodedStep['operands']) {
    this.numbers = new Float64Array(numbers.length + operands.length);
    this.numbers.set(numbers);
    this.#operands = operands;
    this.#begin = numbers.length;
  }

  /**
   * Takes other operands in place of those that were made ready.
   * @returns the memories that they lie in; null where these are more, or an operand has another length or element type
   */
  place(others: EncodedStep['operands']): typeof seen | null {
    if (others.length !== this.#operands.length) return null;
    let first: ArrayBufferLike | null = null;
    let second: ArrayBufferLike | null = null;
    for (let i = 0; i < others.length; i++) {
      const other = others[i] as FloatArray | null;
      if (!isLike(other, this.#operands[i] as FloatArray | null)) return null;
      let place = NOWHERE;
      if (other !== null) {
        const { buffer, byteOffset } = other;
        first ??= buffer;
        if (buffer !== first) second ??= buffer;
        if (buffer !== first && buffer !== second) return null;
        place = buffer === first ? byteOffset : SECOND_MEMORY + byteOffset;
      }
      this.numbers[this.#begin + i] = place;
    }
    if (first === null) return null;
    if (first !== seen.first.buffer) seen.first = new Uint8Array(first);
    if ((second ?? first) !== seen.second.buffer) seen.second = new Uint8Array(second ?? first);
    return seen;
  }
}

function isLike(other: FloatArray | null, known: FloatArray | null): boolean {
  if (other === null || known === null) return other === known;
  return other.length === known.length && other.BYTES_PER_ELEMENT === known.BYTES_PER_ELEMENT;
}
