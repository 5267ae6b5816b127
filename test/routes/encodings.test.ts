import { afterAll, describe, expect, it } from 'vitest';
import { type Answer, post, startTestApp } from '../helpers/app.ts';
import { FLOATS, type Float, fromBase64, nearest, toBase64 } from '../helpers/bits.ts';
import { type Encoding, maxDifference, tolerances } from '../helpers/case.ts';
import { oracle, type Rows } from '../helpers/oracle.ts';
import { random, randomRows } from '../helpers/random.ts';

/** Element types and encodings, in and out, against rounding by exact integer arithmetic. */

const app = await startTestApp();
afterAll(() => app.close());

const ENCODINGS: Encoding[] = ['flat', 'nested', 'base64'];
const EVERY_WAY = FLOATS.flatMap((dtype) => ENCODINGS.map((encoding) => [dtype, encoding] as const));
const BACKENDS = app.engine.machine.backends.map(({ name }) => name);

/** Ordinary values, halves of the last place of the half types, and their neighbours; all within float16's range. */
const VALUES = [
  ...randomRows(random(31), 1, 40, 3).flat(),
  ...[0, 1, -1, 0.1, 1 / 3, 65504, -65519.9, 2 ** -24, 2 ** -25, 3 * 2 ** -26, -(2 ** -14) + 2 ** -25],
  ...[2 ** -11, 3 * 2 ** -11, 2 ** -8, 3 * 2 ** -8].flatMap((off) => [1 + off, -1 - off, 1 + off + 2 ** -40, 1 + off - 2 ** -40]),
];

function tensor(dtype: Float, encoding: Encoding, values: readonly number[]): object {
  const shape = [1, values.length];
  if (encoding === 'base64')
    return {
      shape,
      dtype,
      base64: toBase64(
        dtype,
        values.map((value) => nearest(dtype, value)),
      ),
    };
  return { shape, dtype, data: encoding === 'nested' ? [values] : values };
}

/** One key: the only weight is one, so the output is the value itself. */
function echo(v2: object, output: object, extra: object = {}): Promise<Answer> {
  const one = { shape: [1, 1], dtype: 'float64', data: [0.5] };
  return post(app, '/v1/attention', {
    polynomial: 'x1*x2',
    precision: 'float64',
    tensors: { q1: one, q2: one, v2 },
    output,
    ...extra,
  });
}

/** The elements of an answer's tensor. JSON numbers have the fewest digits that lead back to the value of the type. */
function read({ shape, dtype, data, base64 }: { shape: number[]; dtype: Float; data?: unknown; base64?: string }): number[] {
  if (base64 !== undefined) return fromBase64(dtype, base64);
  const depth = Array.isArray((data as unknown[])[0]) ? shape.length : 1;
  return (data as number[]).flat(depth - 1).map((value) => nearest(dtype, value));
}

describe.each(EVERY_WAY)('%s as %s', (dtype, encoding) => {
  it('is read as the nearest value of the type', async () => {
    const answer = await echo(tensor(dtype, encoding, VALUES), { dtype: 'float64' });
    expect(answer.status, JSON.stringify(answer.body).slice(0, 300)).toBe(200);
    expect(answer.body.output.dtype).toBe('float64');
    expect(answer.body.output.data).toEqual(VALUES.map((value) => nearest(dtype, value) + 0));
  });

  it.each(BACKENDS.filter((name) => app.engine.machine.backends.some((one) => one.name === name && one.rates.float64)))(
    'is written rounded once to nearest even, computed on %s',
    async (backend) => {
      const answer = await echo(tensor('float64', 'flat', VALUES), { dtype, encoding, logSumExp: true }, { backend });
      expect(answer.status, JSON.stringify(answer.body).slice(0, 300)).toBe(200);
      const { output, logSumExp } = answer.body;
      expect([output.dtype, output.shape]).toEqual([dtype, [1, VALUES.length]]);
      expect(Object.keys(output)).toEqual(['shape', 'dtype', encoding === 'base64' ? 'base64' : 'data']);
      if (encoding !== 'base64') expect(output.data).toHaveLength(encoding === 'nested' ? 1 : VALUES.length);
      expect(read(output).map((value) => value + 0)).toEqual(VALUES.map((value) => nearest(dtype, value) + 0));
      expect([logSumExp.dtype, logSumExp.shape]).toEqual([dtype, [1]]);
      expect(read(logSumExp)).toEqual([nearest(dtype, 0.25)]);
    },
  );
});

