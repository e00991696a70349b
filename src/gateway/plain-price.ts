/**
 * The catalogue's prices, met once a minute for each model: finding a model among them and taking a usage apart cost a call 5 to 30 µs,
 * the four products that most calls need cost none. What is priced by more than those is left to the catalogue's own arithmetic.
 */
import type { ModelPrice } from '@pydantic/genai-prices';
import { NO_USAGE, type Usage } from '../../schema/record';
import { listPrice } from '../providers/price-list';

const MINUTE_MS = 60_000;
const MET_LIMIT = 1_000;
/** US dollars per million tokens to nano-dollars per token. */
const NANO_PER_TOKEN = 1_000;

const met = new Map<string, ModelPrice | null>();
let metMinute = 0;

/** Prices may change by date and by the time of day; none does within a minute. */
function pricesOf(priceId: string, model: string, atMs: number): ModelPrice | null {
  const minute = Math.floor(atMs / MINUTE_MS);
  if (minute !== metMinute || met.size >= MET_LIMIT) {
    met.clear();
    metMinute = minute;
  }
  const name = `${priceId}\n${model}`;
  let prices = met.get(name);
  if (prices === undefined) {
    const one = { input_tokens: 1, output_tokens: 1 };
    prices = listPrice(priceId, model, one, new Date(atMs))?.model_price ?? null;
    met.set(name, prices);
  }
  return prices;
}

const PLAIN: ReadonlySet<string> = new Set(['input', 'cacheRead', 'cacheWrite', 'output', 'otherTier', 'reportedCostUsd']);
/** What the four products do not cover. */
const FURTHER = (Object.keys(NO_USAGE) as (keyof Usage)[]).filter((name) => !PLAIN.has(name));

/** Whole nano-dollars, or null where this usage or this model needs more than four products. `atMs`: Unix milliseconds. */
export function plainCost(priceId: string, model: string, usage: Usage, atMs: number): number | null {
  if (FURTHER.some((name) => usage[name] !== 0)) return null;
  const prices = pricesOf(priceId, model, atMs);
  // Some take money for each request, whatever it used up.
  if (prices === null || prices['requests_kcount'] !== undefined) return null;
  const parts = [
    [usage.input - usage.cacheRead - usage.cacheWrite, prices['input_mtok']],
    [usage.cacheRead, prices['cache_read_mtok']],
    [usage.cacheWrite, prices['cache_write_mtok']],
    [usage.output, prices['output_mtok']],
  ] as const;
  let nanoUsd = 0;
  for (const [count, price] of parts) {
    if (count === 0) continue;
    const usdPerMillion = typeof price === 'object' ? baseOf(price, usage.input) : price;
    if (count < 0 || usdPerMillion === undefined) return null;
    nanoUsd += count * usdPerMillion * NANO_PER_TOKEN;
  }
  return Math.round(nanoUsd);
}

/** The price below the first tier, which counts by the tokens of the prompt. */
const baseOf = ({ base, tiers }: Exclude<ModelPrice[string], number | undefined>, inputTokens: number): number | undefined =>
  tiers.every(({ start }) => inputTokens < start) ? base : undefined;
