/** Stage 4: which providers could serve this call, best first. Nothing is asked and nothing is taken yet. */
import type { FallbackEntry, Policy } from '../../../schema/policy';
import type { Config, ConfiguredProvider } from '../../config';
import { contextWindow, nearestModels, serves } from '../../providers/catalogue';
import { outputLimit } from '../../providers/output-limits';
import { ENDPOINTS, type Endpoint } from '../../wires/endpoints';
import type { Wire } from '../../wires/wire';
import type { Call, CallBody, Identity, Target } from '../call';
import { GatewayError } from '../errors';
import { type ModelItem, parseModelString } from '../routing/model-string';
import { checkTarget } from '../targets';
import { CREDENTIAL_HEADERS } from '../upstream-headers';

export function planTargets(
  call: Call,
  identity: Identity,
  policy: Policy,
  body: CallBody,
  config: Config,
  warn: (sentence: string) => void,
): Target[] {
  switch (call.door.kind) {
    case 'gateway':
      return planModel(call, call.door.endpoint, policy, body.facts.model, config, warn);
    case 'proxy':
      return [planProxy(call, call.door.provider.slug, identity, policy, body, config)];
    case 'target':
      return planNamedTargets(call, identity, policy, body, config);
  }
}

// --- AI Gateway ---

interface Candidate {
  readonly it: ConfiguredProvider;
  /** The model's name there. */
  readonly name: string;
  /** What it is asked by: the call's own endpoint, or the one that the call is translated for. */
  readonly endpoint: Endpoint;
  readonly window: number | null;
  readonly outputLimit: number | null;
}

interface Planned {
  readonly candidates: readonly Candidate[];
  readonly warnings: readonly string[];
}

/** Plans that went well, by configuration, endpoint and model string: programs ask for the same few models. */
const plans = new WeakMap<Config, Map<string, Planned>>();
const PLANS_LIMIT = 1_000;

function planModel(call: Call, endpoint: Endpoint, policy: Policy, model: string | null, config: Config, warn: (sentence: string) => void): Target[] {
  const known = plans.get(config) ?? new Map<string, Planned>();
  plans.set(config, known);
  const key = `${endpoint.name} ${model}`;
  const planned = known.get(key) ?? readPlan(endpoint, model, config);
  if (known.size >= PLANS_LIMIT) known.clear();
  known.set(key, planned);
  planned.warnings.forEach(warn);
  const asked = policy.fallbackEnabled === false ? planned.candidates.slice(0, 1) : planned.candidates;
  return asked.map(({ it, name, endpoint: at, window, outputLimit }) => ({
    provider: it.provider,
    name: it.provider.slug,
    wire: at.wire,
    url: `${it.baseUrl}${at.upstreamPath}${at === endpoint ? call.query : ''}`,
    model: name,
    key: it.key,
    contextWindow: window,
    outputLimit,
    fallback: null,
  }));
}

function readPlan(endpoint: Endpoint, model: string | null, config: Config): Planned {
  if (model === null || model.trim() === '') {
    throw new GatewayError('bad_request', 'The body has no `model`, expected a string such as `gpt-4o-mini` or `openai/gpt-4o-mini`.', {
      param: 'model',
    });
  }
  const isProvider = (name: string): boolean => config.providers.has(name.toLowerCase());
  const isModel = (name: string): boolean => config.providerList.some((it) => serves(it.provider, name));
  const plan = parseModelString(model, { isProvider, isModel });
  const excluded = new Set(plan.excluded.map((name) => slugOf(name, config)));
  if (plan.items.length === 0) throw new GatewayError('bad_request', 'The `model` names no model.', { param: 'model' });
  const warnings: string[] = [];
  if (plan.items.some((each) => each.online)) warnings.push('`:online`: not active in this version');
  if (plan.items.some((each) => each.uid !== null))
    warnings.push("provider/uid in the model: not active in this version, the deployment's own key is used");
  return { candidates: planChain(plan.items, excluded, endpoint, config, warnings), warnings };
}

