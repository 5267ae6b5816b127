/**
 * The Open Inference Protocol, version 2 (serving.md §B): JSON, or JSON with the tensors' bytes behind it. Which inputs and parameters
 * there are is the models' business: a request becomes an envelope of its inputs and of everything else it says (`OipOptions`), and a
 * response is written from an envelope of its outputs and its other members.
 */
import type { Codec } from './codec.ts';
import { decodeOip } from './oip-request.ts';
import { encodeOip, oipEncodeWork } from './oip-response.ts';

export type { OipOptions, OipParameters } from './oip-types.ts';
export { OIP_DATATYPES } from './oip-types.ts';

export const oipCodec = {
  name: 'oip',
  mediaTypes: ['application/json', 'application/octet-stream'],
  decode: decodeOip,
  encode: encodeOip,
  encodeWork: oipEncodeWork,
} satisfies Codec;
