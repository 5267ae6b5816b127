import type { Lease } from './lease.ts';
import { reserve } from './memory.ts';
import { elementCount } from './shape.ts';
import type { DType, Tensor, TensorData } from './tensor.ts';

/** Bytes of one element on the wire. */
export const WIRE_BYTES = { float16: 2, bfloat16: 2, float32: 4, float64: 8, int32: 4, bool: 1 } as const satisfies Record<
  DType,
  number
>;

/** Bytes of one element in memory: half types are held widened (tensor.ts). */
export const MEMORY_BYTES = { float16: 4, bfloat16: 4, float32: 4, float64: 8, int32: 4, bool: 1 } as const satisfies Record<
  DType,
  number
>;

/** Shared memory for `count` elements of a type, zeroed unless all of it `isOverwritten`; the lease's where there is one. */
export function allocateData(dtype: DType, count: number, lease?: Lease, isOverwritten = false): TensorData {
  const { memory, offset } = reserve(count * MEMORY_BYTES[dtype], lease, isOverwritten);
  switch (dtype) {
    case 'float64':
      return new Float64Array(memory, offset, count);
    case 'int32':
      return new Int32Array(memory, offset, count);
    case 'bool':
      return new Uint8Array(memory, offset, count);
    default:
      return new Float32Array(memory, offset, count);
  }
}

/**
 * A zeroed tensor in shared memory.
 * @param limit the largest element count allowed
 * @throws ServiceError `too_large`, `invalid_request` (see elementCount)
 */
export function allocate<D extends DType>(dtype: D, shape: readonly number[], limit?: number): Tensor & { readonly dtype: D } {
  return { dtype, shape, data: allocateData(dtype, elementCount(shape, limit)) };
}

/** A view of elements `[start, start + product(shape))` of a tensor: same memory, another shape. */
export function view(tensor: Tensor, start: number, shape: readonly number[]): Tensor {
  const count = elementCount(shape, tensor.data.length - start);
  return { dtype: tensor.dtype, shape, data: tensor.data.subarray(start, start + count) as TensorData };
}
