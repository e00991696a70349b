import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendItem, editJson } from '../../src/wires/edit-json';

describe('editJson', () => {
  it('sets a member and leaves every other byte as it was', () => {
    const body = '{ "seed":12345678901234567890,\n "model" : "a\\"b", "messages":[{"model":"inner"}] }';
    expect(editJson(body, [{ key: 'model', json: '"x"' }])).toBe('{ "seed":12345678901234567890,\n "model" : "x", "messages":[{"model":"inner"}] }');
  });

  it('adds what is missing at the end, also to an empty object', () => {
    expect(editJson('{"a":1 }', [{ key: 'b', json: '{"c":2}' }])).toBe('{"a":1 ,"b":{"c":2}}');
    expect(editJson('{}', [{ key: 'b', json: '2' }])).toBe('{"b":2}');
  });

  it('sets a member that stands twice at both places', () => {
    expect(editJson('{"model":"a","model":"b"}', [{ key: 'model', json: '"x"' }])).toBe('{"model":"x","model":"x"}');
  });

  it('agrees with parsing, setting and comparing for any object', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.string(),
        fc.jsonValue(),
        fc.constantFrom(undefined, 2),
        (object, key, value, indent) => {
          const before = JSON.stringify(object, null, indent);
          const after = editJson(before, [{ key, json: JSON.stringify(value) }]);
          const expected = Object.fromEntries([...Object.entries(JSON.parse(before)), [key, JSON.parse(JSON.stringify(value))]]);
          expect(JSON.parse(after)).toEqual(JSON.parse(JSON.stringify(expected)));
        },
      ),
    );
  });

  it('takes members out with their comma, wherever they stand', () => {
    const out = (text: string) => editJson(text, [{ key: 'x', json: null }]);
    expect(['{"x":1,"a":2}', '{"a":2, "x":1}', '{"a":2,"x":1,"b":3}', '{"x":1}', '{"a":2}'].map(out)).toEqual([
      '{"a":2}',
      '{"a":2}',
      '{"a":2,"b":3}',
      '{}',
      '{"a":2}',
    ]);
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(undefined, 2), (object, indent) => {
        const [key = 'none'] = Object.keys(object);
        const before = JSON.stringify(object, null, indent);
        const { [key]: _, ...rest } = JSON.parse(before);
        expect(JSON.parse(editJson(before, [{ key, json: null }]))).toEqual(rest);
      }),
    );
  });
});

describe('appendItem', () => {
  it('leaves the items as they were written', () => {
    const tools = '[ {"max":12345678901234567890, "f":1.0} ]';
    expect(appendItem(`{"tools":${tools},"b":1}`, 'tools', '{"n":1}')).toBe('{"tools":[ {"max":12345678901234567890, "f":1.0} ,{"n":1}],"b":1}');
    expect(appendItem('{"tools":[ ]}', 'tools', '1')).toBe('{"tools":[ 1]}');
    expect(appendItem('{"a":1}', 'tools', '1')).toBe('{"a":1,"tools":[1]}');
    expect(appendItem('{}', 'tools', '1')).toBe('{"tools":[1]}');
    expect(appendItem('{"tools":null}', 'tools', '1')).toBe('{"tools":[1]}');
    expect(appendItem('{"tools":"x"}', 'tools', '1')).toBe('{"tools":"x"}');
  });
});
