import fc from 'fast-check';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { load } from '../../kernels/native/numbers.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { decodeJson } from '../../src/wire/json.ts';
import { loadNumberReader, type NumberReader, numberReader, READ, useNumberReader } from '../../src/wire/number-reader.ts';
import { decodeOip } from '../../src/wire/oip-request.ts';
import { WirePool } from '../../src/wire/pool.ts';
import { buildTestApp } from '../helpers/app.ts';
import { LIMITS, survives } from '../helpers/wire.ts';

const MODULE = new URL('../../kernels/native/numbers.ts', import.meta.url).href;
const native = load();

afterEach(() => useNumberReader(null));

interface Outcome {
  readonly tensors?: readonly (readonly [string, Tensor])[];
  readonly refusal?: readonly unknown[];
  /** Numbers that did not go through JavaScript. */
  readonly count: number;
}

function decode(text: string, reader: NumberReader | null, limits = LIMITS, codec: typeof decodeJson = decodeJson): Outcome {
  let count = 0;
  useNumberReader(
    reader &&
      ((...call) => {
        const read = reader(...call);
        count += Math.floor(read / READ);
        return read;
      }),
  );
  let tensors: readonly (readonly [string, Tensor])[] = [];
  const error = survives(() => {
    tensors = [...codec(Buffer.from(text), limits).tensors];
  });
  return error === undefined ? { tensors, count } : { refusal: [error.code, error.message, error.extra], count };
}

/** As one that has often to leave the next number to JavaScript. */
const hesitant: NumberReader = (bytes, at, values, from, row, inRow) =>
  native(bytes, at, values.subarray(0, from + (at % 4)), from, row, inRow);

/** All readers say the same; how many numbers the native one took. */
function agree(text: string, limits = LIMITS, codec: typeof decodeJson = decodeJson): number {
  const { count: _, ...wanted } = decode(text, null, limits, codec);
  expect(decode(text, hesitant, limits, codec)).toMatchObject(wanted);
  const { count, ...got } = decode(text, native, limits, codec);
  expect(got).toEqual(wanted);
  return count;
}

/** Behind the tensors, so that a call is worth it to the last number. */
const REST = `"note":"${'x'.repeat(320)}"`;
const bodyOf = (...tensors: readonly string[]): string =>
  `{"tensors":{${tensors.map((text, i) => `"q${i + 1}":${text}`).join()}},${REST}}`;

