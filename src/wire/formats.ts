import type { Codec } from './codec.ts';
import { jsonCodec } from './json.ts';
import { npyCodec } from './npy.ts';
import { oipCodec } from './oip.ts';
import { safetensorsCodec } from './safetensors.ts';

/** Every format by name: what a thread is told, since it cannot be given a codec. */
export const FORMATS = {
  json: jsonCodec,
  safetensors: safetensorsCodec,
  npy: npyCodec,
  oip: oipCodec,
} as const satisfies Record<string, Codec>;

export type FormatName = keyof typeof FORMATS;
