/**
 * Usage times price, in integer nano-dollars. A cost that the provider reports wins, then the tenant's own table, then
 * `@pydantic/genai-prices`, whose everyday part stands in `plain-price.ts`.
 */
import type { Usage as CatalogueUsage } from '@pydantic/genai-prices';
import type { Usage } from '../../schema/record';
import { listPrice } from '../providers/price-list';
import { PROVIDER_BY_NAME } from '../providers/registry';
import { isPartlyPriced, unitPrice } from '../providers/unit-prices';
import { plainCost } from './plain-price';

export const NANO_PER_USD = 1_000_000_000;
export const TOKENS_PER_MILLION = 1_000_000;

export type PriceSource = 'provider' | 'override' | 'catalogue';

export interface Cost {
  /** Integer nano-dollars, or null when it is unknown. */
  readonly nanoUsd: number | null;
  readonly source: PriceSource | null;
  readonly warning: string | null;
  /** What a cached answer would have cost, or null. */
  readonly savedNanoUsd?: number | null;
}

/** A price of the tenant's own, US dollars per million tokens, and for each image that is made. */
export interface PriceOverride {
  readonly inputUsdPerMillion: number;
  readonly outputUsdPerMillion: number;
  /** Absent: cached tokens cost what uncached ones do. */
  readonly cacheReadUsdPerMillion: number | null;
  readonly cacheWriteUsdPerMillion: number | null;
  readonly cacheWrite1hUsdPerMillion: number | null;
  readonly usdPerImage: number | null;
}

/** Looks an override up by provider slug and model name. */
export type FindOverride = (provider: string, model: string) => PriceOverride | null;

const toNano = (usd: number): number => Math.round(usd * NANO_PER_USD);

function overrideCost(usage: Usage, price: PriceOverride): number {
  const plainInput = usage.input - usage.cacheRead - usage.cacheWrite;
  const write = price.cacheWriteUsdPerMillion ?? price.inputUsdPerMillion;
  const usdPerMillion =
    Math.max(0, plainInput) * price.inputUsdPerMillion +
    usage.cacheRead * (price.cacheReadUsdPerMillion ?? price.inputUsdPerMillion) +
    (usage.cacheWrite - usage.cacheWrite1h) * write +
    usage.cacheWrite1h * (price.cacheWrite1hUsdPerMillion ?? write) +
    usage.output * price.outputUsdPerMillion;
  return Math.round((usdPerMillion * NANO_PER_USD) / TOKENS_PER_MILLION + usage.images * (price.usdPerImage ?? 0) * NANO_PER_USD);
}

/** Our counts by the catalogue's names; zero counts are left out, because it refuses a detail without its total. */
function catalogueUsage(usage: Usage): CatalogueUsage {
  const counts: CatalogueUsage = {
    input_tokens: usage.input,
    output_tokens: usage.output,
    cache_read_tokens: usage.cacheRead,
    cache_write_tokens: usage.cacheWrite,
    cache_write_1h_tokens: usage.cacheWrite1h,
    output_reasoning_tokens: usage.reasoning,
    input_audio_tokens: usage.inputAudio,
    output_audio_tokens: usage.outputAudio,
    cache_audio_read_tokens: usage.cacheReadAudio,
    web_searches: usage.webSearches,
    input_image_tokens: usage.inputImage,
    output_image_tokens: usage.outputImage,
    // The catalogue counts sound on the way in among all sound.
    audio_seconds: usage.audioSeconds,
    input_audio_seconds: usage.audioSeconds,
    input_characters: usage.characters,
    rerank_searches: usage.searches,
    input_document_pages: usage.pages,
    input_annotated_document_pages: usage.annotatedPages,
  };
  const stated = new Set(['input_tokens', 'output_tokens']);
  // Where sound came in and something was cached, it asks whether that was the sound.
  if (usage.inputAudio > 0 && usage.cacheRead > 0) stated.add('cache_audio_read_tokens');
  return Object.fromEntries(Object.entries(counts).filter(([name, value]) => stated.has(name) || value !== 0));
}

