/**
 * Which provider serves which model, by the match clauses of the price catalogue (`@pydantic/genai-prices`).
 * Its clauses are wide where they price (`starts_with: "gpt-5-nano-"`); here only names that it spells out count as known,
 * and such a prefix with a date or version tag behind it, so that a misspelt name is caught before it is sent.
 */
import type { MatchLogic, ModelInfo } from '@pydantic/genai-prices';
import { distance } from 'fastest-levenshtein';
import { type Abilities, abilitiesOf } from './abilities';
import { outputLimit } from './output-limits';
import { listPrice, priceList } from './price-list';
import type { EndpointName, Provider } from './provider';

export interface CatalogueModel {
  readonly id: string;
  readonly contextWindow: number | null;
  /** Tokens of one answer. */
  readonly outputLimit: number | null;
  readonly abilities: Abilities | null;
  /** US dollars per million tokens, first tier, or null where there is no plain price. */
  readonly inputUsdPerMillion: number | null;
  readonly outputUsdPerMillion: number | null;
}

/** What may follow a prefix clause: dates, `-latest`, `-preview`, `@date`, `:free`, `-v2:0`. */
const VERSION_TAIL = /^(?:[-@:](?:\d[\d-]*|latest|preview|exp|free|v\d[\w:.]*))*$/;
const NEAREST_COUNT = 3;
/** Any usage finds a model's row. */
const ONE = { input_tokens: 1, output_tokens: 1 };

interface Index {
  readonly names: Set<string>;
  readonly prefixes: string[];
  readonly patterns: RegExp[];
  /** Names that begin with a vendor (`moonshotai/kimi-k2-0905`), as they are written, by what follows it. */
  readonly withVendor: Map<string, string>;
}

const indexes = new Map<string, Index>();

function addName(name: string, into: Index): void {
  const own = name.slice(name.lastIndexOf('/') + 1).toLowerCase();
  into.names.add(name.toLowerCase());
  if (name.includes('/') && !into.withVendor.has(own)) into.withVendor.set(own, name);
}

function collect(match: MatchLogic, into: Index): void {
  if ('or' in match) for (const each of match.or) collect(each, into);
  else if ('equals' in match) addName(match.equals, into);
  else if ('starts_with' in match) into.prefixes.push(match.starts_with.toLowerCase());
  else if ('regex' in match && match.regex.startsWith('^') && match.regex.endsWith('$')) into.patterns.push(new RegExp(match.regex, 'i'));
  else if ('and' in match) {
    const prefix = match.and.find((each) => 'starts_with' in each);
    if (prefix !== undefined && 'starts_with' in prefix) into.prefixes.push(prefix.starts_with.toLowerCase());
  }
}

function modelsIn(priceId: string | null): readonly ModelInfo[] {
  return priceId === null ? [] : (priceList(priceId)?.models ?? []);
}

function indexOf(provider: Provider): Index {
  const known = indexes.get(provider.slug);
  if (known !== undefined) return known;
  const into: Index = { names: new Set(), prefixes: [], patterns: [], withVendor: new Map() };
  for (const name of provider.models) addName(name, into);
  for (const model of modelsIn(provider.priceId)) {
    addName(model.id, into);
    collect(model.match, into);
  }
  indexes.set(provider.slug, into);
  return into;
}

/** What a model can be asked for at this provider. */
export const endpointsOf = (provider: Provider, model: string): readonly EndpointName[] => provider.endpointsFor?.(model) ?? provider.endpoints;

/** The provider's name of a model whose vendor was left out (`kimi-k2-0905`), or null. */
export const withVendor = (provider: Provider, name: string): string | null => indexOf(provider).withVendor.get(name.toLowerCase()) ?? null;

/** Whether the provider is known to serve a model of this name. */
export function serves(provider: Provider, name: string): boolean {
  if (endpointsOf(provider, name).length === 0) return false;
  const index = indexOf(provider);
  const lower = name.toLowerCase();
  if (index.names.has(lower)) return true;
  if (index.prefixes.some((prefix) => lower.startsWith(prefix) && VERSION_TAIL.test(lower.slice(prefix.replace(/[-@]$/, '').length)))) {
    return true;
  }
  if (index.patterns.some((pattern) => pattern.test(name))) return true;
  const spelled = provider.spelling?.(name) ?? name;
  return spelled !== name && serves(provider, spelled);
}

const firstTier = (price: unknown): number | null => {
  if (typeof price === 'number') return price;
  return typeof price === 'object' && price !== null && 'base' in price && typeof price.base === 'number' ? price.base : null;
};

const knownOf = (id: string) => ({ id, outputLimit: outputLimit(id), abilities: abilitiesOf(id) });

/** The provider's models by name, deprecated ones left out. */
export function listModels(provider: Provider): CatalogueModel[] {
  const priced = modelsIn(provider.priceId)
    .filter((model) => model.deprecated !== true && endpointsOf(provider, model.id).length > 0)
    .map((model) => described(model.id, model));
  const listed = new Set(priced.map((model) => model.id));
  const further = provider.models.filter((id) => !listed.has(id)).map((id) => described(id, undefined));
  return [...further, ...priced];
}

function described(id: string, model: ModelInfo | undefined): CatalogueModel {
  const prices = Array.isArray(model?.prices) ? model.prices.at(-1)?.prices : model?.prices;
  return {
    ...knownOf(id),
    contextWindow: model?.context_window ?? null,
    inputUsdPerMillion: firstTier(prices?.['input_mtok']),
    outputUsdPerMillion: firstTier(prices?.['output_mtok']),
  };
}

/** A model by a name that is not listed, and served all the same (`gpt-4o-2024-08-06`). */
export function namedModel(provider: Provider, name: string): CatalogueModel {
  const spelled = provider.spelling?.(name) ?? name;
  const found = provider.priceId === null ? null : listPrice(provider.priceId, spelled, ONE);
  return described(name, found?.model);
}

/** Tokens of prompt and answer that a model takes, or null when the catalogue does not know. */
export function contextWindow(provider: Provider, name: string): number | null {
  const { priceId } = provider;
  return priceId === null ? null : (listPrice(priceId, name, ONE)?.model.context_window ?? null);
}

interface DearestPrice {
  readonly inputUsdPerMillion: number;
  readonly outputUsdPerMillion: number;
}
const dearest = new Map<string, DearestPrice | null>();

/** The highest prices of a provider's models, input and output each for itself; null where none is known. */
export function dearestPrice(provider: Provider): DearestPrice | null {
  const known = dearest.get(provider.slug);
  if (known !== undefined) return known;
  const models = listModels(provider);
  const most = (prices: readonly (number | null)[]): number => Math.max(0, ...prices.filter((price) => price !== null));
  const price = {
    inputUsdPerMillion: most(models.map((model) => model.inputUsdPerMillion)),
    outputUsdPerMillion: most(models.map((model) => model.outputUsdPerMillion)),
  };
  const result = price.inputUsdPerMillion + price.outputUsdPerMillion === 0 ? null : price;
  dearest.set(provider.slug, result);
  return result;
}

/** The names among the providers' models that look most like `name`, nearest first. */
export function nearestModels(providers: readonly Provider[], name: string): string[] {
  const lower = name.toLowerCase();
  const candidates = new Set(providers.flatMap((provider) => listModels(provider).map((model) => model.id)));
  return [...candidates]
    .map((id) => ({ id, far: distance(lower, id.toLowerCase()) }))
    .sort((a, b) => a.far - b.far || a.id.localeCompare(b.id))
    .slice(0, NEAREST_COUNT)
    .map((each) => each.id);
}
