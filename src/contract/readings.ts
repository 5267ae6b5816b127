import { isSameShape } from '../tensor/shape.ts';
import type { Envelope } from './envelope.ts';
import type { AttentionRequest, Operand } from './request.ts';

/**
 * What envelopes were read to, by their options and by names, types and shapes of their tensors: all of a request but its values. Clients
 * send the same few again and again, and for a small request reading takes longer than computing.
 */

/** What bounds the memory: an entry is a few kilobytes. */
const MAX_ENTRIES = 512;
const MAX_KEY = 2048;
const NAME = /^\w+$/;

/** Options that several envelopes share (wire/header-cache.ts), by identity. */
const texts = new WeakMap<object, string>();

/** Null where the envelope is too large or too odd to be remembered. */
function keyOf({ options, tensors }: Envelope): string | null {
  let key = textOf(options);
  for (const [name, { dtype, shape }] of tensors) {
    if (!NAME.test(name)) return null;
    key += ` ${name} ${dtype} ${shape}`;
  }
  return key.length <= MAX_KEY ? key : null;
}

function textOf(options: Envelope['options']): string {
  const known = texts.get(options);
  if (known !== undefined) return known;
  const text = JSON.stringify(options);
  if (Object.isFrozen(options)) texts.set(options, text);
  return text;
}

/** What came last: to compare it takes a quarter of making it a key. */
interface Last {
  readonly options: Envelope['options'];
  readonly tensors: readonly Pick<Operand['tensor'], 'dtype' | 'shape'>[];
  readonly names: readonly string[];
  readonly request: AttentionRequest;
}

/** Whether envelopes have the same key for certain: options that hold more than plain values are left to it. */
function isLike({ options, tensors }: Envelope, last: Last): boolean {
  if (tensors.size !== last.names.length || !areLike(options, last.options)) return false;
  let index = 0;
  for (const [name, { dtype, shape }] of tensors) {
    const known = last.tensors[index] as Last['tensors'][number];
    if (name !== last.names[index] || dtype !== known.dtype || !isSameShape(shape, known.shape)) return false;
    index++;
  }
  return true;
}

function areLike(one: Envelope['options'], other: Envelope['options']): boolean {
  let count = 0;
  for (const name in one) {
    const value = one[name];
    if (value !== other[name] || (typeof value === 'object' && value !== null) || value === undefined) return false;
    count++;
  }
  for (const _ in other) count--;
  return count === 0;
}

/** Requests without their tensors' values. */
export class Readings {
  readonly #requests = new Map<string, AttentionRequest>();
  #last: Last | undefined;
  /** The same by what the codec remembers, which ends when that does. */
  readonly #alike = new WeakMap<object, AttentionRequest>();

  get(envelope: Envelope): AttentionRequest | undefined {
    const { likeness } = envelope;
    const alike = likeness && this.#alike.get(likeness);
    if (alike !== undefined) return alike;
    if (this.#last !== undefined && isLike(envelope, this.#last)) return this.#last.request;
    const key = keyOf(envelope);
    const known = key === null ? undefined : this.#requests.get(key);
    if (known === undefined) return undefined;
    if (likeness) this.#alike.set(likeness, known);
    else this.#last = lastOf(envelope, known);
    return known;
  }

  set(envelope: Envelope, request: AttentionRequest): void {
    const key = keyOf(envelope);
    if (key === null) return;
    if (this.#requests.size >= MAX_ENTRIES) this.#requests.delete(this.#requests.keys().next().value as string);
    this.#requests.set(key, { ...request, operands: new Map([...request.operands].map(([name, one]) => [name, emptied(one)])) });
  }
}

function lastOf({ options, tensors }: Envelope, request: AttentionRequest): Last {
  const shapes = [...tensors.values()].map(({ dtype, shape }) => ({ dtype, shape }));
  return { options, names: [...tensors.keys()], tensors: shapes, request };
}

/** A memory of shapes must not hold the tensors of the request that had them first. */
function emptied(operand: Operand): Operand {
  const { dtype, shape } = operand.tensor;
  return { ...operand, tensor: { dtype, shape, data: NOTHING } };
}

const NOTHING = new Float32Array(new SharedArrayBuffer(0));
