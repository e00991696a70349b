import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { orderByWeight, pointOf } from '../../../src/gateway/routing/weighted';

const targets = [
  { model: 'a', weight: 70 },
  { model: 'b', weight: 30 },
  { model: 'c', weight: 0 },
];

describe('orderByWeight', () => {
  it('puts each first for its part of the calls, and the others behind in their order', () => {
    expect(orderByWeight(targets, 0)).toEqual(['a', 'b', 'c']);
    expect(orderByWeight(targets, 0.69)).toEqual(['a', 'b', 'c']);
    expect(orderByWeight(targets, 0.7)).toEqual(['b', 'a', 'c']);
    expect(orderByWeight(targets, 0.999)).toEqual(['b', 'a', 'c']);
  });

  it('loses nobody, whatever the weights', () => {
    const list = fc.uniqueArray(fc.record({ model: fc.string({ minLength: 1 }), weight: fc.nat(100) }), {
      selector: ({ model }) => model,
      minLength: 1,
    });
    fc.assert(
      fc.property(list, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (any, point) => {
        const ordered = orderByWeight(any, point);
        expect([...ordered].sort()).toEqual(any.map(({ model }) => model).sort());
        const first = any.find(({ model }) => model === ordered[0]);
        if (any.some(({ weight }) => weight > 0)) expect(first?.weight).toBeGreaterThan(0);
      }),
    );
  });
});

describe('pointOf', () => {
  it('is the same for the same text, and spreads over the whole', () => {
    expect(pointOf('session-1')).toBe(pointOf('session-1'));
    const counts = [0, 0, 0, 0];
    for (let index = 0; index < 4_000; index++) {
      const quarter = Math.floor(pointOf(`user-${index}`) * 4);
      counts[quarter] = (counts[quarter] ?? 0) + 1;
    }
    for (const each of counts) expect(Math.abs(each - 1_000)).toBeLessThan(150);
  });
});
