import { describe, expect, it } from 'vitest';
import { ServiceError } from '../../src/errors.ts';
import { describeMechanism, listMechanisms, resolveMechanism } from '../../src/polynomial/catalogue.ts';
import { parsePolynomial } from '../../src/polynomial/parse.ts';

describe('resolveMechanism', () => {
  it.each([
    ['self', 'self', 'x1*x2', 'tree', 2],
    ['tensor(3)', 'tensor(3)', 'x1*x2*x3', 'tensor', 3],
    ['tensor(2)', 'tensor(2)', 'x1*x2', 'tree', 2],
    ['tensor(8)', 'tensor(8)', 'x1*x2*x3*x4*x5*x6*x7*x8', 'tensor', 8],
    ['strassen', 'strassen', 'x1*x2 + x1*x3 + x2*x3', 'cycle', 3],
    [' path ( 3 ) ', 'path(3)', 'x1*x2 + x2*x3', 'tree', 2],
    ['path(08)', 'path(8)', 'x1*x2 + x2*x3 + x3*x4 + x4*x5 + x5*x6 + x6*x7 + x7*x8', 'tree', 2],
    ['star(4)', 'star(4)', 'x1*x2 + x1*x3 + x1*x4', 'tree', 2],
    ['cycle(4)', 'cycle(4)', 'x1*x2 + x1*x4 + x2*x3 + x3*x4', 'cycle', 3],
    ['complete(4)', 'complete(4)', 'x1*x2 + x1*x3 + x1*x4 + x2*x3 + x2*x4 + x3*x4', 'general', 4],
    ['complete(8)', 'complete(8)', undefined, 'general', 8],
    ['y-tree', 'y-tree', 'x1*x2 + x2*x3 + x2*x4', 'tree', 2],
  ])('%j', (name, canonical, text, kind, exponent) => {
    const found = resolveMechanism(name);
    expect(found).toMatchObject({ name: canonical, class: kind, exponent });
    if (text !== undefined) expect(found?.text).toBe(text);
    expect(found?.polynomial).toEqual(parsePolynomial(found?.text ?? ''));
  });

  it.each([
    '',
    ' ',
    'pathological',
    'paths(3)',
    'path-3',
    'path_3',
    'path 3',
    'Path(3)',
    '(3)',
    '__proto__',
    'constructor',
    'x1*x2',
    '\uD800',
    'self'.repeat(50),
  ])('does not know %j', (name) => {
    expect(resolveMechanism(name)).toBeUndefined();
    expect(describeMechanism(name)).toBeUndefined();
  });

  it.each([
    ['path', /from 2 to 8, for example path\(3\); the parameter is missing/],
    ['path()', /one integer t/],
    ['path(1)', /1 is outside/],
    ['path(9)', /9 is outside/],
    ['path(-3)', /-3 is outside/],
    ['path(99999999999999999999999)', /is outside/],
    ['path(3.5)', /one integer t/],
    ['path(3,4)', /one integer t/],
    ['path(3', /one integer t/],
    ['path(3) x', /one integer t/],
    ['cycle(2)', /from 3 to 8.*2 is outside/],
    ['tensor(t)', /one integer t/],
    ['self(2)', /self takes no parameter/],
    ['strassen()', /strassen takes no parameter/],
  ])('refuses %j', (name, message) => {
    const attempt = (): unknown => resolveMechanism(name);
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(ServiceError);
    try {
      attempt();
    } catch (error) {
      expect(error).toMatchObject({ code: 'invalid_request', extra: { errors: [{ pointer: '/mechanism' }] } });
    }
  });
});

describe('listMechanisms', () => {
  const list = listMechanisms();

  it('has the families of the contract in their order', () => {
    expect(list.map(({ name }) => name)).toEqual([
      'self',
      'tensor(t)',
      'strassen',
      'path(t)',
      'star(t)',
      'cycle(t)',
      'complete(t)',
      'y-tree',
    ]);
  });

  it.each(list.map((entry) => [entry.name, entry] as const))('%s: the example and the ends of the range resolve', (_, entry) => {
    const example = resolveMechanism(entry.example);
    expect(example).toMatchObject({ text: entry.polynomial, class: entry.class, exponent: entry.exponent, family: entry.family });
    for (const { minimum, maximum } of entry.parameters) {
      for (let t = minimum; t <= maximum; t++) {
        const member = resolveMechanism(`${entry.family}(${t})`);
        expect(member?.polynomial.variableCount).toBe(t);
        expect(entry.cost).toBe(member?.exponent === t && entry.cost === 'n^t' ? 'n^t' : `n^${member?.exponent}`);
      }
      expect(() => resolveMechanism(`${entry.family}(${minimum - 1})`)).toThrow(/outside/);
      expect(() => resolveMechanism(`${entry.family}(${maximum + 1})`)).toThrow(/outside/);
    }
  });

  it('survives JSON', () => {
    expect(JSON.parse(JSON.stringify(list))).toEqual(list);
  });
});

describe('describeMechanism', () => {
  it('takes families and members', () => {
    const family = listMechanisms().find(({ name }) => name === 'path(t)');
    expect(describeMechanism('path(t)')).toEqual(family);
    expect(describeMechanism('path')).toEqual(family);
    expect(describeMechanism('path(5)')).toMatchObject({
      name: 'path(5)',
      example: 'path(5)',
      parameters: [{ name: 't', minimum: 2, maximum: 8 }],
    });
    expect(() => describeMechanism('path(9)')).toThrow(/outside/);
  });
});
