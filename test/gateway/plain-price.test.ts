/** The quick road of a price against the catalogue's own arithmetic, over every model that it lists. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_USAGE } from '../../schema/record';
import { plainCost } from '../../src/gateway/plain-price';
import { listModels } from '../../src/providers/catalogue';
import { listPrice } from '../../src/providers/price-list';
import { PROVIDERS } from '../../src/providers/registry';

const AT = Date.parse('2026-11-01T12:00:00Z');
const LISTED = PROVIDERS.flatMap((provider) =>
  provider.priceId === null ? [] : listModels(provider).map(({ id }) => [provider.priceId ?? '', id] as const),
);

const counts = fc.record({
  input: fc.integer({ min: 0, max: 300_000 }),
  cacheRead: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 100_000 })),
  cacheWrite: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 100_000 })),
  output: fc.integer({ min: 0, max: 100_000 }),
});

describe('plainCost', () => {
  it('gives what the catalogue gives, or leaves the price to it', () => {
    let answered = 0;
    fc.assert(
      fc.property(fc.constantFrom(...LISTED), counts, ([priceId, model], { input, cacheRead, cacheWrite, output }) => {
        const plain = plainCost(priceId, model, { ...NO_USAGE, input, cacheRead, cacheWrite, output }, AT);
        if (plain === null) return;
        answered++;
        const stated = { input_tokens: input, output_tokens: output, cache_read_tokens: cacheRead, cache_write_tokens: cacheWrite };
        const usage = Object.fromEntries(Object.entries(stated).filter(([name, count]) => count > 0 || /^(?:in|out)put/.test(name)));
        const result = listPrice(priceId, model, usage, new Date(AT));
        // Half a nano-dollar is rounded up here, and either way by the catalogue's sums of floats.
        expect(Math.abs(plain - (result?.total_price ?? Number.NaN) * 1e9)).toBeLessThan(0.501);
      }),
      { numRuns: 5_000 },
    );
    expect(answered).toBeGreaterThan(1_000);
  });

  it('leaves to the catalogue what has a tier, a unit of its own, or more parts than the whole', () => {
    const usage = { ...NO_USAGE, input: 1_000, output: 10 };
    expect(plainCost('anthropic', 'claude-sonnet-4-5', usage, AT)).toBe(1_000 * 3_000 + 10 * 15_000);
    expect(plainCost('anthropic', 'claude-sonnet-4-5', { ...usage, input: 250_000 }, AT)).toBeNull();
    expect(plainCost('anthropic', 'claude-sonnet-4-5', { ...usage, webSearches: 1 }, AT)).toBeNull();
    expect(plainCost('anthropic', 'claude-sonnet-4-5', { ...usage, cacheRead: 1_001 }, AT)).toBeNull();
    expect(plainCost('anthropic', 'no-such-model', usage, AT)).toBeNull();
  });
});