describe('a request of several types', () => {
  it.each(['float32', 'float64'] as const)('is computed from what each type holds, in %s', async (precision) => {
    const next = random(32);
    const rows = { q1: [3, 2], q2: [4, 2], q3: [2, 2], v2: [4, 3], v3: [2, 3] } as const;
    const dtypes = { q1: 'float16', q2: 'bfloat16', q3: 'float64', v2: 'float32', v3: 'float16' } as const;
    const exact = {} as Record<keyof typeof rows, Rows>;
    const tensors: Record<string, object> = {};
    for (const name of Object.keys(rows) as (keyof typeof rows)[]) {
      const [n, columns] = rows[name];
      const dtype = dtypes[name];
      const drawn = randomRows(next, n, columns, 1).map((row) => row.map((x) => x + 1e-9 * next()));
      const held = dtype === 'float64' && precision === 'float32' ? 'float32' : dtype;
      exact[name] = drawn.map((row) => row.map((x) => nearest(held, nearest(dtype, x))));
      tensors[name] = { shape: [n, columns], dtype, data: drawn.flat() };
    }
    const monomials = [
      [1, 2],
      [2, 3],
    ].map((variables) => ({ coefficient: 1, variables }));
    const truth = oracle({ monomials, q: [exact.q1, exact.q2, exact.q3], v: [null, exact.v2, exact.v3], scale: 2 });
    const answer = await post(app, '/v1/attention', { mechanism: 'path(3)', scale: 2, precision, tensors });
    expect(answer.body.output.dtype).toBe(precision);
    expect(maxDifference(read(answer.body.output), truth.output.flat())).toBeLessThanOrEqual(
      tolerances(truth, 3, precision).output,
    );
  });
});

