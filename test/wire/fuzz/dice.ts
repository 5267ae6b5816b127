import { random } from '../../helpers/random.ts';

/** Chance, from a seed. */
export interface Dice {
  /** A whole number in [0, limit). */
  below(limit: number): number;
  pick<T>(from: readonly T[]): T;
}

/** The dice of one body: its own, so that one body can be made again without those before it. */
export function diceOf(seed: number, index: number): Dice {
  const next = random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
  const below = (limit: number): number => Math.floor(next() * limit);
  return { below, pick: (from) => from[below(from.length)] as (typeof from)[number] };
}
