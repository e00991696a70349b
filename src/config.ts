/** Vars and secrets to Config, checked once per isolate. Every name is described in the README's table. */
import { z } from 'zod';
import type { LimitUnit } from '../schema/limit-policy';
import { compatible } from './providers/compatible';
import { type ConfiguredProvider, configure } from './providers/configure';
import { type Provider, REGIONS, type Region } from './providers/provider';
import { PROVIDER_BY_NAME, PROVIDERS } from './providers/registry';

export interface Config {
  readonly adminKey: string;
  /** 32 bytes. */
  readonly vaultKey: Uint8Array;
  readonly mock: boolean;
  /** By slug and alias; every known provider is in it, ready or not. */
  readonly providers: ReadonlyMap<string, ConfiguredProvider>;
  /** The same, each once, in order of preference. */
  readonly providerList: readonly ConfiguredProvider[];
  readonly allowedTargets: readonly string[];
  readonly proxyDomains: readonly string[];
  readonly allowedOrigins: readonly string[];
  /** Units whose limits let calls through when their counter does not answer. */
  readonly failOpen: ReadonlySet<LimitUnit>;
  /** Output that is reserved for a call which states none. */
  readonly assumedOutputTokens: number;
  /** The part of all calls whose bodies are kept, from 0 to 1. */
  readonly storeBodies: number;
  /** Days that records are kept, or null for ever. */
  readonly retentionDays: number | null;
  /** Where data and calls stay, or null for anywhere. */
  readonly region: Region | null;
}

export type Vars = Readonly<Record<string, unknown>>;

const VAULT_KEY_BYTES = 32;
/** Short enough to type by mistake is short enough to guess. */
const ADMIN_KEY_LEAST_CHARS = 16;

/** As long as most answers of a model get. */
const ASSUMED_OUTPUT_TOKENS = 4_096;

const list = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((item) => item.trim().toLowerCase())
    .filter((item) => item !== '');

const flag = z.enum(['true', 'false', '']).optional();

const Settings = z.object({
  WEIR_ADMIN_KEY: z.string().min(ADMIN_KEY_LEAST_CHARS, `expected at least ${ADMIN_KEY_LEAST_CHARS} characters`),
  WEIR_VAULT_KEY: z.base64('expected base64'),
  WEIR_MOCK: flag,
  WEIR_PROVIDERS: z.string().optional(),
  WEIR_ALLOWED_TARGETS: z.string().optional(),
  WEIR_PROXY_DOMAINS: z.string().optional(),
  WEIR_ALLOWED_ORIGINS: z.string().optional(),
  WEIR_FAIL_OPEN: z
    .string()
    .regex(/^\s*(?:(?:request|tokens|cents|none)\s*(?:,\s*|$))*$/, 'expected units separated by commas: request, tokens, cents, or none')
    .optional(),
  WEIR_ASSUMED_OUTPUT_TOKENS: z.coerce.number().int().min(1).optional().or(z.literal('')),
  WEIR_STORE_BODIES: z
    .string()
    .regex(/^(?:true|false|0?\.\d+|0|1|)$/, 'expected true, false, or the part of calls such as 0.1')
    .optional(),
  WEIR_RETENTION_DAYS: z.coerce.number().int().min(1).optional().or(z.literal('')),
  WEIR_REGION: z.enum([...REGIONS, ''], `expected ${REGIONS.join(', ')}, or nothing`).optional(),
});

/** One entry of WEIR_PROVIDERS. */
const FurtherProvider = z.strictObject({
  slug: z.string().regex(/^[a-z][a-z0-9-]*$/, 'expected lower-case letters, digits and dashes'),
  baseUrl: z.url({ protocol: /^https?$/ }),
  keyName: z.string().optional(),
  region: z.enum(REGIONS).optional(),
  models: z.array(z.string()).default([]),
});

function partOf(text: string | undefined): number {
  if (text === 'false') return 0;
  return text === undefined || text === '' || text === 'true' ? 1 : Number(text);
}

