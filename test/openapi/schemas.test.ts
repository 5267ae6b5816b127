import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { addDiscriminators } from '../../openapi/discriminator.ts';
import { collectSchemas } from '../../openapi/schemas.ts';

const Point = z.object({ x: z.number(), n: z.int() }).meta({ id: 'TestPoint', description: 'A point' });

describe('schemas', () => {
  it('become components under their id, without what zod adds for validators', () => {
    const schemas = collectSchemas();
    expect(schemas.convert(Point, 'response')).toEqual({ $ref: '#/components/schemas/TestPoint' });
    expect(Object.fromEntries(schemas.components)).toEqual({
      TestPoint: {
        type: 'object',
        description: 'A point',
        properties: { x: { type: 'number', format: 'double' }, n: { type: 'integer', format: 'int64' } },
        required: ['x', 'n'],
      },
    });
  });

  it('keep bounds that were meant, and the refusal of unknown members in requests', () => {
    const schema = z.strictObject({ n: z.int().min(0).max(9), by: z.record(z.string(), z.number()) });
    expect(collectSchemas().convert(schema, 'request')).toMatchObject({
      additionalProperties: false,
      properties: {
        n: { type: 'integer', minimum: 0, maximum: 9, format: 'int64' },
        by: { type: 'object', additionalProperties: { type: 'number', format: 'double' } },
      },
    });
  });

  it('leave a reference alone, with its description around it and without its default', () => {
    const Inner = z.object({ a: z.string().default('b') }).meta({ id: 'TestInner' });
    const outer = z.object({
      plain: Inner.default({ a: 'b' }),
      told: z.object({ inner: Inner.optional().meta({ description: 'Why' }) }),
    });
    const converted = collectSchemas().convert(outer, 'request');
    expect(converted.properties).toMatchObject({
      plain: { $ref: '#/components/schemas/TestInner' },
      told: { properties: { inner: { allOf: [{ $ref: '#/components/schemas/TestInner' }], description: 'Why' } } },
    });
    expect(Object.keys((converted.properties as { plain: object }).plain)).toEqual(['$ref']);
  });

  it('may not have one name for two shapes', () => {
    const schemas = collectSchemas();
    const Loose = z.object({ a: z.string().default('b') }).meta({ id: 'TestLoose' });
    schemas.convert(Loose, 'request');
    expect(() => schemas.convert(Loose, 'response')).toThrow('TestLoose has one shape in requests and another in responses');
  });
});

describe('a union of components', () => {
  const Exact = z.object({ mode: z.literal('exact') }).meta({ id: 'TestExact' });
  const Rough = z.object({ mode: z.literal('rough'), tolerance: z.number() }).meta({ id: 'TestRough' });

  function documentOf(schema: z.ZodType): Record<string, unknown> {
    const schemas = collectSchemas();
    const body = schemas.convert(schema, 'response');
    return { body, components: { schemas: Object.fromEntries(schemas.components) } };
  }

  it('gets the discriminator that its constants make', () => {
    const document = documentOf(z.discriminatedUnion('mode', [Exact, Rough]));
    addDiscriminators(document);
    expect(document.body).toMatchObject({
      discriminator: {
        propertyName: 'mode',
        mapping: { exact: '#/components/schemas/TestExact', rough: '#/components/schemas/TestRough' },
      },
    });
  });

  it('is refused where a member has no name, or nothing tells members apart', () => {
    const nameless = documentOf(z.discriminatedUnion('mode', [Exact, z.object({ mode: z.literal('other') })]));
    expect(() => addDiscriminators(nameless)).toThrow('needs an id');
    const alike = { body: { oneOf: [{ $ref: '#/components/schemas/A' }, { $ref: '#/components/schemas/B' }] } };
    expect(() => addDiscriminators(alike)).toThrow('A, B share no property');
  });
});
