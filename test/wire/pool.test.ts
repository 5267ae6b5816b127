import { describe, expect, it, onTestFinished } from 'vitest';
import { ServiceError } from '../../src/errors.ts';
import { allocate } from '../../src/tensor/allocate.ts';
import type { DType, Tensor } from '../../src/tensor/tensor.ts';
import { joinParts } from '../../src/wire/codec.ts';
import { WirePool } from '../../src/wire/pool.ts';
import { readSafetensors, safetensorsRequest } from '../helpers/safetensors.ts';
import { LIMITS } from '../helpers/wire.ts';

const NEVER = new AbortController().signal;

function buildPool(maxWaiting = 8, threads = 1): WirePool {
  const pool = new WirePool({ limits: LIMITS, threads, maxWaiting });
  onTestFinished(() => pool.close());
  return pool;
}

function counted(count: number, dtype: DType = 'float32'): Tensor {
  const tensor = allocate(dtype, [count]);
  for (let i = 0; i < count; i++) tensor.data[i] = i % 127;
  return tensor;
}

function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

const LARGE = 1 << 19; // values of float32: 2 MiB

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ServiceError);
  return (error as ServiceError).code;
}

describe('what the event loop reads itself', () => {
  const numbers = (count: number): string => JSON.stringify(Array.from({ length: count }, (_, i) => i % 7));
  const json = Buffer.from(`{"tensors":{"q1":{"shape":[100000],"data":${numbers(100_000)}}}}`);
  const oip = Buffer.from(`{"inputs":[{"name":"q1","shape":[100000],"datatype":"FP32","data":${numbers(100_000)}}]}`);
  const safetensors = Buffer.from(safetensorsRequest(new Map([['q1', counted(100_000)]]), {}));
  const header = JSON.stringify({
    inputs: [{ name: 'q1', shape: [100_000], datatype: 'FP32', parameters: { binary_data_size: 400_000 } }],
  });

  it.each([
    ['json', json, {}, 1],
    ['json', Buffer.from('{"tensors":{}}'), {}, 0],
    ['oip', oip, {}, 1],
    ['oip', Buffer.concat([Buffer.from(header), Buffer.alloc(400_000)]), { headerBytes: header.length }, 0],
    ['safetensors', safetensors, {}, 0],
  ] as const)('is little text and up to a mebibyte of bytes: %s, case %#', async (format, body, framing, inThreads) => {
    const pool = buildPool();
    const decoding = pool.decode(format, body, NEVER, framing);
    expect(pool.load).toBe(inThreads);
    const { tensors } = await decoding;
    expect([...tensors.values()].every(({ data }) => data.length === 100_000)).toBe(true);
  });

  it.each([
    ['float32', 2 * LARGE, 0],
    ['float64', LARGE, 0],
    ['int32', 2 * LARGE, 0],
    ['float16', 2 * LARGE, 1],
    ['bool', 4 * LARGE, 1],
    ['float32', 5 * LARGE, 1],
  ] as const)(
    'and tensors that lie there as they are needed, up to eight mebibytes: %s, %d values',
    async (dtype, count, inThreads) => {
      const pool = buildPool();
      const tensor = allocate(dtype, [count]);
      const decoding = pool.decode('safetensors', shared(safetensorsRequest(new Map([['q1', tensor]]), {})), NEVER);
      expect(pool.load).toBe(inThreads);
      expect((await decoding).tensors.get('q1')?.data.length).toBe(count);
    },
  );

  it('and what is refused at once', async () => {
    const pool = buildPool();
    const decoding = codeOf(pool.decode('safetensors', shared(Buffer.alloc(2 << 20, 0xff)), NEVER));
    expect(pool.load).toBe(0);
    expect(await decoding).toBe('malformed');
  });
});

