/** The noun: a dense row-major array of known type and shape, in shared memory from decode to encode. */

export const FLOAT_DTYPES = ['float16', 'bfloat16', 'float32', 'float64'] as const;
export const DTYPES = [...FLOAT_DTYPES, 'int32', 'bool'] as const;
export type FloatDType = (typeof FLOAT_DTYPES)[number];
export type DType = (typeof DTYPES)[number];

/**
 * `dtype` is the type on the wire. Half types are held widened, as Float32Array whose values are exactly representable in the half
 * type; float32, float64, int32 and bool as Float32Array, Float64Array, Int32Array and Uint8Array. `data` always views a SharedArrayBuffer.
 */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TensorData;
  /** Of a float16 tensor its bytes on the wire, where these lie in shared memory: what `data` widens, half as far to a device. */
  readonly half?: Uint16Array<SharedArrayBuffer>;
  /** Largest finite size of its values, where a thread has looked already. */
  readonly largest?: number;
}

export type TensorData =
  | Float32Array<SharedArrayBuffer>
  | Float64Array<SharedArrayBuffer>
  | Int32Array<SharedArrayBuffer>
  | Uint8Array<SharedArrayBuffer>;
