import { z } from 'zod';
import { DTYPES, FLOAT_DTYPES } from '../tensor/tensor.ts';

/** Schemas of tensors in JSON bodies, for the document. */

export const TensorSchema = z
  .strictObject({
    shape: z.array(z.int().min(0)).meta({ description: 'Dimensions, row major' }),
    dtype: z.enum(DTYPES).default('float32').meta({ description: 'Element type' }),
    data: z
      .array(z.number())
      .optional()
      .meta({ description: 'Elements, row major; nested arrays of the same shape are taken too' }),
    base64: z.string().optional().meta({ description: 'Instead of data: the elements as little-endian bytes in base64' }),
  })
  .meta({ id: 'Tensor', description: 'A dense array: shape, element type, and its elements as numbers or as base64 bytes' });

// Rows of rows, as deep as an output has dimensions: recursion would be shorter, and generators fail on it (serving.md §F.1).
const row = z.array(z.number()).meta({ description: 'A row of numbers' });
const matrix = z.array(row).meta({ description: 'Rows' });
const matrices = z.array(matrix).meta({ description: 'Matrices, by head or batch entry' });

export const OutputTensorSchema = z
  .object({
    shape: z.array(z.int().min(0)),
    dtype: z.enum(FLOAT_DTYPES),
    data: z
      .array(z.union([z.number(), row, matrix, matrices]))
      .optional()
      .meta({ description: 'Elements, row major: numbers, or arrays nested like the shape where output.encoding is nested' }),
    base64: z.string().optional(),
  })
  .meta({ id: 'OutputTensor', description: 'A result: data or base64 by output.encoding' });
