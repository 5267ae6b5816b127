import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Matrix } from '../../../kernels/backend.ts';
import { KINDS, SECOND_MEMORY } from '../../../kernels/native/addon.ts';
import { load } from '../../../kernels/native/index.ts';
import { matrix, runStep } from '../cases.ts';
import { attendStep, wrongAttends } from '../steps.ts';
import { addon, SETS } from './sets.ts';

const context = () => ({ control: new Int32Array(2), callId: 1e9 + Math.random() });

describe('loading', () => {
  it('says that the addon is not built, and why', () => {
    const folder = mkdtempSync(join(tmpdir(), 'native-'));
    try {
      expect(() => load({ path: join(folder, 'x.node') })).toThrow('not built: run scripts/build-native');
      writeFileSync(join(folder, 'x.reason'), 'no C++ compiler was found at install\n');
      expect(() => load({ path: join(folder, 'x.node') })).toThrow('not built: no C++ compiler was found at install');
      writeFileSync(join(folder, 'x.node'), 'not a module');
      expect(() => load({ path: join(folder, 'x.node') })).toThrow('do not load');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('takes a lower instruction set by name and refuses an unknown one', () => {
    for (const isa of addon.isas()) expect(load({ isa }).describe().isa).toBe(isa);
    expect(load().describe().isa).toBe(addon.isas()[0]);
    expect(() => load({ isa: 'mmx' })).toThrow(
      `no instruction set mmx here: this machine and build have ${addon.isas().join(', ')}`,
    );
  });

  it('describes steps, precisions and rates that a machine can have', () => {
    const { rates, ...rest } = load().describe();
    expect(rest).toEqual({
      name: 'native',
      precisions: ['float32', 'float64'],
      steps: [
        ...['attend', 'combine', 'conditioned', 'merge', 'cycle', 'project', 'prefix', 'eliminate'],
        ...['survey', 'accumulate', 'contract', 'apply', 'compress', 'scan', 'sample', 'judge', 'random-features', 'residual'],
      ],
      isa: addon.isas()[0],
      device: 'cpu',
    });
    for (const rate of [rates.float32, rates.float64]) {
      for (const value of Object.values(rate ?? { missing: 0 })) expect(value).toBeGreaterThan(0);
      expect(rate?.flopsPerSecond).toBeLessThan(1e13);
    }
  });
});

describe.each(SETS)('the boundary on $isa', ({ backend, index }) => {
  it('refuses shapes that contradict each other', () => {
    const step = attendStep(8, 4);
    for (const [name, bad] of wrongAttends(step)) {
      expect(() => backend.run(bad, { firstRow: 0, lastRow: 8, ...context() }), name).toThrow(/native/);
    }
  });

  it('refuses tiles outside the rows', () => {
    for (const [firstRow, lastRow] of [
      [0, 9],
      [5, 4],
      [-1, 3],
      [0.5, 3],
      [0, Number.NaN],
    ]) {
      expect(() => backend.run(attendStep(8, 4), { firstRow, lastRow, ...context() })).toThrow(/native/);
    }
  });

  it('checks again behind the boundary', () => {
    const numbers = (...rest: number[]) => Float64Array.from([32, 0, 4, 1, 1, -Infinity, Infinity, ...rest, Infinity]);
    const x = new Float32Array(12);
    const control = new Int32Array(2);
    const run = (list: Float64Array, operands: (Float32Array | null)[], cells = control) =>
      addon.run(index, KINDS.attend, list, operands, cells);
    expect(run(numbers(4, 4, 3, 3), [x, x, null, x, new Float32Array(12), new Float32Array(4)])).toBe(0);
    expect(() => run(numbers(4, 4, 3, 3), [x, x, null, x, new Float32Array(11), new Float32Array(4)])).toThrow('message');
    expect(() => run(numbers(4, 4, 3, 2 ** 40), [x, x, null, x, x, x])).toThrow('dv');
    expect(() => run(numbers(4, 4, 2 ** 31, 2 ** 31), [x, x, null, x, x, x])).toThrow('another length');
    expect(() => run(numbers(4, 4, 3, 3).subarray(0, 11), [x, x, null, x, x, new Float32Array(4)])).toThrow('too short');
    expect(() => run(numbers(4, 4, 3, 3), [x, x])).toThrow('missing');
    expect(() => run(numbers(4, 4, 3, 3), [x, x, null, x, x, new Float32Array(4), x])).toThrow('left over');
    expect(() => run(numbers(4, 4, 3, 3), [x, x, null, x, x, new Float32Array(4)], new Int32Array(1))).toThrow('control');
    expect(() => addon.run(99, KINDS.attend, numbers(4, 4, 3, 3), [], control)).toThrow('instruction set');
    expect(() => addon.run(index, 9, numbers(4, 4, 3, 3), [], control)).toThrow('no such step');
  });

  it('checks places in memories behind the boundary', () => {
    const control = new Int32Array(2);
    const numbers = [32, 0, 4, 1, 1, -Infinity, Infinity, 4, 4, 4, 3, Infinity];
    const [first, second] = [new Uint8Array(new SharedArrayBuffer(144)), new Uint8Array(new SharedArrayBuffer(64))];
    const run = (places: number[], count = places.length, memories: Uint8Array[] = [first, second]) =>
      addon.runIn(
        index,
        KINDS.attend,
        Float64Array.from([...numbers, ...places]),
        ...(memories as [Uint8Array, Uint8Array]),
        count,
        control,
      );
    const [keys, values, message, sums] = [64, SECOND_MEMORY, 96, SECOND_MEMORY + 48] as const;
    expect(run([0, keys, -1, values, message, sums])).toBe(0);
    expect(() => run([0, -1, -1, values, message, sums])).toThrow('keys is missing');
    expect(() => run([-2, keys, -1, values, message, sums])).toThrow('queries lies outside');
    expect(() => run([0.5, keys, -1, values, message, sums])).toThrow('queries lies outside');
    expect(() => run([Number.NaN, keys, -1, values, message, sums])).toThrow('queries lies outside');
    expect(() => run([2, keys, -1, values, message, sums])).toThrow('queries is not aligned');
    expect(() => run([0, 84, -1, values, message, sums])).toThrow('keys lies outside');
    expect(() => run([0, keys, -1, SECOND_MEMORY + 20, message, sums])).toThrow('values lies outside');
    expect(() => run([0, keys, -1, values, message, 2 * SECOND_MEMORY])).toThrow('logSumExp lies outside');
    expect(() => run([0, keys, -1, values, message])).toThrow('missing');
    expect(() => run([0, keys, -1, values, message, sums, 0])).toThrow('left over');
    expect(() => run([0, keys], 99)).toThrow('too short');
    expect(() => run([0, keys], -1)).toThrow('out of range');
    const floats = new Float32Array(36) as unknown as Uint8Array;
    expect(() => run([0, keys, -1, values, message, sums], 6, [first, floats])).toThrow('not a Uint8Array');
  });

  it('runs a tile that was made ready on operands in one memory, in two and in more, and refuses others', () => {
    const step = attendStep(20, 4);
    runStep(backend, step, 20);
    const { operands, run } = backend.prepare(step, { firstRow: 0, lastRow: 20 });
    const call = { control: new Int32Array(2), callId: 77_010 };
    for (const memories of [1, 2, 6]) {
      const places = Array.from({ length: memories }, () => new SharedArrayBuffer(8192));
      const others = operands.map(
        (operand, i) => operand && new Float32Array(places[i % memories] as SharedArrayBuffer, 1024 * i, operand.length),
      );
      // The step's results come last.
      for (const [i, operand] of operands.entries()) others[i]?.set(i < 4 ? (operand as Float32Array) : [Number.NaN]);
      expect(run(others, { ...call, callId: call.callId++ })).toEqual({ fallbackRows: 0, prunedPairs: 0 });
      expect(others.slice(4)).toEqual(operands.slice(4));
      for (const wrong of [others.slice(0, 5), others.map((one, i) => (i === 1 ? (one as Float32Array).subarray(1) : one))])
        expect(() => run(wrong, call)).toThrow('native kernels');
      const wide = new Float64Array((others[4] as Float32Array).length);
      expect(() =>
        run(
          others.map((one, i) => (i === 4 ? wide : one)),
          call,
        ),
      ).toThrow('another element type');
    }
  });

  it('counts finished rows in the control block', () => {
    const control = new Int32Array(new SharedArrayBuffer(8));
    const step = attendStep(500, 4);
    backend.run(step, { firstRow: 100, lastRow: 450, control, callId: 77_001 });
    expect(control[1]).toBe(350);
    backend.run(
      { kind: 'combine', factors: [], product: null, addends: [], sum: matrix('float32', 9, 1) },
      { firstRow: 2, lastRow: 9, control, callId: 77_002 },
    );
    expect(control[1]).toBe(357);
  });

  it('leaves at once when the flag is set', () => {
    const step = attendStep(500, 4);
    const control = Int32Array.from([1, 0]);
    backend.run(step, { firstRow: 0, lastRow: 500, control, callId: 77_003 });
    expect(control[1]).toBe(0);
    expect((step.message as Matrix).data.every(Number.isNaN)).toBe(true);
  });

  it('does not mistake the packed operands of one call for those of another', () => {
    const first = attendStep(20, 4);
    const second = { ...attendStep(20, 4), keys: matrix('float32', 20, 4, (i) => i % 7) };
    const alone = { ...second, message: matrix('float32', 20, 4) };
    runStep(backend, alone, 20);
    runStep(backend, first, 20);
    runStep(backend, second, 20);
    expect(second.message?.data).toEqual(alone.message.data);
  });

  it('combines and merges as the reference does', () => {
    const half = Math.log(0.5);
    const product = matrix('float32', 3, 2);
    const sum = matrix('float32', 3, 1);
    const factors = [matrix('float32', 3, 2, (i) => i), matrix('float32', 1, 2, (i) => i + 2)];
    const addends = [matrix('float32', 3, 1, (i) => (i === 1 ? -Infinity : i)), matrix('float32', 1, 1, () => 5)];
    runStep(backend, { kind: 'combine', factors, product, addends, sum }, 3);
    expect(Array.from(product.data)).toEqual([0, 3, 0, 0, 8, 15]);
    expect(Array.from(sum.data)).toEqual([5, -Infinity, 7]);

    const message = matrix('float32', 2, 2);
    const logSumExp = matrix('float32', 2, 1);
    const messages = matrix('float32', 6, 2, (i) => [4, 8, 1, 1, 0, 0, 9, 9, 8, 4, 3, 5][i]);
    const logSumExps = matrix('float32', 6, 1, (i) => [half, -Infinity, -Infinity, -Infinity, half, -Infinity][i]);
    runStep(backend, { kind: 'merge', parts: 3, messages, logSumExps, message, logSumExp }, 2);
    expect(Array.from(message.data)).toEqual([6, 6, 0, 0]);
    expect(logSumExp.data[0]).toBeCloseTo(0, 6);
    expect(logSumExp.data[1]).toBe(-Infinity);
  });
});
