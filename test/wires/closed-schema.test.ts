import { transformJSONSchema } from '@anthropic-ai/sdk/lib/transform-json-schema';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closedSchema, isUnclosable } from '../../src/wires/closed-schema';

type Schema = Record<string, unknown>;
const word = fc.constantFrom('a', 'b', 'type', 'properties', 'minimum');
const { schema: schemas } = fc.letrec<{ schema: Schema }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small' },
    fc.record(
      { type: fc.constantFrom('integer', 'number', 'boolean', 'null'), minimum: fc.integer(), title: fc.string() },
      { requiredKeys: ['type'] },
    ),
    fc.record(
      { type: fc.constant('string'), format: fc.constantFrom('date', 'email', 'color'), maxLength: fc.nat(), description: fc.constant('of a weir') },
      { requiredKeys: ['type'] },
    ),
    fc.record({ enum: fc.array(fc.oneof(fc.string(), fc.integer()), { minLength: 1 }) }),
    fc.record({ type: fc.constant('array'), items: tie('schema'), minItems: fc.nat(3), maxItems: fc.nat(9) }, { requiredKeys: ['type', 'items'] }),
    fc.record(
      {
        type: fc.constant('object'),
        properties: fc.dictionary(word, tie('schema'), { minKeys: 1 }),
        required: fc.array(word),
        minProperties: fc.nat(),
      },
      { requiredKeys: ['type', 'properties'] },
    ),
    fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ oneOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
  ),
}));

/** What is told in a description is told in each client's own way. */
const withoutWords = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, each) => (key === 'description' && typeof each === 'string' ? undefined : each)));

describe('closedSchema', () => {
  it('says what Anthropic’s own client would', () => {
    fc.assert(
      fc.property(schemas, (schema) => {
        expect(withoutWords(closedSchema(schema).schema)).toEqual(withoutWords(transformJSONSchema(schema as never)));
      }),
      { numRuns: 500 },
    );
  });

  it('tells of the bounds that are not kept to, and names them', () => {
    const asked = { type: 'object', properties: { n: { type: 'integer', minimum: 1, description: 'height', default: 2 } } };
    expect(closedSchema(asked)).toEqual({
      schema: {
        type: 'object',
        properties: { n: { type: 'integer', description: 'height\n\n{minimum: 1, default: 2}' } },
        additionalProperties: false,
      },
      told: ['minimum'],
    });
  });
});

describe('isUnclosable', () => {
  it.each([
    [{ type: 'object', properties: { a: { type: 'string' } } }, false],
    [{ type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false }, false],
    [{ type: 'object', properties: {}, additionalProperties: true }, true],
    [{ type: 'object' }, true],
    [{ type: 'array', items: { type: 'object', additionalProperties: { type: 'number' } } }, true],
    [{ anyOf: [{ type: 'null' }, { $ref: '#/$defs/map' }], $defs: { map: { type: 'object', additionalProperties: {} } } }, true],
    [{ type: 'object', properties: { additionalProperties: { type: 'string' } } }, false],
    [{ type: 'object', properties: {} }, true],
    [{ type: 'object', properties: {}, additionalProperties: false }, false],
    [{ type: 'object', properties: { a: { $ref: '#/$defs/a' }, b: { $ref: '#/$defs/a' } }, $defs: { a: { type: 'string' } } }, false],
    [{ type: 'object', properties: { kids: { type: 'array', items: { $ref: '#' } } } }, true],
    [
      {
        $ref: '#/$defs/a',
        $defs: { a: { type: 'object', properties: { b: { $ref: '#/$defs/b' } } }, b: { type: 'array', items: { $ref: '#/$defs/a' } } },
      },
      true,
    ],
    [{ type: 'object', properties: { a: { $ref: '#/components/schemas/A' } } }, true],
    [
      {
        allOf: [
          { type: 'object', properties: { a: { type: 'string' } } },
          { type: 'object', properties: { b: { type: 'string' } } },
        ],
      },
      true,
    ],
    [{ anyOf: [{ type: 'string' }], oneOf: [{ const: 1 }] }, true],
    [{ anyOf: [{ type: 'object', properties: { a: { type: 'string' } } }, { type: 'null' }] }, false],
    [{ type: 'object', properties: { a: { type: 'string' } }, anyOf: [{ required: ['a'] }] }, true],
  ])('%j: %s', (schema, expected) => {
    expect(isUnclosable(schema)).toBe(expected);
  });
});
