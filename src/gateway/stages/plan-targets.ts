/** Stage 4: which providers could serve this call, best first. Nothing is asked and nothing is taken yet. */
import type { Policy } from '../../../schema/policy';
import type { Config, ConfiguredProvider } from '../../config';
import { nearestModels, serves } from '../../providers/catalogue';
import type { Endpoint } from '../../wires/endpoints';
import type { Call, CallBody, Identity, Target } from '../call';
import { GatewayError } from '../errors';
import { type ModelItem, parseModelString } from '../routing/model-string';
import { checkTarget } from '../targets';

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
      return planModel(call, call.door.endpoint, body.facts.model, config, warn);
    case 'proxy':
      return [planProxy(call, call.door.provider.slug, identity, policy, body, config)];
    case 'target':
      return [planNamedTarget(call, identity, policy, body, config)];
  }
}

// --- AI Gateway ---

interface Planned {
  readonly candidates: readonly ConfiguredProvider[];
  readonly name: string;
  readonly warnings: readonly string[];
}

/** Plans that went well, by configuration, endpoint and model string: programs ask for the same few models. */
const plans = new WeakMap<Config, Map<string, Planned>>();
const PLANS_LIMIT = 1_000;

function planModel(call: Call, endpoint: Endpoint, model: string | null, config: Config, warn: (sentence: string) => void): Target[] {
  const known = plans.get(config) ?? new Map<string, Planned>();
  plans.set(config, known);
  const key = `${endpoint.name} ${model}`;
  const planned = known.get(key) ?? readPlan(endpoint, model, config);
  if (known.size >= PLANS_LIMIT) known.clear();
  known.set(key, planned);
  planned.warnings.forEach(warn);
  return planned.candidates.map((it) => ({
    provider: it.provider,
    name: it.provider.slug,
    url: `${it.baseUrl}${endpoint.upstreamPath}${call.query}`,
    model: planned.name,
    key: it.key,
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
  const first = plan.items[0];
  if (first === undefined) throw new GatewayError('bad_request', 'The `model` names no model.', { param: 'model' });
  const warnings: string[] = [];
  if (plan.items.length > 1) warnings.push('model chains: not active in this version, only the first model is asked');
  if (first.online) warnings.push('`:online`: not active in this version');
  if (first.uid !== null) warnings.push("provider/uid in the model: not active in this version, the deployment's own key is used");
  return { candidates: candidates(first, excluded, endpoint, config), name: first.name, warnings };
}

function slugOf(name: string, config: Config): string {
  const found = config.providers.get(name.toLowerCase());
  if (found === undefined)
    throw new GatewayError('bad_request', `The \`model\` excludes \`${name.slice(0, 60)}\`, which is no provider.`, { param: 'model' });
  return found.provider.slug;
}

function candidates(item: ModelItem, excluded: ReadonlySet<string>, endpoint: Endpoint, config: Config): ConfiguredProvider[] {
  const serving = servingProviders(item, config).filter((it) => !excluded.has(it.provider.slug));
  const speaking = serving.filter((it) => it.provider.endpoints.includes(endpoint.name));
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
  return proxyTarget(it.provider.slug, `${proxyUrl(it, call.path)}${call.query}`, it, identity, body);
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

function proxyTarget(name: string, url: string, it: ConfiguredProvider, identity: Identity, body: CallBody): Target {
  if (identity.providerKey === 'held' && !it.ready) {
    throw new GatewayError(
      'missing_provider_key',
      `The call brings a Weir key and no key for ${name}: send the provider key beside Helicone-Auth, or set ${it.provider.keyVariable} in this deployment.`,
    );
  }
  return { provider: it.provider, name, url, model: body.facts.model ?? modelInPath(url), key: identity.providerKey === 'held' ? it.key : null };
}

/** Gemini's wire names its model in the path. */
function modelInPath(url: string): string | null {
  return /\/models\/([^/:?]+):\w+(?:\?|$)/.exec(url)?.[1] ?? null;
}

function planNamedTarget(call: Call, identity: Identity, policy: Policy, body: CallBody, config: Config): Target {
  if (policy.targetUrl === undefined) {
    throw new GatewayError('bad_target', 'Helicone-Target-Url is missing, expected the origin to call, such as `https://api.openai.com`.', {
      param: 'Helicone-Target-Url',
    });
  }
  return planOrigin(call, checkTarget(policy.targetUrl, 'Helicone-Target-Url', config), identity, body, config);
}

/** A key that Weir holds goes to the very origin of the provider that it belongs to, and nowhere else. */
function planOrigin(call: Call, origin: URL, identity: Identity, body: CallBody, config: Config): Target {
  const url = `${origin.origin}${call.path}${call.query}`;
  const it = config.providerList.find((each) => new URL(each.baseUrl).origin === origin.origin);
  if (it !== undefined) return proxyTarget(it.provider.slug, url, it, identity, body);
  if (identity.providerKey === 'held') {
    throw new GatewayError(
      'missing_provider_key',
      `The call brings a Weir key and no key for ${origin.host}: send that host's key beside Helicone-Auth.`,
    );
  }
  return { provider: null, name: origin.host, url, model: body.facts.model, key: null };
}
