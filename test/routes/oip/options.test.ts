import { describe, expect, it } from 'vitest';
import { findModel } from '../../../routes/oip/models.ts';
import { readInference } from '../../../routes/oip/options.ts';
import type { Envelope } from '../../../src/contract/envelope.ts';
import { errorOf } from '../../helpers/wire.ts';

const model = findModel({ model: 'attention' });
const withParameters = (parameters: object): Envelope => ({ tensors: new Map(), options: { parameters } });
const timeoutMs = (timeout: unknown): unknown => readInference(model, withParameters({ timeout })).envelope.options.timeoutMs;

describe('the parameter timeout, in microseconds', () => {
  it.each([
    [1, 1],
    [999, 1],
    [1000, 1],
    [1001, 2],
    [1_999, 2],
    [2_000, 2],
    ['2001', 3],
    [5_000_000, 5000],
    [Number.MAX_SAFE_INTEGER, 9_007_199_254_741],
    [0, undefined],
    ['0', undefined],
  ])('%j is rounded up to whole milliseconds: %j', (timeout, expected) => {
    expect(timeoutMs(timeout)).toBe(expected);
  });

  it.each([-1, 0.5, 1e16, '1.5', '-1', '1e3', '', true])('%j is refused', (timeout) => {
    const error = errorOf(() => timeoutMs(timeout));
    expect([error.code, error.extra.errors?.[0]?.pointer]).toEqual(['invalid_request', '/parameters/timeout']);
  });
});
