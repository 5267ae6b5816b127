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

/** Requests without their tensors' values. */
export class Readings {
  readonly #requests = new Map<string, AttentionRequest>();
  /** The same by what the codec remembers, which ends when that does. */
  readonly #alike = new WeakMap<object, AttentionRequest>();

  get(envelope: Envelope): AttentionRequest | undefined {
    const { likeness } = envelope;
    const alike = likeness && this.#alike.get(likeness);
    if (alike !== undefined) return alike;
    const key = keyOf(envelope);
    const known = key === null ? undefined : this.#requests.get(key);
    if (likeness && known) this.#alike.set(likeness, known);
    return known;
  }

  set(envelope: Envelope, request: AttentionRequest): void {
    const key = keyOf(envelope);
    if (key === null) return;
    if (this.#requests.size >= MAX_ENTRIES) this.#requests.delete(this.#requests.keys().next().value as string);
    this.#requests.set(key, { ...request, operands: new Map([...request.operands].map(([name, one]) => [name, emptied(one)])) });
  }
}

/** A memory of shapes must not hold the tensors of the request that had them first. */
function emptied(operand: Operand): Operand {
  const { dtype, shape } = operand.tensor;
  return { ...operand, tensor: { dtype, shape, data: NOTHING } };
}

const NOTHING = new Float32Array(new SharedArrayBuffer(0));