describe('a large body', () => {
  it('in safetensors becomes tensors that are views of it: nothing is copied', async () => {
    const body = shared(safetensorsRequest(new Map([['q1', counted(LARGE)]]), { mechanism: 'self' }));
    const { tensors, options } = await buildPool().decode('safetensors', body, NEVER);
    const { dtype, shape, data } = tensors.get('q1') as Tensor;
    expect([dtype, shape, options.mechanism]).toEqual(['float32', [LARGE], 'self']);
    expect(data.buffer.byteLength).toBe(body.buffer.byteLength);
    // The same memory, not the same bytes: what is written to one is read from the other.
    const at = data.byteOffset - body.byteOffset + 4 * (LARGE - 1);
    new DataView(body.buffer).setFloat32(body.byteOffset + at, -7, true);
    expect(data[LARGE - 1]).toBe(-7);
    expect(data[5]).toBe(5);
  });

  it('read in a thread lies in the memory that came in, for a lease to know', async () => {
    const tensors = new Map([
      ['q1', counted(5 * LARGE)],
      ['q2', counted(LARGE, 'bfloat16')],
      ['q3', counted(LARGE, 'int32')],
    ]);
    const body = shared(safetensorsRequest(tensors, {}));
    const pool = buildPool();
    const decoding = pool.decode('safetensors', body, NEVER);
    expect(pool.load).toBe(1);
    const read = (await decoding).tensors;
    expect([...read].map(([name, { data }]) => [name, data.buffer === body.buffer])).toEqual([
      ['q1', true],
      ['q3', true],
      ['q2', false],
    ]);
    for (const [name, { data }] of read) expect(data).toEqual((tensors.get(name) as Tensor).data);
  });

  it.each(['float16', 'bfloat16', 'float64'] as const)('of %s is read and written in threads', async (dtype) => {
    const pool = buildPool();
    const body = shared(safetensorsRequest(new Map([['q1', counted(LARGE * 2, dtype)]]), {}));
    const { tensors } = await pool.decode('safetensors', body, NEVER);
    const output = tensors.get('q1') as Tensor;
    expect(output.data.length).toBe(LARGE * 2);
    expect(output.data.every((value, i) => value === i % 127)).toBe(true);
    const written = joinParts(await pool.encode('safetensors', { tensors: new Map([['output', output]]), options: {} }, {}, NEVER));
    expect(
      readSafetensors(written)
        .tensors.get('output')
        ?.data.every((value, i) => value === i % 127),
    ).toBe(true);
  });

  it('of JSON is read and written in threads', async () => {
    const pool = buildPool();
    const count = 400_000;
    const text = JSON.stringify({ polynomial: 'x1*x2', tensors: { q1: { shape: [count], data: [...counted(count).data] } } });
    expect(text.length).toBeGreaterThan(1 << 20);
    const envelope = await pool.decode('json', shared(Buffer.from(text)), NEVER);
    expect(envelope.options).toEqual({ polynomial: 'x1*x2' });
    expect(envelope.tensors.get('q1')?.data).toEqual(counted(count).data);
    const parts = await pool.encode('json', { tensors: envelope.tensors, options: { emptyRows: 0 } }, { encoding: 'flat' }, NEVER);
    const again = JSON.parse(joinParts(parts).toString());
    expect([again.q1.data.length, again.q1.data[126], again.emptyRows]).toEqual([count, 126, 0]);
  });

  it('sends what needs no conversion from where it is', async () => {
    const output = counted(LARGE);
    const envelope = { tensors: new Map([['output', output]]), options: {} };
    const parts = await buildPool().encode('safetensors', envelope, {}, NEVER);
    expect(parts.at(-1)?.buffer).toBe(output.data.buffer);
  });
});

describe('an error in a thread', () => {
  it('arrives with its code, detail and members', async () => {
    const tensor = counted(2 * LARGE, 'float16');
    tensor.data[3] = Number.NaN;
    const body = shared(safetensorsRequest(new Map([['q1', tensor]]), {}));
    const error = await buildPool()
      .decode('safetensors', body, NEVER)
      .catch((reason: unknown) => reason as ServiceError);
    expect(error).toBeInstanceOf(ServiceError);
    expect(error).toMatchObject({ code: 'non_finite_input', status: 422, extra: { errors: [{ pointer: '/tensors/q1' }] } });
    expect((error as ServiceError).message).toMatch(/one NaN .* index 3/);
  });

  it('of a limit names the setting', async () => {
    const pool = new WirePool({ limits: { ...LIMITS, maxJsonBytes: 10 }, threads: 1, maxWaiting: 1 });
    onTestFinished(() => pool.close());
    await expect(pool.decode('json', shared(Buffer.alloc(2 << 20, ' ')), NEVER)).rejects.toMatchObject({
      code: 'too_large',
      extra: { limit: 10, actual: 2 << 20, setting: 'MAX_JSON_BYTES' },
    });
  });
});

describe('the queue before the threads', () => {
  const body = shared(safetensorsRequest(new Map([['q1', counted(2 * LARGE, 'float16')]]), {}));

  it('is bounded, and empties', async () => {
    const pool = buildPool(2);
    const all = Array.from({ length: 3 }, () => pool.decode('safetensors', body, NEVER));
    expect(pool.load).toBe(3);
    expect(await codeOf(pool.decode('safetensors', body, NEVER))).toBe('overloaded');
    for (const one of await Promise.all(all)) expect(one.tensors.size).toBe(1);
    expect(pool.load).toBe(0);
  });

  it('does not serve who has left, and serves who stayed', async () => {
    const pool = buildPool();
    const leaving = new AbortController();
    const running = pool.decode('safetensors', body, leaving.signal);
    const waiting = pool.decode('safetensors', body, leaving.signal);
    const staying = pool.decode('safetensors', body, NEVER);
    leaving.abort();
    expect(pool.load).toBe(2);
    expect(await codeOf(waiting)).toBe('client_closed_request');
    expect(await codeOf(running)).toBe('client_closed_request');
    expect((await staying).tensors.size).toBe(1);
    expect(await codeOf(pool.decode('safetensors', body, leaving.signal))).toBe('client_closed_request');
    expect(pool.load).toBe(0);
  });

  it('is refused when the service stops', async () => {
    const pool = buildPool();
    const running = pool.decode('safetensors', body, NEVER);
    const waiting = codeOf(pool.decode('safetensors', body, NEVER));
    const first = codeOf(running);
    await pool.close();
    expect(await waiting).toBe('unavailable');
    expect(await first).toBe('internal');
  });
});
