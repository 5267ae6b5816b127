import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FILES, firstDifference, renderDocuments } from '../../openapi/build.ts';
import { downgrade } from '../../openapi/downgrade.ts';
import { isObject, type JsonObject, member, walk } from '../../openapi/json.ts';
import { schemasOf, subsetFaults } from './subset.ts';

const read = (file: string): string => readFileSync(new URL(`../../openapi/${file}`, import.meta.url), 'utf8');
const newest = JSON.parse(read('openapi.json')) as JsonObject;
const older = JSON.parse(read('openapi-3.0.json')) as JsonObject;

describe('the committed documents', () => {
  it('are what the routes say', async () => {
    const built = await renderDocuments();
    expect(FILES.map((file) => firstDifference(read(file), built[file]))).toEqual([null, null]);
  });

  it('carry the version of the package', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect([member(newest, 'info').version, newest.openapi, older.openapi]).toEqual([version, '3.1.0', '3.0.3']);
  });

  it('stay inside the subset', () => {
    expect([...schemasOf(newest)].length).toBeGreaterThan(100);
    expect(subsetFaults(newest)).toEqual([]);
  });

  it('have no component that nothing refers to, and no reference that leads nowhere', () => {
    const pointers = new Set([...walk(newest)].flatMap(({ key, value }) => (key === '$ref' ? [String(value)] : [])));
    const kinds = Object.entries(member(newest, 'components')).filter(([kind]) => kind !== 'securitySchemes');
    const names = kinds.flatMap(([kind, all]) => Object.keys(all as object).map((name) => `#/components/${kind}/${name}`));
    expect([...pointers].sort()).toEqual(names.sort());
  });

  it('name every object: none is described in place', () => {
    const inPlace = [...schemasOf(newest)].filter(
      ({ pointer, schema }) => isObject(schema.properties) && !/^\/components\/schemas\/[^/]+$/.test(pointer),
    );
    expect(inPlace.map(({ pointer }) => pointer)).toEqual([]);
  });

  // openapi-python-client reads members into variables of their names, and its own dictionary is called d.
  it('put a member called d last', () => {
    const orders = [...schemasOf(newest)]
      .map(({ schema }) => Object.keys(member(schema, 'properties')))
      .filter((all) => all.includes('d'));
    expect(orders.length).toBeGreaterThan(0);
    expect(orders.map((all) => all.at(-1))).toEqual(orders.map(() => 'd'));
  });

  it('describe every component', () => {
    const silent = Object.entries(member(member(newest, 'components'), 'schemas')).filter(
      ([, one]) => !(one as JsonObject).description,
    );
    expect(silent.map(([name]) => name)).toEqual([]);
  });
});

describe('the twin of 3.0.3', () => {
  /** Both spellings of the keywords that 3.1 changed, as one. Written apart from the builder. */
  const neutral = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(neutral);
    if (!isObject(value)) return value;
    const { exclusiveMinimum, exclusiveMaximum, minimum, maximum, example, examples, openapi, ...rest } = value;
    const lower = exclusiveMinimum === true ? { above: minimum } : { least: minimum, above: exclusiveMinimum };
    const upper = exclusiveMaximum === true ? { below: maximum } : { most: maximum, below: exclusiveMaximum };
    const shown = example ?? (Array.isArray(examples) ? examples[0] : examples);
    const others = Object.fromEntries(Object.entries(rest).map(([key, one]) => [key, neutral(one)]));
    const spelled = { ...lower, ...upper, shown, version: openapi === undefined ? undefined : 'any' };
    return { ...others, ...Object.fromEntries(Object.entries(spelled).filter(([, one]) => one !== undefined)) };
  };

  it('says the same as the document of 3.1', () => {
    expect(neutral(older)).toEqual(neutral(newest));
  });

  it('has no keyword of 3.1', () => {
    const found = [...schemasOf(older)].flatMap(({ pointer, schema }) => {
      const numeric = ['exclusiveMinimum', 'exclusiveMaximum'].filter((key) => key in schema && typeof schema[key] !== 'boolean');
      return [...numeric, ...['const', 'examples'].filter((key) => key in schema)].map((key) => `${pointer}: ${key}`);
    });
    expect(found).toEqual([]);
  });

  it('turns every keyword that differs, and leaves data and names alone', () => {
    const schema = {
      openapi: '3.1.0',
      type: 'object',
      properties: {
        const: { type: 'string', const: 'a' },
        examples: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1, examples: [0.5] },
      },
      default: { const: 1, examples: [2] },
      example: { const: 3 },
    };
    expect(downgrade(schema)).toEqual({
      openapi: '3.0.3',
      type: 'object',
      properties: {
        const: { type: 'string', enum: ['a'] },
        examples: { type: 'number', minimum: 0, exclusiveMinimum: true, maximum: 1, exclusiveMaximum: true, example: 0.5 },
      },
      default: { const: 1, examples: [2] },
      example: { const: 3 },
    });
  });
});

describe('the judge of documents', () => {
  const around = (schema: JsonObject): JsonObject => ({ components: { schemas: { A: schema } } });

  it.each([
    [{ type: ['string', 'null'] }, 'type is a list'],
    [{ type: 'array', prefixItems: [{ type: 'string' }] }, 'prefixItems'],
    [{ type: 'object', propertyNames: { type: 'string' } }, 'propertyNames'],
    [{ type: 'array' }, 'without items'],
    [{ type: 'integer' }, 'width'],
    [{ type: 'number' }, 'precision'],
    [{ type: 'integer', format: 'int64', maximum: 2 ** 53 - 1 }, 'bounds'],
    [{ const: 'a' }, 'const without type'],
    [{ oneOf: [{ $ref: '#/components/schemas/B' }] }, 'discriminator'],
    [{ type: 'object', properties: { a: { $ref: '#/components/schemas/A' } } }, 'contains itself'],
    [{ type: 'object', properties: { a: { $ref: '#/components/schemas/B', default: {} } } }, 'siblings'],
    [{ type: 'object', properties: { a: { description: 'anything' } } }, 'no type'],
  ])('finds what is wrong with %j: %s', (schema, text) => {
    expect(subsetFaults(around(schema)).join()).toContain(text);
  });

  it('finds where two texts part', () => {
    expect(firstDifference('a\nb\n', 'a\nb\n')).toBeNull();
    expect(firstDifference('a\nb\n', 'a\nc\n')).toBe('line 2:\n- b\n- \n+ c\n+ ');
    expect(firstDifference('', 'a')).toContain('line 1');
    expect(firstDifference('a\nb', 'a')).toContain('line 2');
  });
});
