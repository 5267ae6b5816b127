import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { isSmallBody, receiveSmallBody } from '../../src/wire/receive-small.ts';

/** Short bodies of known length, read without a promise. */

type Outcome = { readonly error: Error | null; readonly body: string | undefined };

function receive(contentLength: number, act: (source: PassThrough) => void): Promise<Outcome> {
  const source = new PassThrough();
  return new Promise((resolve, reject) => {
    let calls = 0;
    receiveSmallBody(source, contentLength, (error, body) => {
      if (++calls > 1) reject(new Error('told twice'));
      // Later calls, if there were any, come before this.
      setTimeout(() => resolve({ error, body: body && Buffer.from(body).toString() }), 5);
    });
    act(source);
  });
}

describe('isSmallBody', () => {
  it.each([
    [0, undefined, true],
    [65_536, undefined, true],
    [65_537, undefined, false],
    [undefined, undefined, false],
    [10, 'gzip', false],
    [10, 'identity', false],
  ])('%s bytes, encoding %s: %s', (length, encoding, expected) => {
    expect(isSmallBody(length, encoding)).toBe(expected);
  });
});

describe('receiveSmallBody', () => {
  it.each([
    ['one chunk', 3, ['abc'], 'abc'],
    ['several', 6, ['ab', 'cd', 'ef'], 'abcdef'],
    ['none', 0, [], ''],
  ])('joins %s', async (_, length, chunks, expected) => {
    const outcome = await receive(length, (source) => {
      for (const chunk of chunks) source.write(chunk);
      source.end();
    });
    expect(outcome).toEqual({ error: null, body: expected });
  });

  it.each([
    ['longer', 4, ['ab', 'cde', 'f'], /longer than its Content-Length, 4 bytes/],
    ['shorter', 4, ['ab'], /has 2 bytes and its Content-Length is 4/],
  ])('refuses a body that is %s than was announced, once', async (_, length, chunks, detail) => {
    const { error, body } = await receive(length, (source) => {
      for (const chunk of chunks) source.write(chunk);
      source.end();
    });
    expect(error).toMatchObject({ code: 'malformed', message: expect.stringMatching(detail) });
    expect(body).toBeUndefined();
  });

  it('says that the client left', async () => {
    const { error } = await receive(4, (source) => {
      source.write('ab');
      source.destroy(new Error('aborted'));
    });
    expect(error).toMatchObject({ code: 'client_closed_request' });
  });
});