/** What is wrong with the configuration, a sentence each. Names variables, never shows values. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join(' '));
    this.problems = problems;
  }
}

/** `askWorkersAi`: how Workers AI is asked by a binding, or null where there is none. */
export function readConfig(vars: Vars, askWorkersAi: Provider['fetch'] | null = null): Config {
  const parsed = Settings.safeParse(vars);
  const problems = parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join('.')} ${describe(issue, vars)}.`);
  const vaultKey = parsed.success ? decodeBase64(parsed.data.WEIR_VAULT_KEY) : new Uint8Array(VAULT_KEY_BYTES);
  if (vaultKey.byteLength !== VAULT_KEY_BYTES) problems.push(`WEIR_VAULT_KEY has ${vaultKey.byteLength} bytes, expected ${VAULT_KEY_BYTES}.`);
  const further = readFurther(vars['WEIR_PROVIDERS'], problems);
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  const settings = parsed.data;
  const mock = settings.WEIR_MOCK === 'true';
  // The tenant's own word on a name that is built in counts.
  const isOverridden = (slug: string): boolean => further.some((it) => it.slug === slug);
  const builtIn = PROVIDERS.filter((it) => (it.slug !== 'mock' || mock) && !isOverridden(it.slug));
  const region = settings.WEIR_REGION || null;
  const providerList = [...builtIn, ...further].map((it) => bound(configure(it, vars, region), askWorkersAi ?? undefined, region));
  return {
    adminKey: settings.WEIR_ADMIN_KEY,
    vaultKey,
    mock,
    providerList,
    providers: new Map(providerList.flatMap((it) => [it.provider.slug, ...it.provider.aliases].map((name) => [name, it] as const))),
    allowedTargets: list(settings.WEIR_ALLOWED_TARGETS),
    proxyDomains: list(settings.WEIR_PROXY_DOMAINS),
    allowedOrigins: list(settings.WEIR_ALLOWED_ORIGINS),
    failOpen: new Set(list(settings.WEIR_FAIL_OPEN ?? 'request').filter((unit) => unit !== 'none') as LimitUnit[]),
    assumedOutputTokens: settings.WEIR_ASSUMED_OUTPUT_TOKENS || ASSUMED_OUTPUT_TOKENS,
    storeBodies: partOf(settings.WEIR_STORE_BODIES),
    retentionDays: settings.WEIR_RETENTION_DAYS === '' ? null : (settings.WEIR_RETENTION_DAYS ?? null),
    region,
  };
}

const WORKERS_AI = PROVIDER_BY_NAME.get('workers-ai');

/** Workers AI needs neither key nor account where it is bound; what was set for it all the same counts. */
function bound(it: ConfiguredProvider, ask: Provider['fetch'], region: Region | null): ConfiguredProvider {
  if (it.provider !== WORKERS_AI || it.ready || it.moved || ask === undefined) return it;
  // The binding is asked at no address; a caller that brings its own key and account finds the API at this one.
  const overBinding = {
    baseUrl: 'https://api.cloudflare.com/client/v4/accounts/bound/ai/v1',
    keyVariable: null,
    endpoints: ['chat', 'embeddings'],
    fetch: ask,
  } as const;
  return configure({ ...it.provider, ...overBinding }, {}, region);
}

const describe = (issue: { path: PropertyKey[]; message: string }, vars: Vars): string =>
  vars[String(issue.path[0])] === undefined ? 'is missing' : `is not usable: ${issue.message}`;

function decodeBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

function readFurther(text: unknown, problems: string[]): Provider[] {
  if (typeof text !== 'string' || text.trim() === '') return [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    problems.push('WEIR_PROVIDERS is no JSON, expected an array of {slug, baseUrl, keyName?, region?, models?}.');
    return [];
  }
  const parsed = z.array(FurtherProvider).safeParse(value);
  if (!parsed.success) {
    problems.push(...parsed.error.issues.map((issue) => `WEIR_PROVIDERS[${issue.path.join('.')}]: ${issue.message}.`));
    return [];
  }
  return parsed.data.map((it) =>
    compatible({
      slug: it.slug,
      baseUrl: it.baseUrl.replace(/\/+$/, ''),
      keyVariable: it.keyName ?? null,
      endpoints: ['chat', 'completions', 'embeddings', 'responses'],
      priceId: null,
      models: it.models,
      documentation: it.baseUrl,
      ...(it.region !== undefined && { regions: { [it.region]: it.baseUrl.replace(/\/+$/, '') } }),
    }),
  );
}