describe('numbers by the native reader', () => {
  const number = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.double({ min: -4, max: 4, noNaN: true }).map(String),
    fc.integer({ min: -9, max: 9 }).map(String),
    fc.constantFrom('0', '-0', '1e5', '0.1', '-1.5E-3', '123456789012345678901234567890', '5e-324', '0.000000000000000000001'),
  );
  const piece = fc.constantFrom(
    ...'[],"{}-+.eE0 7\n',
    '1e400',
    '1e-400',
    'true',
    'null',
    '"-Infinity"',
    '],[',
    ']],[[',
    '01',
    '1.',
    '-',
    ',,',
  );
  const shape = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 });
  const spaces = fc.constantFrom(['', ''], ['', ' '], [' ', '\n  '], ['\t', '']);

  /** Nested text of a shape, from numbers that go round. */
  function nested([size, ...inner]: readonly number[], numbers: readonly string[], [before, after]: readonly string[]): string {
    let at = 0;
    const build = (sizes: readonly number[]): string => {
      const [first, ...rest] = sizes;
      if (first === undefined) return numbers[at++ % numbers.length] as string;
      return `[${Array.from({ length: first }, () => build(rest)).join(`${before},${after}`)}]`;
    };
    return build([size as number, ...inner]);
  }

  it('are the same, nested and flat, in any white space', () => {
    let taken = 0;
    let all = 0;
    fc.assert(
      fc.property(shape, fc.array(number, { minLength: 1, maxLength: 30 }), spaces, (sizes, numbers, space) => {
        const text = nested(sizes, numbers, space);
        const flat = nested([sizes.reduce((a, b) => a * b)], numbers, space);
        for (const dtype of ['float64', 'float32', 'int32'])
          taken += agree(
            bodyOf(
              `{"dtype":"${dtype}","data":${text},"shape":[${sizes}]}`,
              `{"dtype":"${dtype}","data":${flat},"shape":[${sizes}]}`,
            ),
          );
        all += 6 * sizes.reduce((a, b) => a * b);
      }),
      { numRuns: 1500, seed: 77 },
    );
    expect(taken).toBeGreaterThan(all / 3);
  });

  it('end in the same error, with the same words and pointer', () => {
    let refused = 0;
    fc.assert(
      fc.property(
        shape,
        fc.array(number, { minLength: 1, maxLength: 30 }),
        spaces,
        fc.nat(),
        piece,
        fc.nat(3),
        (sizes, numbers, space, where, other, out) => {
          const text = nested(sizes, numbers, space);
          const at = where % text.length;
          const wrong = text.slice(0, at) + other + text.slice(at + out);
          agree(bodyOf(wrong, text));
          agree(bodyOf(`{"dtype":"float64","data":${wrong},"shape":[${sizes}]}`, text));
          agree(`{"tensors":{"b1":${wrong}},${REST}}`);
          agree(
            `{"inputs":[{"name":"q1","datatype":"FP64","shape":[${sizes}],"data":${wrong}}],"id":"${'x'.repeat(320)}"}`,
            LIMITS,
            (body, limits) => decodeOip(body, limits),
          );
          refused += decode(bodyOf(wrong, text), native).refusal === undefined ? 0 : 1;
        },
      ),
      { numRuns: 3000, seed: 78 },
    );
    expect(refused).toBeGreaterThan(1500);
  });

  it('are the same where the body is cut off', () => {
    const row = '[0.12345678901234567,-1e-3, 5,6,7.25,8]';
    const text = `{"tensors":{"q1":[${[row, row, row, row].join()}],"q2":[${row}]},${REST}}`;
    for (let length = 0; length < text.length; length++) agree(text.slice(0, length));
  });

  it.each([
    ['a row too long', '[[1,2,3],[4,5,6,7,8,9,10,11,12,13]]', /10 entries where the arrays before it have 3/],
    ['a row too short', '[[1,2,3],[4,5,6],[7,8],[9,10,11]]', /2 entries where the arrays before it have 3/],
    ['an array among numbers', '[[1,2,3],[4,5,6],[7,[8],9]]', /an array stands among numbers/],
    ['a number among arrays', '[[1,2,3],[4,5,6],7,8,9,10]', /a number stands among arrays/],
    ['a table of another length', '[[[1,2],[3,4]],[[5,6],[7,8],[9,10]]]', /3 entries where the arrays before it have 2/],
    ['an empty row', '[[1,2],[3,4],[],[5,6]]', /0 entries where/],
    ['rows behind an empty one', '[[],[1,2],[3,4]]', /2 entries where the arrays before it have 0/],
    ['a word', '[[1,2],[3,4],[5,null]]', /got null/],
    ['a leading zero', '[1,2,3,04,5]', /unexpected "4"/],
  ])('refuse %s', (_, text, words) => {
    agree(bodyOf(text));
    expect(decode(bodyOf(text), native).refusal?.[1]).toMatch(words);
  });

  it('keep to the limit of elements', () => {
    const numbers = Array.from({ length: 20_000 }, (_, i) => i);
    for (const maxElements of [10, 64, 65, 5000, 8192, 8193, 16384, 19_999, 20_000])
      agree(bodyOf(`{"shape":[20000],"data":[${numbers}]}`), { ...LIMITS, maxElements });
  });

  it('are not asked for where few bytes are left', () => {
    expect(decode('{"tensors":{"q1":[1,2,3,4,5,6,7,8,9]}}', native)).toMatchObject({ count: 0, tensors: [['q1', { shape: [9] }]] });
    expect(decode(bodyOf('[1,2,3,4,5,6,7,8,9]'), native)).toMatchObject({ count: 8, tensors: [['q1', { shape: [9] }]] });
  });

  it('stay where they are when others are read', () => {
    const texts = [3, 8000, 500, 20_000, 8192, 1].map((count, i) =>
      JSON.stringify(Array.from({ length: count }, (_, at) => at + i)),
    );
    for (const reader of [null, native]) {
      const { tensors } = decode(bodyOf(...texts), reader);
      decode(bodyOf(...texts.toReversed()), reader);
      expect(tensors?.map(([, { data }]) => JSON.stringify([...data]))).toEqual(texts);
      expect(tensors?.every(([, { data }]) => data.buffer instanceof SharedArrayBuffer)).toBe(true);
    }
  });
});

describe('a thread', () => {
  it('has the reader of the module that it is told, and of none where there is none or it fails', async () => {
    await loadNumberReader(MODULE);
    expect(numberReader()?.(Buffer.from('1,2,3        '), 1, new Float64Array(4), 0, 0, 1)).toBe(2 * READ + 4);
    for (const module of [
      null,
      'file:///nowhere.ts',
      'data:text/javascript,export const other = 1',
      'data:text/javascript,export function load(){throw 1}',
    ]) {
      await loadNumberReader(MODULE);
      await loadNumberReader(module);
      expect(numberReader()).toBeNull();
    }
  });

  it('of the app reads with the native back end where that is wanted', async () => {
    await buildTestApp({ BACKENDS: 'reference' });
    expect(numberReader()).toBeNull();
    await buildTestApp();
    expect(numberReader()).not.toBeNull();
  });

  it('of the wire pool reads with what the pool is told', async () => {
    const text = `{"tensors":{"q1":{"shape":[100000],"data":[${Array(100_000).fill(7)}]}}}`;
    const valuesWith = async (numbers: string | null): Promise<Set<number>> => {
      const pool = new WirePool({ limits: LIMITS, threads: 1, maxWaiting: 1, numbers });
      onTestFinished(() => pool.close());
      const decoding = pool.decode('json', Buffer.from(text), new AbortController().signal);
      expect(pool.load).toBe(1);
      return new Set((await decoding).tensors.get('q1')?.data);
    };
    const nine =
      'data:text/javascript,export const load = () => (bytes, at, values, from) => { values[from] = 9; return 2 ** 23 %2B 2 }';
    expect(await valuesWith(nine)).toEqual(new Set([7, 9]));
    expect(await valuesWith(MODULE)).toEqual(new Set([7]));
    expect(await valuesWith(null)).toEqual(new Set([7]));
  });
});
