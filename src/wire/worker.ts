import { workerData } from 'node:worker_threads';
import { Piscina, transferableSymbol, valueSymbol } from 'piscina';
import { isReusable } from '../tensor/lease.ts';
import { collectShared, countShared } from '../tensor/shared-memory.ts';
import { FORMATS } from './formats.ts';
import { loadNumberReader } from './number-reader.ts';
import { type Decoded, type DecodeTask, type EncodeTask, type Outcome, toOutcome, type WireSettings } from './task.ts';

/** A thread of the wire pool: the codecs, away from the event loop. */

await loadNumberReader((workerData as WireSettings).numbers);

export function collect(): void {
  collectShared();
}

export function decode({ format, body, limits, framing }: DecodeTask): Outcome<Decoded> {
  countLeft(body);
  return toOutcome(() => {
    const envelope = FORMATS[format].decode(body, limits, framing);
    const inBody = [...envelope.tensors].flatMap(([name, { data }]) => (data.buffer === body.buffer ? [name] : []));
    return { envelope, inBody };
  });
}

/** Parts in shared memory go as they are; what was made here is handed over. */
export function encode({ format, envelope, options }: EncodeTask): unknown {
  for (const { data } of envelope.tensors.values()) countLeft(data);
  const outcome = toOutcome(() => FORMATS[format].encode(envelope, options));
  const made = 'value' in outcome ? outcome.value.filter(ownsItsMemory).map(({ buffer }) => buffer as ArrayBuffer) : [];
  return Piscina.move({ [transferableSymbol]: made, [valueSymbol]: outcome } as unknown as Parameters<typeof Piscina.move>[0]);
}

/** What is used again is nothing to collect. */
function countLeft({ buffer }: ArrayBufferView): void {
  if (!isReusable(buffer.byteLength)) countShared(buffer.byteLength);
}

/** A slice of a larger buffer cannot be handed over without the rest. */
function ownsItsMemory({ buffer, byteLength }: Uint8Array): boolean {
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
}
