import { ByteSink, rounded } from '../bytes/byte-sink.ts';
import type { Envelope } from '../contract/envelope.ts';
import { conversionBytes, toBytes } from '../tensor/bytes.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type EncodingClock, encodingMs } from './clock.ts';
import type { WireFormat } from './codec.ts';
import { writeJson, writeMembers } from './json-value.ts';
import { PRINTED_BYTES, writeFlat } from './json-writer.ts';
import { OIP_DATATYPES } from './oip-types.ts';

const ALIGNMENT = 8;

/**
 * Encodes an inference response: the envelope's tensors are the outputs, in their order; its options are the other members. Outputs
 * named in `format.binary` follow the JSON as bytes, the others stand in it. Before bytes the JSON is padded with spaces, so that a
 * client's views of them are aligned.
 * @returns The JSON, whose length is the Inference-Header-Content-Length where bytes follow, then each binary output's bytes
 * @throws ServiceError `non_finite_output` for an output in JSON that holds such values
 */
export function encodeOip(envelope: Envelope, { binary = [], clock }: WireFormat = {}): Uint8Array[] {
  const sink = new ByteSink();
  const bytes: Uint8Array[] = [];
  const { parameters, ...members } = envelope.options;
  sink.text('{');
  let isFirst = writeMembers(sink, members, 'ascii');
  sink.text(isFirst ? '"outputs":[' : ',"outputs":[');
  isFirst = true;
  for (const [name, tensor] of envelope.tensors) {
    sink.text(isFirst ? '{"name":' : ',{"name":');
    writeJson(sink, name, 'ascii');
    sink.text(`,"datatype":"${OIP_DATATYPES[tensor.dtype]}","shape":`);
    writeJson(sink, tensor.shape, 'ascii');
    sink.text(',');
    if (binary.includes(name)) bytes.push(writeSize(sink, tensor));
    else writeData(sink, name, tensor);
    isFirst = false;
  }
  // Parameters come last: they say how long the rest took.
  sink.text('],"parameters":');
  writeJson(sink, timed(parameters, clock), 'ascii');
  sink.text('}');
  const json = sink.join();
  return [bytes.length === 0 ? json : padded(json), ...bytes];
}

function writeSize(sink: ByteSink, tensor: Tensor): Uint8Array {
  const bytes = toBytes(tensor);
  sink.text(`"parameters":{"binary_data_size":${bytes.length}}}`);
  return bytes;
}

function writeData(sink: ByteSink, name: string, tensor: Tensor): void {
  sink.text('"data":');
  writeFlat(sink, name, tensor);
  sink.text('}');
}

function timed(parameters: unknown, clock: EncodingClock | undefined): object {
  if (clock === undefined) return { ...(parameters as object) };
  const encodeMs = encodingMs(clock);
  const spent = { timing_encode_ms: rounded(encodeMs), timing_total_ms: rounded(clock.elapsedMs + encodeMs) };
  return { ...(parameters as object), ...spent };
}

function padded(json: Buffer): Buffer {
  const whole = Buffer.allocUnsafeSlow(Math.ceil(json.length / ALIGNMENT) * ALIGNMENT);
  whole.fill(0x20, json.copy(whole));
  return whole;
}

/** Bytes that have to be made: the text of outputs in JSON, and what conversion makes. */
export function oipEncodeWork({ tensors }: Envelope, { binary = [] }: WireFormat): number {
  return [...tensors].reduce(
    (bytes, [name, tensor]) => bytes + (binary.includes(name) ? conversionBytes(tensor) : tensor.data.length * PRINTED_BYTES),
    0,
  );
}
