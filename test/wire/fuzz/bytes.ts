import type { Dice } from './dice.ts';

/** Mutations of a body that know nothing of its format: bytes, digits, words, lengths. */

type Mutation = (body: Buffer, dice: Dice) => Buffer;

const NUMBERS = ['0', '1', '-1', '4', '8', '255', '65536', '4294967295', '4294967296', '9007199254740991', '9007199254740993', '18446744073709551615', '1e400', '0.5', '1e3', '']; // biome-ignore format: a table
const WORDS = ['"', '{', '}', '[', ']', ',', ':', '(', ')', "'", 'null', 'NaN', '"__proto__":', '"q1":', '"\\u0071\\u0031":', '"\\ud800"', '[[', '"F16"', '"F64"', '"FP16"', '"float16"', "'<f2'", "'>f4'", '\\', ' ', '\n', '\0', 'é']; // biome-ignore format: a table
const LENGTHS = [0n, 1n, 7n, 8n, 9n, 100n, 1n << 20n, 1n << 32n, 1n << 53n, (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 8n, (1n << 64n) - 1n]; // biome-ignore format: a table

function splice(body: Buffer, from: number, to: number, put: Uint8Array | string): Buffer {
  return Buffer.concat([body.subarray(0, from), Buffer.from(put as string, 'latin1'), body.subarray(to)]);
}

/** Ends of a run of digits near a position, or an empty range there. */
function digitsNear(body: Buffer, at: number): [number, number] {
  const digits = /\d+/g;
  digits.lastIndex = at;
  const match = digits.exec(body.toString('latin1'));
  return match === null ? [at, at] : [match.index, match.index + match[0].length];
}

const otherDigits: Mutation = (body, { below, pick }) => splice(body, ...digitsNear(body, below(body.length + 1)), pick(NUMBERS));

const MUTATIONS: readonly Mutation[] = [
  (body, { below }) => body.subarray(0, below(body.length + 1)),
  (body, { below }) => splice(body, below(body.length + 1), body.length, Buffer.alloc(below(40), below(256))),
  (body, { below }) => {
    const copy = Buffer.from(body);
    if (copy.length > 0) copy[below(copy.length)] = below(256);
    return copy;
  },
  (body, { below }) => {
    const copy = Buffer.from(body);
    if (copy.length > 0) copy[below(copy.length)] = (copy[below(copy.length)] as number) ^ (1 << below(8));
    return copy;
  },
  otherDigits,
  otherDigits,
  (body, { below, pick }) => {
    const at = below(body.length + 1);
    return splice(body, at, at + below(4), pick(WORDS));
  },
  (body, { below }) => {
    const from = below(body.length + 1);
    return splice(body, from, from + below(24), '');
  },
  (body, { below }) => {
    const from = below(body.length + 1);
    const to = below(body.length + 1);
    return splice(body, to, to, body.subarray(from, from + below(64)));
  },
  (body, { below, pick }) => {
    const copy = Buffer.concat([body, Buffer.alloc(Math.max(0, 8 - body.length))]);
    copy.writeBigUInt64LE(BigInt.asUintN(64, pick([...LENGTHS, BigInt(below(copy.length + 9))])));
    return copy;
  },
];

export function mutateBytes(body: Buffer, dice: Dice): Buffer {
  return dice.pick(MUTATIONS)(body, dice);
}
