/**
 * Price lists of providers that the catalogue lacks, in its own shape: US dollars per million tokens, as their pages had them between
 * August and November 2026. No page was read live: the figures come by way of lists that others keep of them (LiteLLM's of 12 November,
 * models.dev's of 23 October, copies of the pages themselves), and where those differ, by the newest that names the page.
 *
 * - https://www.alibabacloud.com/help/en/model-studio/model-pricing (Singapore), https://www.ai21.com/pricing, https://www.upstage.ai/pricing
 * - https://docs.inceptionlabs.ai/get-started/models, https://jina.ai/embeddings, https://cloud.sambanova.ai/plans/pricing
 * - https://tokenfactory.nebius.com, https://deepinfra.com/pricing
 *
 * Left out is what costs more when it thinks (`qwen-plus`), is sold below its list price for a time, or was told with no page behind it.
 * Cached tokens without a price of their own count as any others, which is too much rather than too little. A tenant can set its own.
 */
import type { MatchLogic, ModelInfo, Provider as PriceList } from '@pydantic/genai-prices';

/** A price for each prompt, or what prompts cost that are longer than so many tokens. */
type Price = number | { readonly base: number; readonly over: readonly (readonly [tokens: number, price: number])[] };

interface Row {
  readonly window: number | null;
  readonly input: Price;
  readonly output: Price;
  /** Absent: as any other input. */
  readonly cached?: Price;
  readonly alias?: string;
}

/** Vectors have no output. */
const NONE = 0;
const K = 1_000;
const M = 1_000_000;

/** Of a model whose prices grow with the prompt. */
const tiers = (base: number, ...over: readonly (readonly [tokens: number, price: number])[]): Price => ({ base, over });

