/**
 * Prices that the catalogue lacks, in US dollars, by provider and the beginning of a model's name (the longest that fits counts).
 *
 * - https://platform.openai.com/docs/pricing (speech)
 * - https://cohere.com/pricing (rerank)
 * - https://docs.voyageai.com/docs/pricing (rerank)
 * - https://ai.google.dev/gemini-api/docs/pricing, https://cloud.google.com/vertex-ai/generative-ai/pricing (searches on the web)
 */
export interface UnitPrice {
  readonly perMillionCharacters?: number;
  readonly perThousandSearches?: number;
  readonly perMillionInputTokens?: number;
  readonly perThousandWebSearches?: number;
  /** Of calls that searched, however often. */
  readonly perThousandGrounded?: number;
}

const PRICES: readonly (readonly [provider: string, prefix: string, price: UnitPrice])[] = [
  ['openai', 'tts-1', { perMillionCharacters: 15 }],
  ['openai', 'tts-1-hd', { perMillionCharacters: 30 }],
  ['cohere', 'rerank-v3.5', { perThousandSearches: 2 }],
  ['cohere', 'rerank-english-v3.0', { perThousandSearches: 2 }],
  ['cohere', 'rerank-multilingual-v3.0', { perThousandSearches: 2 }],
  ['cohere', 'rerank-v4.0-fast', { perThousandSearches: 2 }],
  ['cohere', 'rerank-v4.0-pro', { perThousandSearches: 2.5 }],
  ...['google', 'vertex'].flatMap((slug) => [
    ...['gemini-2.0', 'gemini-2.5'].map((prefix) => [slug, prefix, { perThousandGrounded: 35 }] as const),
    ...['gemini-3', 'gemini-3.1', 'gemini-3.5'].map((prefix) => [slug, prefix, { perThousandWebSearches: 14 }] as const),
  ]),
  ['voyage', 'rerank-2.5', { perMillionInputTokens: 0.05 }],
  ['voyage', 'rerank-2.5-lite', { perMillionInputTokens: 0.02 }],
];

/** Each call searches, for a fee that no answer of theirs counts: https://platform.openai.com/docs/models/gpt-4o-search-preview */
const SEARCHING = /\bsearch-(?:preview|api)\b/;
/** Providers whose tiers of service cost the same: https://console.groq.com/docs/service-tiers */
const ONE_PRICE: ReadonlySet<string> = new Set(['groq']);

/** Something of the call is billed that has no price here: what the rest costs would be taken for the whole. */
export const isPartlyPriced = (
  provider: string,
  model: string,
  { vendorTools, otherTier }: { readonly vendorTools: number; readonly otherTier: number },
): boolean => vendorTools > 0 || (otherTier > 0 && !ONE_PRICE.has(provider)) || (provider === 'openai' && SEARCHING.test(model));

const byLength = [...PRICES].sort(([, a], [, b]) => b.length - a.length);

/** Null where there is none. */
export function unitPrice(provider: string, model: string): UnitPrice | null {
  const name = model.toLowerCase();
  return (
    byLength.find(([slug, prefix]) => slug === provider && name.startsWith(prefix) && !/[a-z0-9.]/.test(name.charAt(prefix.length)))?.[2] ?? null
  );
}
