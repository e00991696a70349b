/** Headers on their way to a provider: what the client sent, without what is Weir's, the hop's or Cloudflare's. */
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
];
const DROPPED: ReadonlySet<string> = new Set([...HOP_HEADERS, ...LOCAL_HEADERS, 'x-stripe-customer-id']);
const DROPPED_PREFIXES = ['helicone-', 'weir-', 'cf-', 'x-forwarded-', 'mf-'];
export const CREDENTIAL_HEADERS = ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key', 'proxy-authorization', 'cookie'];

export function upstreamHeaders(call: Call, identity: Identity, target: Target): Headers {
  const headers = new Headers();
  const held = identity.providerKey === 'held';
  for (const [name, value] of call.headerList) {
    if (DROPPED.has(name) || DROPPED_PREFIXES.some((prefix) => name.startsWith(prefix))) continue;
    if (held && CREDENTIAL_HEADERS.includes(name)) continue;
    headers.append(name, value);
  }
  if (identity.ownAuthorization !== null) headers.set('authorization', identity.ownAuthorization);
  if (held && target.provider !== null && target.key !== null) {
    headers.set(target.provider.auth.header, target.provider.auth.prefix + target.key);
  }
  // The body was decoded to be read; proxies pass theirs as it came.
  if (call.door.kind === 'gateway') headers.delete('content-encoding');
  return headers;
}