const LISTS: Readonly<Record<string, Readonly<Record<string, Row>>>> = {
  qwen: {
    'qwen3.8-max': { window: M, input: 2, cached: 0.25, output: 6 },
    'qwen3.8-flash': { window: M, input: 0.15, cached: 0.016, output: 0.47 },
    'qwen3.8-27b': { window: null, input: 0.5, cached: 0.1, output: 3 },
    'qwen3.7-max': { window: M, input: 2.5, cached: 0.5, output: 7.5 },
    'qwen3.7-flash': {
      window: null,
      input: tiers(0.03, [32 * K, 0.1], [256 * K, 0.2]),
      cached: tiers(0.006, [32 * K, 0.02], [256 * K, 0.04]),
      output: tiers(0.13, [32 * K, 0.4], [256 * K, 0.8]),
    },
    'qwen3.6-plus': { window: M, input: tiers(0.5, [256 * K, 2]), output: tiers(3, [256 * K, 6]) },
    'qwen3.6-flash': { window: M, input: tiers(0.25, [256 * K, 1]), output: tiers(1.5, [256 * K, 4]) },
    'qwen3.6-27b': { window: 262_144, input: 0.6, output: 3.6 },
    'qwen3.5-plus': { window: M, input: tiers(0.4, [256 * K, 0.5]), output: tiers(2.4, [256 * K, 3]) },
    'qwen3.5-flash': { window: M, input: 0.1, cached: 0.02, output: 0.4 },
    'qwen3.5-397b-a17b': { window: 262_144, input: 0.6, output: 3.6 },
    'qwen3.5-122b-a10b': { window: 262_144, input: 0.4, output: 3.2 },
    'qwen3.5-27b': { window: 262_144, input: 0.3, output: 2.4 },
    'qwen3.5-35b-a3b': { window: 262_144, input: 0.25, output: 2 },
    'qwen3-max': {
      window: 262_144,
      input: tiers(1.2, [32 * K, 2.4], [128 * K, 3]),
      cached: tiers(0.24, [32 * K, 0.48], [128 * K, 0.6]),
      output: tiers(6, [32 * K, 12], [128 * K, 15]),
    },
    'qwen-max': { window: 32_768, input: 1.6, cached: 0.32, output: 6.4 },
    'qwen-flash': { window: M, input: tiers(0.05, [256 * K, 0.25]), cached: tiers(0.01, [256 * K, 0.05]), output: tiers(0.4, [256 * K, 2]) },
    'qwen3-coder-plus': {
      window: M,
      input: tiers(1, [32 * K, 1.8], [128 * K, 3], [256 * K, 6]),
      cached: tiers(0.2, [32 * K, 0.36], [128 * K, 0.6], [256 * K, 1.2]),
      output: tiers(5, [32 * K, 9], [128 * K, 15], [256 * K, 60]),
    },
    'qwen3-coder-flash': {
      window: M,
      input: tiers(0.3, [32 * K, 0.5], [128 * K, 0.8], [256 * K, 1.6]),
      cached: tiers(0.08, [32 * K, 0.12], [128 * K, 0.2], [256 * K, 0.4]),
      output: tiers(1.5, [32 * K, 2.5], [128 * K, 4], [256 * K, 9.6]),
    },
    'qwen3-vl-plus': {
      window: 262_144,
      input: tiers(0.2, [32 * K, 0.3], [128 * K, 0.6]),
      cached: tiers(0.04, [32 * K, 0.06], [128 * K, 0.12]),
      output: tiers(1.6, [32 * K, 2.4], [128 * K, 4.8]),
    },
    'qwen3-vl-flash': {
      window: 262_144,
      input: tiers(0.05, [32 * K, 0.075], [128 * K, 0.12]),
      cached: tiers(0.01, [32 * K, 0.015], [128 * K, 0.024]),
      output: tiers(0.4, [32 * K, 0.6], [128 * K, 0.96]),
    },
    'qwq-plus': { window: 131_072, input: 0.8, output: 2.4 },
    'text-embedding-v4': { window: 8_192, input: 0.07, output: NONE },
    'text-embedding-v3': { window: 8_192, input: 0.07, output: NONE },
  },
  ai21: {
    'jamba-large': { window: 256 * K, input: 2, output: 8, alias: 'jamba-large-1.7' },
    'jamba-mini': { window: 256 * K, input: 0.2, output: 0.4, alias: 'jamba-mini-2' },
  },
  upstage: {
    'solar-pro4': { window: 524_288, input: 0.3, cached: 0.06, output: 1.2 },
    'solar-pro3': { window: 131_072, input: 0.15, cached: 0.015, output: 0.6 },
    'solar-pro2': { window: 65_536, input: 0.15, cached: 0.015, output: 0.6 },
    'solar-mini4': { window: 524_288, input: 0.1, cached: 0.01, output: 0.4 },
    'solar-mini': { window: 32_768, input: 0.15, output: 0.15 },
  },
  inception: {
    'mercury-2.5': { window: 260 * K, input: 0.2, cached: 0.02, output: 0.75 },
    'mercury-2': { window: 128 * K, input: 0.25, cached: 0.025, output: 0.75 },
  },
  jina: {
    'jina-embeddings-v5-text-small': { window: 32_768, input: 0.05, output: NONE },
    'jina-embeddings-v5-text-nano': { window: 8_192, input: 0.02, output: NONE },
    'jina-embeddings-v4': { window: 32_768, input: 0.05, output: NONE },
    'jina-embeddings-v3': { window: 8_192, input: 0.05, output: NONE },
    'jina-reranker-v2-base-multilingual': { window: 1_024, input: 0.05, output: NONE },
  },
  sambanova: {
    'MiniMax-M3': { window: M, input: 0.6, cached: 0.06, output: 2.4 },
    'DeepSeek-V3.1': { window: 131_072, input: 3, output: 4.5 },
    'DeepSeek-V3.2': { window: 32_768, input: 3, output: 4.5 },
    'gemma-4-31B-it': { window: 131_072, input: 0.38, output: 1.15 },
    'gpt-oss-120b': { window: 131_072, input: 0.22, output: 0.59 },
    'Meta-Llama-3.3-70B-Instruct': { window: 131_072, input: 0.6, output: 1.2 },
  },
  nebius: {
    'deepseek-ai/DeepSeek-V4.1-Flash': { window: 1_048 * K, input: 0.3, output: 1.2 },
    'deepseek-ai/DeepSeek-V4-Pro': { window: 1_048_576, input: 1.75, output: 3.5 },
    'zai-org/GLM-5.3': { window: 1_024 * K, input: 1.4, output: 4.4 },
    'zai-org/GLM-5.3-Flash': { window: 1_024 * K, input: 0.15, output: 0.5 },
    'zai-org/GLM-5.2': { window: 432 * K, input: 1.4, output: 4.4 },
    'moonshotai/Kimi-K3': { window: 1_024 * K, input: 3, output: 15 },
    'moonshotai/Kimi-K2.7-Code': { window: 262_144, input: 0.95, output: 4 },
    'MiniMaxAI/MiniMax-M3': { window: 1_048_576, input: 0.3, output: 1.2 },
    'openai/gpt-oss-120b': { window: 131_072, input: 0.15, output: 0.6 },
    'Qwen/Qwen3.8-27B': { window: 262_144, input: 0.45, output: 3 },
    'Qwen/Qwen3.5-397B-A17B': { window: 262_144, input: 0.6, output: 3.6 },
    'Qwen/Qwen3-235B-A22B-Instruct-2507': { window: 262_144, input: 0.2, output: 0.6 },
    'nvidia/nemotron-3-super-120b-a12b': { window: 262_144, input: 0.3, output: 0.9 },
    'meta-llama/Llama-3.3-70B-Instruct': { window: 131_072, input: 0.13, output: 0.4 },
    'NousResearch/Hermes-4-405B': { window: 131_072, input: 1, output: 3 },
    'NousResearch/Hermes-4-70B': { window: 131_072, input: 0.13, output: 0.4 },
    'Qwen/Qwen3-Embedding-8B': { window: 32_768, input: 0.01, output: NONE },
  },
  deepinfra: {
    'deepseek-ai/DeepSeek-V4.1-Flash': { window: 1_048_576, input: 0.14, cached: 0.0042, output: 0.42 },
    'deepseek-ai/DeepSeek-V4-Pro-0813': { window: 1_048_576, input: 1.3, cached: 0.1, output: 2.6 },
    'deepseek-ai/DeepSeek-V3.2': { window: 163_840, input: 0.26, cached: 0.13, output: 0.38 },
    'zai-org/GLM-5.2': { window: 1_048_576, input: 0.75, cached: 0.14, output: 2.4 },
    'moonshotai/Kimi-K3': { window: 1_048_576, input: 2.85, cached: 0.285, output: 14.25 },
    'moonshotai/Kimi-K2.6': { window: 262_144, input: 0.75, cached: 0.15, output: 3.5 },
    'MiniMaxAI/MiniMax-M3': { window: 524_288, input: 0.28, cached: 0.056, output: 1.1 },
    'Qwen/Qwen3.8-Max': { window: 256 * K, input: 1.65, cached: 0.206, output: 4.951 },
    'Qwen/Qwen3.5-397B-A17B': { window: 262_144, input: 0.45, cached: 0.22, output: 3 },
    'Qwen/Qwen3-235B-A22B-Instruct-2507': { window: 262_144, input: 0.09, output: 0.55 },
    'openai/gpt-oss-120b': { window: 131_072, input: 0.037, output: 0.17 },
    'openai/gpt-oss-20b': { window: 131_072, input: 0.03, output: 0.14 },
    'google/gemma-4-31B-it': { window: 262_144, input: 0.13, output: 0.38 },
    'meta-llama/Llama-3.3-70B-Instruct-Turbo': { window: 131_072, input: 0.1, output: 0.32 },
    'meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8': { window: 1_048_576, input: 0.2, output: 0.8 },
    'BAAI/bge-m3': { window: 8_192, input: 0.01, output: NONE },
  },
};