/** An item that cannot be served is left out of a chain with a warning; it is an error only when nothing else is left. */
function planChain(items: readonly ModelItem[], excluded: ReadonlySet<string>, endpoint: Endpoint, config: Config, warnings: string[]): Candidate[] {
  const found = new Map<string, Candidate>();
  let firstError: unknown = null;
  for (const each of items) {
    try {
      for (const it of candidates(each, excluded, endpoint, config)) {
        const key = `${it.provider.slug}/${each.name}`;
        const at = endpointAt(it, endpoint);
        if (found.has(key) || at === null) continue;
        found.set(key, { it, name: each.name, endpoint: at, window: contextWindow(it.provider, each.name), outputLimit: outputLimit(each.name) });
      }
    } catch (error) {
      if (items.length === 1 || !(error instanceof GatewayError)) throw error;
      firstError ??= error;
      warnings.push(`left out of the chain: ${error.message}`);
    }
  }
  if (found.size === 0 && firstError !== null) throw firstError;
  return [...found.values()];
}

function slugOf(name: string, config: Config): string {
  const found = config.providers.get(name.toLowerCase());
  if (found === undefined)
    throw new GatewayError('bad_request', `The \`model\` excludes \`${name.slice(0, 60)}\`, which is no provider.`, { param: 'model' });
  return found.provider.slug;
}

function candidates(item: ModelItem, excluded: ReadonlySet<string>, endpoint: Endpoint, config: Config): ConfiguredProvider[] {
  const serving = servingProviders(item, config).filter((it) => !excluded.has(it.provider.slug));
  const speaking = serving.filter((it) => endpointAt(it, endpoint) !== null);
  const ready = speaking.filter((it) => it.ready);
  if (ready.length > 0) return ready;
  const [unready] = speaking;
  const shown = item.name.slice(0, 100);
  if (serving.length === 0) throw unknownModel(shown, config);
  if (unready === undefined) {
    const names = serving.map((it) => it.provider.slug).join(', ');
    throw new GatewayError(
      'not_translated',
      `The model \`${shown}\` is served by ${names}, which does not speak this endpoint's dialect (${endpoint.name}); translation between dialects is not active in this version.`,
      { param: 'model' },
    );
  }
  const { slug, keyVariable } = unready.provider;
  throw new GatewayError(
    'no_provider_key',
    `The model \`${shown}\` is served by ${slug}, and this deployment has no key for it. Set ${keyVariable}: \`npx wrangler secret put ${keyVariable}\`, or in .dev.vars for local runs.`,
    { param: 'model' },
  );
}

/** The call's endpoint, where the provider has it; else the one whose wire the call can be translated into; else null. */
function endpointAt({ provider }: ConfiguredProvider, endpoint: Endpoint): Endpoint | null {
  if (provider.endpoints.includes(endpoint.name)) return endpoint;
  if (!CONVERSATIONS.has(endpoint.name)) return null;
  return ENDPOINTS.find((each) => CONVERSATIONS.has(each.name) && provider.endpoints.includes(each.name)) ?? null;
}

/** Endpoints whose calls can stand for each other. */
const CONVERSATIONS: ReadonlySet<string> = new Set(['chat', 'messages']);

function servingProviders(item: ModelItem, config: Config): ConfiguredProvider[] {
  if (item.provider === null) return config.providerList.filter((it) => serves(it.provider, item.name));
  const named = config.providers.get(item.provider.toLowerCase());
  return named === undefined || item.name === '' ? [] : [named];
}

function unknownModel(name: string, config: Config): GatewayError {
  const ready = config.providerList.filter((it) => it.ready).map((it) => it.provider);
  const nearest = nearestModels(ready.length > 0 ? ready : config.providerList.map((it) => it.provider), name);
  return new GatewayError(
    'model_not_found',
    `No provider serves a model \`${name}\`. Nearest: ${nearest.join(', ')}. A model that Weir does not list is asked for as \`<provider>/<model>\`.`,
    {
      param: 'model',
    },
  );
}

// --- proxies ---

function planProxy(call: Call, slug: string, identity: Identity, policy: Policy, body: CallBody, config: Config): Target {
  const it = config.providers.get(slug);
  if (it === undefined) throw new GatewayError('not_found', `No provider \`${slug}\` in this deployment.`);
  if (slug === 'openai' && policy.openAiApiBase !== undefined) {
    return planOrigin(call, checkTarget(policy.openAiApiBase, 'Helicone-OpenAI-Api-Base', config), identity, body, config);
  }
  return proxyTarget(call.wire, it.provider.slug, `${proxyUrl(it, call.path)}${call.query}`, it, identity, body);
}

/**
 * Helicone's hosts map one to one, so the path follows the provider's origin as it is. Where the base URL was moved, its own path
 * comes first, and a path that repeats that base (or the provider's own) is not doubled.
 */
