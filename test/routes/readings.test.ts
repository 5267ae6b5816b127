import { describe, expect, it } from 'vitest';
import { interpret } from '../../src/contract/interpret.ts';
import type { AttentionRequest } from '../../src/contract/request.ts';
import { ServiceError } from '../../src/errors.ts';
import { convert } from '../../src/tensor/convert.ts';
import type { DType, Tensor } from '../../src/tensor/tensor.ts';

/** Requests of the same options and shapes are read once; their values are looked at every time. */

function read(value: number, options: object = {}, dtype: DType = 'float32', shape = [2, 2]): AttentionRequest {
  const count = shape.reduce((product, size) => product * size, 1);
  const tensor = (): Tensor => ({ dtype, shape, data: convert(new Array<number>(count).fill(value), dtype) });
  const tensors = new Map(['q1', 'q2', 'v2', 'b2'].map((name) => [name, tensor()]));
  tensors.set('b2', { dtype, shape: shape.slice(0, -1), data: convert(new Array<number>(count / 2).fill(0), dtype) });
  return interpret({ tensors, options: { polynomial: 'x1*x2', ...options } });
}

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof ServiceError) return error.code;
  }
  return 'none';
};

describe('a request that was read before', () => {
  it('has the same problem, and its own values', () => {
    const [first, second] = [read(1), read(2)];
    expect(second.problem).toBe(first.problem);
    expect([...second.operands.keys()]).toEqual([...first.operands.keys()]);
    expect(first.operands.get('q1')?.tensor.data[0]).toBe(1);
    expect(second.operands.get('q1')?.tensor.data[3]).toBe(2);
    expect({ ...second, operands: null }).toEqual({ ...first, operands: null });
  });

  it('has its values brought to the precision', () => {
    read(1, {}, 'float64');
    const { tensor } = read(2, {}, 'float64').operands.get('v2') ?? {};
    expect([tensor?.dtype, tensor?.data]).toEqual(['float32', Float32Array.of(2, 2, 2, 2)]);
  });

  it('is refused for its values as it would have been', () => {
    expect(read(1, {}, 'float64').outputRank).toBe(2);
    expect(codeOf(() => read(1e300, {}, 'float64'))).toBe('non_finite_input');
    expect(read(1).outputRank).toBe(2);
    expect(codeOf(() => read(1e25))).toBe('non_finite_output');
  });

  it('is known by the likeness that a codec gives it, with its own values', () => {
    const likeness = {};
    const ones = (): Tensor => ({ dtype: 'float32', shape: [3, 1], data: convert([1, 1, 1], 'float32') });
    const [first, second] = [1, 2].map((value) => {
      const tensor = (): Tensor => ({ dtype: 'float32', shape: [3, 1], data: convert([value, value, value], 'float32') });
      const tensors = new Map(['q1', 'q2', 'v2'].map((name) => [name, tensor()]));
      return [1, 2].map(() => interpret({ tensors, options: { polynomial: 'x1*x2', scale: 3 }, likeness }));
    });
    expect(second?.[0]?.problem).toBe(first?.[1]?.problem);
    // Nothing else of the envelope is read again: its options are not even written as a key.
    const unread = { polynomial: 'x1*x2', scale: 3, toJSON: () => expect.unreachable() };
    const envelope = { tensors: new Map(['q1', 'q2', 'v2'].map((name) => [name, ones()])), options: unread };
    expect(interpret({ ...envelope, likeness }).problem).toBe(first?.[1]?.problem);
    expect(() => interpret(envelope)).toThrow();
    expect(second?.[1]?.operands.get('v2')?.tensor.data).toEqual(Float32Array.of(2, 2, 2));
  });

  it.each([
    ['another value', { scale: 3 }],
    ['one more', { scale: 2, timeoutMs: 5 }],
    ['one less', {}],
    ['one of the same name and number', { timeoutMs: 2 }],
    ['others within one', { scale: 2, output: { logSumExp: true } }],
    ['none of its own', { scale: 2, timeoutMs: undefined }],
  ])('is not taken for the one before with other options: %s', (_, options) => {
    const plain = [read(1, { scale: 2 }), read(2, { scale: 2 }), read(3, { scale: 2 })];
    for (const { problem } of plain) expect(problem).toBe(plain[0]?.problem);
    for (let i = 0; i < 3; i++) {
      const { problem, timeoutMs, output } = read(1, options);
      const asked: { scale?: number; timeoutMs?: number | undefined; output?: object } = options;
      expect(problem.scale).toBe(asked.scale ?? 1 / 2);
      expect(timeoutMs).toBe(asked.timeoutMs);
      expect(output.logSumExp).toBe(asked.output !== undefined);
    }
    expect(read(1, { scale: 2 }).problem).toBe(plain[0]?.problem);
  });

  it('is not taken for the one before with other tensors', () => {
    const tensor = (shape: number[], dtype: DType = 'float32'): Tensor => ({ dtype, shape, data: convert([1, 1, 1, 1], dtype) });
    const ask = (tensors: Record<string, Tensor>): AttentionRequest =>
      interpret({ tensors: new Map(Object.entries(tensors)), options: { polynomial: 'x1*x2' } });
    const all = { q1: tensor([2, 2]), q2: tensor([2, 2]), v2: tensor([2, 2]) };
    const { problem } = ask(all);
    for (let i = 0; i < 2; i++) expect(ask(all).problem).toBe(problem);
    expect(ask({ ...all, v2: tensor([2, 2], 'float64') }).problem).not.toBe(problem);
    const biased = { ...all, b2: { ...tensor([2]), data: convert([1, 1], 'float32') } };
    for (let i = 0; i < 3; i++) expect(ask(biased).problem.hasBias).toEqual([false, true]);
    expect(ask(all).problem.hasBias).toEqual([false, false]);
    expect(ask({ ...all, q1: tensor([4, 1]), q2: tensor([4, 1]), v2: tensor([4, 1]) }).problem.rows).toEqual([4, 4]);
    expect(codeOf(() => ask({ q1: all.q1, q2: all.q2, v3: all.v2 }))).toBe('invalid_request');
  });

  it.each([
    ['options', () => read(1, { scale: 2 })],
    ['precision', () => read(1, { precision: 'float64' })],
    ['type', () => read(1, {}, 'float16')],
    ['shape', () => read(1, {}, 'float32', [2, 3])],
    ['rank', () => read(1, {}, 'float32', [1, 2, 2])],
  ])('is another one with another %s', (_, other) => {
    const { problem, outputRank } = read(1);
    const { problem: changed, outputRank: rank, operands } = other();
    expect([changed === problem, operands.size]).toEqual([false, 4]);
    expect(rank).toBe(_ === 'rank' ? 3 : outputRank);
  });

  it('is not remembered where it was refused', () => {
    for (let i = 0; i < 2; i++) expect(codeOf(() => read(1, { scale: 'none' }))).toBe('invalid_request');
  });

  it('is not taken for one whose names only look alike', () => {
    const tensor: Tensor = { dtype: 'float32', shape: [2, 2], data: convert([1, 1, 1, 1], 'float32') };
    read(1);
    const names = ['q1 float32 2,2 q2', 'v2', 'b2'];
    const envelope = { tensors: new Map(names.map((name) => [name, tensor])), options: { polynomial: 'x1*x2' } };
    expect(codeOf(() => interpret(envelope))).toBe('invalid_request');
  });
});