const inCatalogue = (price: Price) =>
  typeof price === 'number' ? price : { base: price.base, tiers: price.over.map(([start, each]) => ({ start, price: each })) };

/** Behind a name: `qwen3.7-max-2026-05-20`, `solar-pro3-260323`, `jamba-large-1.7-2025-07`. */
const DATED = '-(?:latest|\\d{6}|\\d{4}-\\d\\d(?:-\\d\\d)?)$';
const escaped = (name: string): string => name.replace(/[.]/g, '\\.');

function model(id: string, { window, input, output, cached, alias }: Row): ModelInfo {
  const names = alias === undefined ? [id] : [id, alias];
  // Those that are written with capitals are of open models, which have no dates.
  const dated = (name: string): MatchLogic[] =>
    name === name.toLowerCase() ? [{ and: [{ starts_with: `${name}-` }, { regex: `^${escaped(name)}${DATED}` }] }] : [];
  const or = names.flatMap((name) => [{ equals: name }, ...dated(name)]);
  return {
    id,
    match: { or },
    ...(window !== null && { context_window: window }),
    prices: {
      input_mtok: inCatalogue(input),
      output_mtok: inCatalogue(output),
      ...(cached !== undefined && { cache_read_mtok: inCatalogue(cached) }),
    },
  };
}

/** By the provider's slug. */
export const OWN_PRICES: ReadonlyMap<string, PriceList> = new Map(
  Object.entries(LISTS).map(([id, rows]) => {
    const models = Object.entries(rows).map(([name, row]) => model(name, row));
    return [id, { id, name: id, api_pattern: '^$', models }];
  }),
);