describe('what a type cannot hold', () => {
  it.each([
    ['float16', 65520, Number.POSITIVE_INFINITY],
    ['float16', -1e5, Number.NEGATIVE_INFINITY],
    ['bfloat16', 3.4e38, Number.POSITIVE_INFINITY],
    ['float32', -1e39, Number.NEGATIVE_INFINITY],
  ] as const)('%s of %d goes out in base64 only', async (dtype, value, expected) => {
    const v2 = tensor('float64', 'flat', [1, value, 2]);
    for (const encoding of ['flat', 'nested']) {
      const refused = await echo(v2, { dtype, encoding });
      expect([refused.status, refused.body.code]).toEqual([422, 'non_finite_output']);
      expect(refused.body.detail).toMatch(/1 of the 3 values of output, the first at flat index 1.*base64.*binary/);
    }
    const answer = await echo(v2, { dtype, encoding: 'base64' });
    expect(read(answer.body.output)).toEqual([1, expected, 2]);
  });

  it.each([
    ['float16', 65519, 65504],
    ['bfloat16', 3.39e38, nearest('bfloat16', 3.39e38)],
  ] as const)('%s of %d still fits', async (dtype, value, expected) => {
    expect(read((await echo(tensor('float64', 'flat', [value]), { dtype })).body.output)).toEqual([expected]);
  });

  it('a float16 of 1e5 is refused on the way in, with tensor, index and count', async () => {
    const answer = await echo({ shape: [1, 4], dtype: 'float16', data: [1, 1e5, 2, -1e5] }, {});
    expect([answer.status, answer.body.code]).toEqual([422, 'non_finite_input']);
    expect(answer.body.errors[0].pointer).toMatch(/^\/tensors\/v2/);
    expect(answer.body.detail).toMatch(/\b2\b.*\b1\b/);
  });

  it('a float64 beyond float32 is refused at precision float32, and computed at float64', async () => {
    const v2 = tensor('float64', 'base64', [1e39]);
    const refused = await echo(v2, {}, { precision: 'float32' });
    expect([refused.status, refused.body.code, refused.body.errors[0].pointer]).toEqual([422, 'non_finite_input', '/tensors/v2']);
    expect(refused.body.detail).toContain('float64');
    expect((await echo(v2, {})).body.output.data).toEqual([1e39]);
  });

  it.each([
    ['float16', Buffer.from([0x00, 0x3c, 0x00, 0x7c]), 1],
    ['bfloat16', Buffer.from([0xc0, 0x7f, 0x80, 0xff]), 0],
    ['float32', Buffer.from(new Float32Array([1, Number.NaN]).buffer), 1],
    ['float64', Buffer.from(new Float64Array([Number.NEGATIVE_INFINITY, 1]).buffer), 0],
  ] as const)('NaN and infinities of %s in base64 are refused', async (dtype, bytes, index) => {
    const answer = await echo({ shape: [1, 2], dtype, base64: bytes.toString('base64') }, {});
    expect([answer.status, answer.body.code]).toEqual([422, 'non_finite_input']);
    expect(answer.body.errors[0].pointer).toMatch(/^\/tensors\/v2/);
    expect(answer.body.detail).toMatch(new RegExp(`\\b${index}\\b`));
  });

  it.each(['int32', 'bool'])('%s is no type of q, v or b', async (dtype) => {
    const answer = await echo({ shape: [1, 2], dtype, data: [1, 0] }, {});
    expect([answer.status, answer.body.code, answer.body.errors[0].pointer]).toEqual([422, 'invalid_request', '/tensors/v2']);
    expect(answer.body.detail).toContain(dtype);
  });

  it.each([
    ['x1*x2', [[1e30], [-1e30]]],
    // Infinity minus infinity within one score, and in a product whose third factor is small.
    [
      'x1*x2',
      [
        [1e30, 1e30],
        [1e30, -1e30],
      ],
    ],
    [
      'x1*x2*x3',
      [
        [1e20, 1e-20],
        [-1e20, 1e-20],
      ],
    ],
  ])(
    'scores of %s that can overflow float32 are an error on every back end, and an answer in float64',
    async (polynomial, rows) => {
      const names = ['q1', 'q2', 'v2', ...(polynomial.includes('x3') ? ['q3'] : [])];
      const tensors = Object.fromEntries(names.map((name) => [name, rows]));
      for (const backend of BACKENDS) {
        const ask = (precision: string): Promise<Answer> =>
          post(app, '/v1/attention', {
            polynomial,
            precision,
            backend,
            tensors,
            output: { encoding: 'base64' },
          });
        const refused = await ask('float32');
        expect([refused.status, refused.body.code, refused.body.errors?.[0].pointer]).toEqual([422, 'non_finite_output', '/scale']);
        expect(refused.body.detail).toMatch(/float64/);
        const answer = await ask('float64');
        expect(answer.status).toBe(200);
        expect(answer.body.emptyRows).toBe(0);
      }
    },
  );

  it('biases that can overflow are an error too, and -Infinity is not one of them', async () => {
    const rows = [[1], [2]];
    const ask = (b2: unknown): Promise<Answer> =>
      post(app, '/v1/attention', { polynomial: 'x1*x2', tensors: { q1: rows, q2: rows, v2: rows, b2 } });
    expect((await ask([3e38, 0])).body.code).toBe('non_finite_output');
    expect((await ask(['-Infinity', 0])).status).toBe(200);
  });

  it('tokens and projections count with their product', async () => {
    const ask = (size: number): Promise<Answer> =>
      post(app, '/v1/attention', { polynomial: 'x1*x2', tensors: { x: [[size], [1]], wq1: [[1e10]], wq2: [[1e10]], wv2: [[1]] } });
    expect((await ask(1e10)).body.code).toBe('non_finite_output');
    expect((await ask(1e3)).status).toBe(200);
  });
});

describe('the log-sum-exp of an empty row', () => {
  const rows = [
    [1, 0],
    [0, 1],
  ];
  const ask = (output: object): Promise<Answer> =>
    post(app, '/v1/attention', {
      polynomial: 'x1*x2',
      tensors: { q1: rows, q2: rows, v2: rows, b1: ['-Infinity', 0] },
      output,
    });

  it.each(['flat', 'nested'])('is refused in %s numbers and points to base64', async (encoding) => {
    const answer = await ask({ encoding, logSumExp: true });
    expect([answer.status, answer.body.code]).toEqual([422, 'non_finite_output']);
    expect(answer.body.detail).toMatch(/logSumExp.*index 0.*base64/);
  });

  it('comes as base64, and without it the row is zero', async () => {
    const whole = (await ask({ encoding: 'base64', logSumExp: true })).body;
    expect(read(whole.logSumExp)[0]).toBe(Number.NEGATIVE_INFINITY);
    expect(Number.isFinite(read(whole.logSumExp)[1])).toBe(true);
    expect(read(whole.output).slice(0, 2)).toEqual([0, 0]);
    expect(whole.emptyRows).toBe(1);
    const bare = (await ask({})).body;
    expect([bare.output.data.slice(0, 2), bare.emptyRows]).toEqual([[0, 0], 1]);
    expect(bare.logSumExp).toBeUndefined();
  });
});
