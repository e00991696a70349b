/** Headers on their way to a provider: what the client sent, without what is Weir's, the hop's or Cloudflare's. */
import { PROVIDERS } from '../providers/registry';
import type { Call, Identity, Target } from './call';

/** RFC 9110 section 7.6.1, and what the runtime sets itself. */
const HOP_HEADERS = ['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade'];
/** About the client's connection to us, which is none of the provider's business. `accept-encoding` is left to the runtime. */
const LOCAL_HEADERS = [
  'host',
  'content-length',
  'accept-encoding',
  'cdn-loop',
  'forwarded',
  'x-real-ip',
  'true-client-ip',
  'cookie',
  'origin',
  'referer',
  // What a call is to be signed with stays here.
  ...PROVIDERS.flatMap((each) => each.placed?.headers ?? []),
];
const DROPPED: ReadonlySet<string> = new Set([...HOP_HEADERS, ...LOCAL_HEADERS, 'x-stripe-customer-id']);
const DROPPED_PREFIXES = ['helicone-', 'weir-', 'cf-', 'x-forwarded-', 'mf-'];
export const CREDENTIAL_HEADERS = ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key', 'proxy-authorization', 'cookie'];

/** By lower-cased name. A plain object: the runtime reads it in one go, where Headers or a list of pairs cost a crossing for each entry. */
export type HeaderMap = Record<string, string>;

/** `needed`: by the body, where that was translated. */
export function upstreamHeaders(call: Call, identity: Identity, target: Target, needed: Readonly<HeaderMap> = {}): HeaderMap {
  if (target.fallback !== null) return fallbackHeaders(call, target, target.fallback.headers);
  if (target.wire.name !== call.wire.name) return translatedHeaders(call, target, needed);
  const headers = forwardedHeaders(call, identity);
  return identity.providerKey === 'held' ? withKey(headers, target) : headers;
}

/** It asks for a WebSocket, which the AI Gateway's endpoints have no use for. */
export const isSocketCall = ({ door, headers }: Call): boolean => door.kind !== 'gateway' && headers.get('upgrade')?.toLowerCase() === 'websocket';

/** The caller's headers that go to a provider of its own wire. */
export function forwardedHeaders(call: Call, identity: Identity): HeaderMap {
  const held = identity.providerKey === 'held';
  // The body of an AI Gateway call was decoded to be read; proxies pass theirs as it came.
  const decoded = call.door.kind === 'gateway';
  const headers: HeaderMap = {};
  for (const [name, value] of call.headers) {
    if (
      (isLocal(name) && !(name === 'upgrade' && isSocketCall(call))) ||
      (held && CREDENTIAL_HEADERS.includes(name)) ||
      (decoded && name === 'content-encoding')
    )
      continue;
    const rewritten = identity.rewritten.get(name);
    if (rewritten === undefined) headers[name] = value;
    else if (rewritten !== null) headers[name] = rewritten;
  }
  return headers;
}

/** Another vendor's headers (versions, betas, organisations) mean nothing to this one. */
function translatedHeaders(call: Call, target: Target, needed: Readonly<HeaderMap>): HeaderMap {
  const headers: HeaderMap = { 'content-type': 'application/json', ...target.wire.outbound?.headers, ...needed };
  for (const name of ['accept', 'user-agent']) {
    const value = call.headers.get(name);
    if (value !== undefined) headers[name] = value;
  }
  return withKey(headers, target);
}

function withKey(headers: HeaderMap, { provider, key }: Target): HeaderMap {
  if (provider !== null && key !== null) headers[provider.auth.header] = provider.auth.prefix + key;
  return headers;
}

/** An entry of `Helicone-Fallbacks` brings its own headers, in place of the call's. */
function fallbackHeaders(call: Call, target: Target, own: Readonly<Record<string, string>>): HeaderMap {
  const headers: HeaderMap = {};
  const type = call.headers.get('content-type');
  if (type !== undefined) headers['content-type'] = type;
  for (const [name, value] of Object.entries(own)) if (!isLocal(name)) headers[name] = value;
  return withKey(headers, target);
}

const isLocal = (name: string): boolean => DROPPED.has(name) || DROPPED_PREFIXES.some((prefix) => name.startsWith(prefix));
