/** Tensors as typed arrays, and the safetensors format both ways. */
declare const CODES: {
    readonly float16: "F16";
    readonly bfloat16: "BF16";
    readonly float32: "F32";
    readonly float64: "F64";
};
export type DType = keyof typeof CODES;
export type TensorData = Float32Array | Float64Array | Uint16Array;
/** Row major. float16 and bfloat16 stand as their bits, in a Uint16Array; `toFloat32` reads them. */
export interface Tensor {
    readonly shape: readonly number[];
    readonly dtype: DType;
    readonly data: TensorData;
}
/** A tensor from numbers (float32) or a typed array; 16-bit data say which type they are: `tensor([2, 2], bits, 'bfloat16')`. */
export declare function tensor(shape: readonly number[], data: TensorData | readonly number[], dtype?: DType): Tensor;
/** The elements as float32; exact for every 16-bit type. */
export declare function toFloat32({ dtype, data }: Tensor): Float32Array;
/** One body of tensors by name, the widest types first so that each is aligned. */
export declare function encode(tensors: Readonly<Record<string, Tensor>>, metadata: Record<string, string>): Uint8Array<ArrayBuffer>;
/** Tensors are views of the body, copies only where it is not aligned. */
export declare function decode(body: ArrayBuffer): {
    tensors: Map<string, Tensor>;
    metadata: Record<string, string>;
};
export {};