export function proxyUrl(it: ConfiguredProvider, path: string): string {
  const base = new URL(it.baseUrl);
  if (!it.moved) return base.origin + path;
  const under = (prefix: string): boolean => prefix !== '' && (path === prefix || path.startsWith(`${prefix}/`));
  const basePath = base.pathname.replace(/\/$/, '');
  if (under(basePath)) return base.origin + path;
  const ownPath = new URL(it.provider.baseUrl).pathname.replace(/\/$/, '');
  return under(ownPath) ? it.baseUrl + path.slice(ownPath.length) : it.baseUrl + path;
}

function proxyTarget(wire: Wire, name: string, url: string, it: ConfiguredProvider, identity: Identity, body: CallBody): Target {
  if (identity.providerKey === 'held' && !it.ready) {
    throw new GatewayError(
      'missing_provider_key',
      `The call brings a Weir key and no key for ${name}: send the provider key beside Helicone-Auth, or set ${it.provider.keyVariable} in this deployment.`,
    );
  }
  const model = body.facts.model ?? modelInPath(url);
  const key = identity.providerKey === 'held' ? it.key : null;
  return {
    provider: it.provider,
    name,
    wire,
    url,
    model,
    key,
    contextWindow: null,
    outputLimit: model === null ? null : outputLimit(model),
    fallback: null,
  };
}

/** Gemini's wire names its model in the path. */
function modelInPath(url: string): string | null {
  return /\/models\/([^/:?]+):\w+(?:\?|$)/.exec(url)?.[1] ?? null;
}

function planNamedTargets(call: Call, identity: Identity, policy: Policy, body: CallBody, config: Config): Target[] {
  if (policy.fallbacks !== undefined && identity.rewritten.has('helicone-fallbacks')) {
    throw new GatewayError('bad_header', 'Helicone-Fallbacks: holds the Weir key, expected keys of the targets alone.', {
      param: 'Helicone-Fallbacks',
    });
  }
  if (policy.fallbacks !== undefined) return policy.fallbacks.map((entry, index) => planFallback(call, identity, entry, index, body, config));
  if (policy.targetUrl === undefined) {
    throw new GatewayError('bad_target', 'Helicone-Target-Url is missing, expected the origin to call, such as `https://api.openai.com`.', {
      param: 'Helicone-Target-Url',
    });
  }
  return [planOrigin(call, checkTarget(policy.targetUrl, 'Helicone-Target-Url', config), identity, body, config)];
}

function planFallback(call: Call, identity: Identity, entry: FallbackEntry, index: number, body: CallBody, config: Config): Target {
  const headers = Object.fromEntries(Object.entries(entry.headers).map(([name, value]) => [name.toLowerCase(), value]));
  const bringsKey = CREDENTIAL_HEADERS.some((name) => name in headers);
  const origin = checkTarget(entry['target-url'], `Helicone-Fallbacks[${index}].target-url`, config);
  const target = planOrigin(call, origin, bringsKey ? { ...identity, providerKey: 'own' } : identity, body, config);
  const onCodes = entry.onCodes.map((code) => (typeof code === 'number' ? ([code, code] as const) : ([code.from, code.to] as const)));
  const model = entry.bodyKeyOverride?.['model'];
  return {
    ...target,
    model: typeof model === 'string' ? model : target.model,
    fallback: { index, headers, onCodes, bodyOverride: entry.bodyKeyOverride ?? null },
  };
}

/** A key that Weir holds goes to the very origin of the provider that it belongs to, and nowhere else. */
function planOrigin(call: Call, origin: URL, identity: Identity, body: CallBody, config: Config): Target {
  const url = `${origin.origin}${call.path}${call.query}`;
  const it = config.providerList.find((each) => new URL(each.baseUrl).origin === origin.origin);
  if (it !== undefined) return proxyTarget(call.wire, it.provider.slug, url, it, identity, body);
  if (identity.providerKey === 'held') {
    throw new GatewayError(
      'missing_provider_key',
      `The call brings a Weir key and no key for ${origin.host}: send that host's key beside Helicone-Auth.`,
    );
  }
  const { model } = body.facts;
  const limit = model === null ? null : outputLimit(model);
  return { provider: null, name: origin.host, wire: call.wire, url, model, key: null, contextWindow: null, outputLimit: limit, fallback: null };
}
