import { describe, expect, it } from 'vitest';
import { chooseResponse, mediaTypeOf } from '../../src/wire/negotiate.ts';
import { errorOf } from '../helpers/wire.ts';

const OFFERED = ['application/vnd.safetensors', 'application/x-npy', 'application/json'];

describe('chooseResponse', () => {
  it.each([
    [undefined, 'application/vnd.safetensors'],
    ['', 'application/vnd.safetensors'],
    ['*/*', 'application/vnd.safetensors'],
    ['application/*', 'application/vnd.safetensors'],
    ['application/x-npy', 'application/x-npy'],
    ['Application/X-NPY; q=0.5', 'application/x-npy'],
    ['application/json;q=0.9, application/x-npy', 'application/x-npy'],
    ['application/x-npy;q=0.4, */*;q=0.1, application/json;q=0.7', 'application/json'],
    ['application/vnd.safetensors;q=0, */*', 'application/x-npy'],
    ['application/json;charset=utf-8', 'application/json'],
    ['text/html, application/json;q=0.001', 'application/json'],
    ['garbage, ;;, application/json', 'application/json'],
  ])('%s takes %s', (accept, wanted) => {
    expect(chooseResponse(accept, OFFERED)).toBe(wanted);
  });

  it.each(['text/html', 'application/json;q=0', '*/*;q=0', 'json', 'application/json;q=2', `a/${'b'.repeat(9999)}`])(
    '%s takes nothing',
    (accept) => {
      const error = errorOf(() => chooseResponse(accept, OFFERED));
      expect(error.code).toBe('not_acceptable');
      expect(error.message.length).toBeLessThan(200);
    },
  );
});

describe('mediaTypeOf', () => {
  it.each([
    [undefined, undefined],
    ['', undefined],
    ['application/json', 'application/json'],
    [' Application/JSON ; charset=utf-8', 'application/json'],
  ])('%s', (header, wanted) => {
    expect(mediaTypeOf(header)).toBe(wanted);
  });
});
