import { mutateBytes } from './bytes.ts';
import { check } from './check.ts';
import { type Dice, diceOf } from './dice.ts';
import { mutateParts, type Sent, type Subject } from './subjects.ts';

const MAX_BYTES = 1 << 16;
/** Processor time of one body: what takes longer hangs, as far as a client that sends many is concerned. */
const MAX_MS = 500;

export interface FuzzOptions {
  readonly bodies: number;
  readonly seed: number;
  /** The first body; those before it need not be made. */
  readonly first?: number;
  readonly onBody?: (index: number) => void;
}

/** Body number `index` of a seed: a right one with its structure changed, or its bytes, or both. */
export function bodyOf(subject: Subject, dice: Dice): Sent {
  let parts = dice.pick(subject.seeds);
  const bytes = dice.below(3) === 0;
  for (let steps = (bytes ? 0 : 1) + dice.below(3); steps > 0; steps--) parts = mutateParts(parts, dice);
  const sent = subject.assemble(parts);
  let { body } = sent;
  for (let steps = bytes ? 1 + dice.below(3) : 0; steps > 0; steps--) body = mutateBytes(body, dice);
  const { headerBytes } = sent.framing;
  const isReframed = headerBytes !== undefined && dice.below(16) === 0;
  return { body: body.subarray(0, MAX_BYTES), framing: isReframed ? { headerBytes: dice.below(headerBytes * 2) } : sent.framing };
}

/** Runs mutated bodies through a codec. @returns how many of them were accepted */
export function fuzz(subject: Subject, { bodies, seed, first = 0, onBody = () => {} }: FuzzOptions): number {
  for (const seedParts of subject.seeds) {
    if (!check(subject.codec, subject.assemble(seedParts)))
      throw new Error(`${subject.name}: a body without mutation is not accepted`);
  }
  let accepted = 0;
  for (let index = first; index < first + bodies; index++) {
    onBody(index);
    const dice = diceOf(seed, index);
    const sent = bodyOf(subject, dice);
    const before = process.threadCpuUsage();
    try {
      if (check(subject.codec, sent, dice.below(8))) accepted++;
      const { user, system } = process.threadCpuUsage(before);
      if (user + system > 1e3 * MAX_MS) throw new Error(`it took ${(user + system) / 1e3} ms`);
    } catch (cause) {
      const { body, framing } = sent;
      const again = `npm run fuzz:codecs -- 1 ${seed} ${subject.name} ${index}`;
      const detail = `${(cause as Error).message}; again by ${again}; framing ${JSON.stringify(framing)}, body ${body.toString('base64')}`;
      throw new Error(`${subject.name}, seed ${seed}, body ${index}: ${detail}`, { cause });
    }
  }
  return accepted;
}
