import type { DType } from '../tensor/tensor.ts';

/** The protocol's names of element types; its others (integers of other widths, BYTES) have no use here. */
export const OIP_DATATYPES = {
  float16: 'FP16',
  bfloat16: 'BF16',
  float32: 'FP32',
  float64: 'FP64',
  int32: 'INT32',
  bool: 'BOOL',
} as const satisfies Record<DType, string>;

/** Flat: the protocol knows no arrays and objects here. */
export type OipParameters = Readonly<Record<string, string | number | boolean>>;

/** The options of a decoded request: all that it says beside its inputs. */
export interface OipOptions {
  readonly id?: string;
  readonly parameters: OipParameters;
  /** Undefined where the request names none: then all are meant. */
  readonly outputs?: readonly { readonly name: string; readonly parameters: OipParameters }[];
}
