/** Where a request is meant to go: the path for the router, with a key segment cut out and a host label turned into a path. */

import { looksLikeWeirKey } from '../gateway/stages/authenticate';
import { PROVIDER_BY_NAME } from '../providers/registry';

export interface Address {
  /** What the router sees. */
  readonly path: string;
  /** What the client sent, without a key segment. */
  readonly fullPath: string;
  /** Query string byte for byte, with its `?`, or empty. */
  readonly query: string;
  readonly pathKey: string | null;
}

/** Host labels that are no provider: the AI Gateway itself and the REST API are served at the root. */
const ROOT_LABELS = new Set(['ai-gateway', 'api']);

/** `oai.example.com` with `example.com` among the domains gives `/openai`; anything else gives nothing. */
function prefixOfHost(host: string, domains: readonly string[]): string {
  const dot = host.indexOf('.');
  if (dot === -1 || !domains.includes(host.slice(dot + 1))) return '';
  const label = host.slice(0, dot);
  if (ROOT_LABELS.has(label)) return '';
  if (label === 'gateway') return '/gateway';
  const provider = PROVIDER_BY_NAME.get(label);
  return provider === undefined ? '' : `/${provider.slug}`;
}

export function readAddress(url: string, proxyDomains: readonly string[]): Address {
  const start = url.indexOf('/', url.indexOf('//') + 2);
  const rest = (start === -1 ? '/' : url.slice(start)).split('#', 1)[0] ?? '/';
  const mark = rest.indexOf('?');
  const whole = mark === -1 ? rest : rest.slice(0, mark);
  const query = mark === -1 ? '' : rest.slice(mark);
  let pathKey: string | null = null;
  let fullPath = whole;
  if (whole.includes('/sk-') || whole.includes('/pk-')) {
    const segments = whole.split('/');
    pathKey = segments.find((segment) => looksLikeWeirKey(segment)) ?? null;
    if (pathKey !== null) fullPath = segments.filter((segment) => segment !== pathKey).join('/') || '/';
  }
  const prefix = proxyDomains.length === 0 ? '' : prefixOfHost(new URL(url).hostname.toLowerCase(), proxyDomains);
  return { path: prefix + fullPath, fullPath, query, pathKey };
}