/** Details that the catalogue would price as plain tokens where it has no price of their own: wrong by a factor, so unknown. */
const UNPRICED_DETAILS = [
  ['inputAudio', 'input_audio_mtok'],
  ['outputAudio', 'output_audio_mtok'],
  ['cacheWrite1h', 'cache_write_1h_mtok'],
  ['characters', 'input_mchars'],
  ['searches', 'rerank_searches_kcount'],
  ['pages', 'input_document_kpages'],
  ['annotatedPages', 'input_annotated_document_kpages'],
] as const;

/** Something else than tokens was used up. */
const hasUnits = ({ images, audioSeconds, characters, searches, pages }: Usage): boolean => images + audioSeconds + characters + searches + pages > 0;

/** Of searches on the web, in nano-dollars; null where they have no price here. */
function searchCost(provider: string, model: string, searches: number): number | null {
  const price = unitPrice(provider, model);
  if (price?.perThousandWebSearches !== undefined) return Math.round((searches * price.perThousandWebSearches * NANO_PER_USD) / 1_000);
  return price?.perThousandGrounded === undefined ? null : Math.round((price.perThousandGrounded * NANO_PER_USD) / 1_000);
}

function catalogueCost(provider: string, priceId: string, model: string, usage: Usage, at: Date): number | null {
  if (isPartlyPriced(provider, model, usage)) return null;
  try {
    const plain = plainCost(priceId, model, usage, at.getTime());
    if (plain !== null) return plain;
    const result = listPrice(priceId, model, catalogueUsage(usage), at);
    if (result === null || UNPRICED_DETAILS.some(([tokens, price]) => usage[tokens] > 0 && result.model_price[price] === undefined)) return null;
    // No unit of this call has a price there.
    if (result.total_price === 0 && hasUnits(usage)) return null;
    const isSearchPriced = usage.webSearches === 0 || result.model_price.web_searches_kcount !== undefined;
    const searches = isSearchPriced ? 0 : searchCost(provider, model, usage.webSearches);
    return searches === null ? null : toNano(result.total_price) + searches;
  } catch {
    // Counts that contradict each other (more cached tokens than tokens) have no price.
    return null;
  }
}

/** What is billed in other units than tokens; null where that has no price here. */
function unitCost(provider: string, model: string, usage: Usage): number | null {
  const price = unitPrice(provider, model);
  if (price === null) return null;
  const parts = [
    [usage.characters, price.perMillionCharacters, 1_000_000],
    [usage.searches, price.perThousandSearches, 1_000],
    [usage.input, price.perMillionInputTokens, TOKENS_PER_MILLION],
  ] as const;
  const billed = parts.filter(([count, usd]) => count > 0 && usd !== undefined);
  if (billed.length === 0) return null;
  return Math.round(billed.reduce((sum, [count, usd = 0, per]) => sum + (count * usd * NANO_PER_USD) / per, 0));
}

/** `models`: names to look for, best first (override, the response's, the request's). `startedAt` in Unix milliseconds chooses dated prices. */
export function priceCall(provider: string, models: readonly string[], usage: Usage, startedAt: number, findOverride: FindOverride): Cost {
  if (usage.reportedCostUsd !== null) return { nanoUsd: toNano(usage.reportedCostUsd), source: 'provider', warning: null };
  for (const model of models) {
    const override = findOverride(provider, model);
    const isImagePriced = override?.usdPerImage != null && usage.images > 0;
    if (override !== null && (usage.input + usage.output > 0 || !hasUnits(usage) || isImagePriced))
      return { nanoUsd: overrideCost(usage, override), source: 'override', warning: null };
  }
  const entry = PROVIDER_BY_NAME.get(provider);
  for (const model of entry?.priceId == null ? [] : models) {
    const nanoUsd = catalogueCost(provider, entry?.priceId ?? '', model, usage, new Date(startedAt));
    if (nanoUsd !== null) return { nanoUsd, source: 'catalogue', warning: null };
  }
  for (const model of models) {
    const nanoUsd = unitCost(provider, model, usage);
    if (nanoUsd !== null) return { nanoUsd, source: 'catalogue', warning: null };
  }
  // Counting tokens uses none, whatever they would cost.
  if (Object.values(usage).every((used) => used === 0 || used === null)) return { nanoUsd: 0, source: null, warning: null };
  return { nanoUsd: null, source: null, warning: `cost unknown: no price for ${provider}/${models[0] ?? 'no model'}` };
}
