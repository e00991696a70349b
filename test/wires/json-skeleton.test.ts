import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonSkeleton } from '../../src/wires/json-skeleton';

const KEPT = 64;
/** A text or a run of numbers that may be cut. */
const LONG = /"[^"]{21,}"|[-+.eE\d,\s]{60,}/;
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function skeletonOf(text: string, sizes: readonly number[] = []): unknown {
  const skeleton = new JsonSkeleton();
  let rest = bytesOf(text);
  for (const size of sizes) {
    skeleton.push(rest.subarray(0, size));
    rest = rest.subarray(size);
  }
  skeleton.push(rest);
  return skeleton.parse();
}

describe('JsonSkeleton', () => {
  it('is the text itself where nothing in it is long, however it is cut', () => {
    const objects = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ stringUnit: 'binary', maxDepth: 4 }));
    fc.assert(
      fc.property(objects, fc.array(fc.integer({ min: 1, max: 9 })), fc.boolean(), (value, sizes, isSpaced) => {
        const text = JSON.stringify(value, null, isSpaced ? 2 : 0);
        fc.pre(!LONG.test(text));
        expect(skeletonOf(text, sizes)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('cuts long texts, never amid an escape, and keeps what stands around them', () => {
    const pieces = fc.constantFrom('a', '"', '\\', '\n', '\u0007', 'ü', '水', '𝄞');
    fc.assert(
      fc.property(fc.array(pieces, { minLength: KEPT, maxLength: KEPT + 200 }), fc.array(fc.integer({ min: 1, max: 90 })), (list, sizes) => {
        const long = list.join('').repeat(3);
        const usage = { input: 7, note: '\\"' };
        const found = skeletonOf(JSON.stringify({ before: 1, parts: [{ data: long }, { data: long }], usage }), sizes) as {
          before: number;
          parts: { data: string }[];
          usage: unknown;
        };
        expect([found.before, found.parts.length, found.usage]).toEqual([1, 2, usage]);
        for (const { data } of found.parts) {
          expect(bytesOf(data).byteLength).toBeLessThanOrEqual(KEPT + 3);
          expect(long.startsWith(data.replace(/\uFFFD$/, ''))).toBe(true);
        }
      }),
    );
  });

  it('ends long lists of numbers early, between two of them', () => {
    const numbers = Array.from({ length: 5_000 }, (_, index) => (index % 2 === 0 ? -(index + 1) / 7 : index * 1e-9));
    for (const space of [0, 1]) {
      const text = JSON.stringify({ data: [{ embedding: numbers }, { embedding: numbers }], usage: { total_tokens: 9 } }, null, space);
      const found = skeletonOf(text) as { data: { embedding: number[] }[]; usage: unknown };
      expect([found.data.length, found.usage]).toEqual([2, { total_tokens: 9 }]);
      for (const { embedding } of found.data) {
        expect(embedding.length).toBeGreaterThan(2);
        expect(embedding).toEqual(numbers.slice(0, embedding.length));
      }
    }
  });

  it('holds as many vectors as one call may ask for, however they are written', () => {
    const usage = { prompt_tokens: 5_000 };
    for (const embedding of ['AAAA'.repeat(512), Array.from({ length: 150 }, (_, index) => index / 7)]) {
      const data = Array.from({ length: 2_048 }, (_, index) => ({ object: 'embedding', index, embedding }));
      expect(skeletonOf(JSON.stringify({ object: 'list', data, model: 'text-embedding-3-small', usage }))).toMatchObject({ usage });
    }
  });

  it('keeps what follows a long run of numbers or blanks', () => {
    const numbers = Array.from({ length: 200 }, () => 7);
    for (const end of ['x', null, [1], { y: 2 }, true]) {
      expect(skeletonOf(JSON.stringify({ list: [...numbers, end], usage: { input: 1 } }))).toMatchObject({ usage: { input: 1 } });
    }
    expect(skeletonOf(`{"a": 1,${' '.repeat(1_100)}"b":${'\n'.repeat(300)}[1,${' '.repeat(99)}"x"]}`)).toEqual({ a: 1, b: [1, 'x'] });
  });

  it('is none where it is too large itself, or no JSON', () => {
    expect(skeletonOf(JSON.stringify({ list: Array.from({ length: 50_000 }, () => 'x'.repeat(40)) }))).toBeNull();
    expect(skeletonOf('{"a":')).toBeNull();
  });
});
