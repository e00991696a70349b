/** Calls that name their provider or host themselves: provider proxies, `/gateway/*`, `Helicone-Fallbacks`. */
import type { FallbackEntry, Policy } from '../../../schema/policy';
import type { Config } from '../../config';
import type { ConfiguredProvider } from '../../providers/configure';
import { outputLimit } from '../../providers/output-limits';
import { unescaped } from '../../wires/path';
import type { Wire } from '../../wires/wire';
import type { Call, CallBody, Identity, Target } from '../call';
import { GatewayError } from '../errors';
import { promptBudget, promptTokens } from '../fit-window';
import { checkTarget } from '../targets';
import { CREDENTIAL_HEADERS } from '../upstream-headers';
import { modelsMeant, outsideRegion, staysInRegion } from './region';

export function planProxy(call: Call, slug: string, identity: Identity, policy: Policy, body: CallBody, config: Config): Target {
  const it = config.providers.get(slug);
  if (it === undefined) throw new GatewayError('not_found', `No provider \`${slug}\` in this deployment.`);
  if (slug === 'openai' && policy.openAiApiBase !== undefined) {
    return planOrigin(call, checkTarget(policy.openAiApiBase, 'Helicone-OpenAI-Api-Base', config), identity, body, config);
  }
  const placed = it.provider.placed?.read(call.path) ?? null;
  if (placed !== null) return placedTarget(call, it, placed, identity, body, config);
  const target = proxyTarget(call.wire, it.provider.slug, `${proxyUrl(it, call.path)}${call.query}`, it, identity, body, config);
  return policy.tokenLimitHandler === 'fallback' ? withFirstLargeEnough(target, body, policy) : target;
}

/** A call that names the place to ask in its path, and may bring what it is signed with. */
function placedTarget(
  call: Call,
  it: ConfiguredProvider,
  { place, path }: { readonly place: string; readonly path: string },
  identity: Identity,
  body: CallBody,
  config: Config,
): Target {
  const { placed, slug } = it.provider;
  const inRegion = config.region === null || placed?.regions(place).includes(config.region) === true;
  const there = { ...it, inRegion, baseUrl: it.moved || placed === undefined ? it.baseUrl : placed.baseUrl(place) };
  const held = identity.providerKey === 'held' ? it.signing : null;
  const signing = placed?.sign(place, call.headers, held) ?? null;
  const target = proxyTarget(
    call.wire,
    slug,
    `${proxyUrl(there, path)}${call.query}`,
    { ...there, ready: it.ready || signing !== null },
    identity,
    body,
    config,
  );
  return { ...target, signing, key: signing === null ? target.key : null };
}

/** Here one model is asked, where on the AI Gateway such a list is a chain: the first that takes the prompt, else the last. */
function withFirstLargeEnough(target: Target, body: CallBody, policy: Policy): Target {
  const models = (body.facts.model ?? '').split(',').map((name) => name.trim());
  if (models.length < 2) return target;
  const tokens = promptTokens(body);
  const asked = models.find((model) => tokens <= (promptBudget(body, { ...target, model }, policy) ?? tokens)) ?? models.at(-1) ?? '';
  return { ...target, model: asked, outputLimit: outputLimit(asked), bodyMembers: { model: asked } };
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
  const ownPath = new URL(it.ownUrl).pathname.replace(/\/$/, '');
  return under(ownPath) ? it.baseUrl + path.slice(ownPath.length) : it.baseUrl + path;
}

function proxyTarget(wire: Wire, name: string, url: string, it: ConfiguredProvider, identity: Identity, body: CallBody, config: Config): Target {
  const model = body.facts.model ?? modelInPath(url);
  if (![model ?? '', ...modelsMeant(url, body.json)].every((each) => staysInRegion(it, each, config))) throw outsideRegion('The call', [it], config);
  if (identity.providerKey === 'held' && !it.ready) {
    throw new GatewayError(
      'missing_provider_key',
      `The call brings a Weir key and no key for ${name}: send the provider key beside Helicone-Auth, or set ${it.missing.join(' and ')} in this deployment.`,
    );
  }
  const key = identity.providerKey === 'held' ? it.key : null;
  return {
    provider: it.provider,
    name,
    wire,
    url,
    model,
    key,
    signing: identity.providerKey === 'held' ? it.signing : null,
    tool: null,
    bodyMembers: {},
    contextWindow: null,
    outputLimit: model === null ? null : outputLimit(model),
    fallback: null,
  };
}

/** Gemini's wire and Bedrock's name their models in the path, a conversation over a WebSocket in the query. */
function modelInPath(url: string): string | null {
  const inPath = /\/models\/([^/:?]+):\w+(?:\?|$)/.exec(url)?.[1] ?? /\/model\/([^/?]+)\/(?:converse|invoke)/.exec(url)?.[1];
  if (inPath !== undefined) return unescaped(inPath);
  const { pathname, searchParams } = new URL(url);
  return pathname.endsWith('/realtime') ? (searchParams.get('model') ?? searchParams.get('deployment')) : null;
}

export function planNamedTargets(call: Call, identity: Identity, policy: Policy, body: CallBody, config: Config): Target[] {
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
  const it = config.providers.get(target.provider?.slug ?? '');
  if (it !== undefined && typeof model === 'string' && !staysInRegion(it, model, config)) throw outsideRegion('A fallback', [it], config);
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
  // Whom the operator names as a target is asked with the caller's own key, wherever that is.
  const isNamed = it?.inRegion === false && identity.providerKey === 'own';
  if (it !== undefined && !isNamed) return proxyTarget(call.wire, it.provider.slug, url, it, identity, body, config);
  if (identity.providerKey === 'held') {
    throw new GatewayError(
      'missing_provider_key',
      `The call brings a Weir key and no key for ${origin.host}: send that host's key beside Helicone-Auth.`,
    );
  }
  const { model } = body.facts;
  const limit = model === null ? null : outputLimit(model);
  return {
    provider: null,
    name: origin.host,
    wire: call.wire,
    url,
    model,
    key: null,
    signing: null,
    tool: null,
    bodyMembers: {},
    contextWindow: null,
    outputLimit: limit,
    fallback: null,
  };
}
