/**
 * The `model` of the AI Gateway: `item *("," item)`, `item = "!"provider | name[":online"]["/"provider["/"uid]] | provider"/"name`.
 * Names may hold slashes (`meta-llama/Llama-3.3-70B`). Precedence of an item: exact catalogue name, alone or behind a provider
 * (`openrouter/openai/gpt-4o` is no key `gpt-4o` of OpenAI); else its last segment is a provider; else the one before it is, unless the first is one, too (and the last is a uid); else the first is; else all parts are models: a chain.
 */

export interface ModelItem {
  readonly name: string;
  readonly provider: string | null;
  /** A stored key or deployment of that provider. */
  readonly uid: string | null;
  /** `:online`: with web search. */
  readonly online: boolean;
}

export interface ModelPlan {
  /** In the order of preference. */
  readonly items: readonly ModelItem[];
  /** Providers that must not be asked. */
  readonly excluded: readonly string[];
}

export interface ModelNames {
  isModel(name: string): boolean;
  isProvider(name: string): boolean;
  /** Whether this deployment can ask the provider. */
  isReady(provider: string): boolean;
  /** Whether somebody whom it can ask lists a model of this name. */
  isServed(name: string): boolean;
}

const ONLINE = ':online';

function item(text: string, provider: string | null, uid: string | null = null): ModelItem {
  const online = text.endsWith(ONLINE);
  return { name: online ? text.slice(0, -ONLINE.length) : text, provider, uid, online };
}

function parseItem(text: string, names: ModelNames): ModelItem[] {
  const parts = text.split('/');
  if (parts.length === 1) return [item(text, null)];
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  const beforeLast = parts.at(-2) ?? '';
  const startsWithProvider = names.isProvider(first);
  // Resellers list other vendors' models by `vendor/name`; there the vendor is meant.
  if (!startsWithProvider && names.isModel(item(text, null).name)) return [item(text, null)];
  // The vendor has no key here, and a reseller that has one lists the model by this very name.
  if (startsWithProvider && !names.isReady(first) && names.isServed(item(text, null).name)) return [item(text, null)];
  if (startsWithProvider && parts.length > 2 && names.isModel(item(parts.slice(1).join('/'), null).name))
    return [item(parts.slice(1).join('/'), first)];
  // Of two providers the first serves, and the second is the model's name (`groq/x`).
  if (names.isProvider(last) && !(startsWithProvider && parts.length === 2)) return [item(parts.slice(0, -1).join('/'), last)];
  if (parts.length > 2 && !startsWithProvider && names.isProvider(beforeLast)) return [item(parts.slice(0, -2).join('/'), beforeLast, last)];
  if (startsWithProvider) return [item(parts.slice(1).join('/'), first)];
  return parts.every((part) => names.isModel(item(part, null).name)) ? parts.map((part) => item(part, null)) : [item(text, null)];
}

/** The plan in a model string. An empty string, or one of commas alone, gives no items. */
export function parseModelString(text: string, names: ModelNames): ModelPlan {
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return {
    items: parts.filter((part) => !part.startsWith('!')).flatMap((part) => parseItem(part, names)),
    excluded: parts.filter((part) => part.startsWith('!')).map((part) => part.slice(1).trim()),
  };
}
