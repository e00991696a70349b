/** A provider as this deployment reaches it: its entry with the values of the variables that it names. */
import type { Provider, Region, Settings, Signing } from './provider';

export interface ConfiguredProvider {
  readonly provider: Provider;
  readonly baseUrl: string;
  /** Where the provider itself would be. */
  readonly ownUrl: string;
  /** The base URL is not the provider's own. */
  readonly moved: boolean;
  readonly key: string | null;
  /** In place of a key, or null. */
  readonly signing: Signing | null;
  readonly settings: Settings;
  /** Nothing is missing. */
  readonly ready: boolean;
  /** Variables that have to be set before it can be asked. */
  readonly missing: readonly string[];
  /** The deployment has no region, or the provider is asked in it. */
  readonly inRegion: boolean;
}

/** `{NAME}` or `{NAME=default}`. */
const PLACEHOLDER = /\{([A-Z0-9_]+)(?:=([^}]*))?\}/g;
/** Stands in a URL for what is not set; nobody is asked there. */
const UNSET = 'https://unset.invalid';

/** The variables that an entry names, but for those of key and base URL. */
export function settingNames({ baseUrl, settings, signing }: Provider): string[] {
  const inUrl = [...baseUrl.matchAll(PLACEHOLDER)].map(([, name]) => name ?? '');
  return [...new Set([...inUrl, ...(settings ?? []), ...(signing?.variables ?? [])])];
}

/** `region`: what the deployment is bound to, or null. */
export function configure(provider: Provider, vars: Readonly<Record<string, unknown>>, region: Region | null = null): ConfiguredProvider {
  const heldIn = (name: string): string | null => {
    const value = vars[name];
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
  };
  const defaults = [...provider.baseUrl.matchAll(PLACEHOLDER)].flatMap(([, name, value]) => (value === undefined ? [] : [[name ?? '', value]]));
  const found = settingNames(provider).flatMap((name) => {
    const value = heldIn(name);
    return value === null ? [] : [[name, value]];
  });
  const settings: Settings = Object.fromEntries([...defaults, ...found]);
  const key = provider.keyVariable === null ? null : heldIn(provider.keyVariable);
  const signing = key === null ? (provider.signing?.read(settings) ?? null) : null;
  const moved = heldIn(provider.baseUrlVariable);
  const isMoved = moved !== null && URL.canParse(moved);
  const unset = isMoved
    ? []
    : [...provider.baseUrl.matchAll(PLACEHOLDER)].map(([, name]) => name ?? '').filter((name) => settings[name] === undefined);
  const unproved = provider.keyVariable === null || key !== null || signing !== null ? [] : [credentialsOf(provider, settings)];
  const missing = [...new Set([...unproved, ...unset])];
  const ownUrl = (region === null ? undefined : provider.regions?.[region]) ?? ownUrlOf(provider, settings);
  const inRegion = region === null || isMoved || isIn(provider, settings, region);
  return {
    provider,
    baseUrl: isMoved ? moved.replace(/\/+$/, '') : ownUrl,
    ownUrl,
    moved: isMoved,
    key,
    signing,
    settings,
    ready: missing.length === 0 && inRegion,
    missing,
    inRegion,
  };
}

/** Where the operator names the very address, as of a server of one's own or a resource at Azure, it is the operator who knows. */
function isIn({ regions, regionsBy, baseUrl }: Provider, settings: Settings, region: Region): boolean {
  if (regionsBy !== undefined) return regionsBy(settings).includes(region);
  return regions?.[region] !== undefined || baseUrl.startsWith('{');
}

function ownUrlOf(provider: Provider, settings: Settings): string {
  const url = provider.baseUrl.replace(PLACEHOLDER, (_, name: string) => (settings[name] ?? '').replace(/\/+$/, '')).replace(/\/+$/, '');
  const isWhole = [...provider.baseUrl.matchAll(PLACEHOLDER)].every(([, name]) => settings[name ?? ''] !== undefined);
  const adapted = provider.adaptUrl?.(url) ?? url;
  return isWhole && URL.canParse(adapted) ? adapted : UNSET;
}

function credentialsOf({ keyVariable, signing }: Provider, settings: Settings): string {
  if (signing === undefined) return String(keyVariable);
  const needed = signing.variables.slice(0, signing.required);
  const isSet = needed.every((name) => settings[name] !== undefined);
  return `${keyVariable} (or ${needed.join(' and ')}${isSet ? ', which cannot be read as it is' : ''})`;
}
