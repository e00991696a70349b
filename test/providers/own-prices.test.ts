import { findProvider } from '@pydantic/genai-prices';
import { describe, expect, it } from 'vitest';
import { NO_USAGE, type Usage } from '../../schema/record';
import { priceCall } from '../../src/gateway/price';
import { contextWindow, serves } from '../../src/providers/catalogue';
import { OWN_PRICES } from '../../src/providers/own-prices';
import { PROVIDER_BY_NAME, PROVIDERS } from '../../src/providers/registry';

const cost = (provider: string, model: string, usage: Partial<Usage>): number | null =>
  priceCall(provider, [model], { ...NO_USAGE, ...usage }, Date.UTC(2026, 10, 22), () => null).nanoUsd;

describe('our own price lists', () => {
  it.each([...OWN_PRICES.keys()])('%s is one of our providers, and none of the catalogue’s, whose list would be the better one', (id) => {
    expect(PROVIDER_BY_NAME.get(id)?.priceId).toBe(id);
    expect(findProvider({ providerId: id })).toBeUndefined();
  });

  it('leave no provider with a list that nobody has', () => {
    const without = PROVIDERS.filter(
      ({ priceId }) => priceId !== null && !OWN_PRICES.has(priceId) && findProvider({ providerId: priceId }) === undefined,
    );
    expect(without).toEqual([]);
  });

  it.each([
    // 1,000 × $2 + 500 × $8 a million.
    ['ai21', 'jamba-large', { input: 1_000, output: 500 }, 6_000_000],
    ['ai21', 'jamba-large-1.7-2025-07', { input: 1_000, output: 500 }, 6_000_000],
    // 600 × $0.30 + 400 × $0.06 + 100 × $1.20.
    ['upstage', 'solar-pro4-260806', { input: 1_000, cacheRead: 400, output: 100 }, 324_000],
    // Longer prompts cost more in all: 100,000 × $2.40 + 1,000 × $12.
    ['qwen', 'qwen3-max', { input: 100_000, output: 1_000 }, 252_000_000],
    ['qwen', 'qwen3-max', { input: 32_000, output: 1_000 }, 44_400_000],
    ['qwen', 'qwen3-max-2026-01-23', { input: 200_000, cacheRead: 100_000, output: 1_000 }, 375_000_000],
    ['qwen', 'text-embedding-v4', { input: 1_000_000 }, 70_000_000],
    ['jina', 'jina-reranker-v2-base-multilingual', { input: 20_000 }, 1_000_000],
    ['nebius', 'qwen/qwen3.8-27b', { input: 1_000, output: 1_000 }, 3_450_000],
    ['deepinfra', 'openai/gpt-oss-20b', { input: 1_000_000, output: 1_000_000 }, 170_000_000],
    ['sambanova', 'DeepSeek-V3.1', { input: 10, output: 10 }, 75_000],
    ['inception', 'mercury-2', { input: 1_000, cacheRead: 1_000, output: 0 }, 25_000],
    // It costs more when it thinks, which no count tells.
    ['qwen', 'qwen-plus', { input: 1_000, output: 500 }, null],
    ['qwen', 'qwen3-max-of-another-kind', { input: 1_000, output: 500 }, null],
  ])('%s/%s', (provider, model, usage, expected) => {
    expect(cost(provider, model, usage)).toBe(expected);
  });

  it('make their models known, with their windows', () => {
    const qwen = PROVIDER_BY_NAME.get('qwen');
    if (qwen === undefined) throw new Error('no qwen');
    expect(['qwen3-max', 'QWEN3-max-2026-01-23', 'qwen3-max-latest', 'qwen3-mux'].map((name) => serves(qwen, name))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(contextWindow(qwen, 'qwen3-max')).toBe(262_144);
  });
});
