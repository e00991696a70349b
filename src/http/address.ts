/** Where a request is meant to go: the path for the router, with a key segment cut out and a host label turned into a path. */
import { PROVIDER_BY_NAME } from '../providers/registry';
import { unescaped } from '../wires/path';

export interface Address {
  /** What the router sees. */
  readonly path: string;
  /** What the client sent, without key segments. */
  readonly fullPath: string;
  /** Query string byte for byte but for Weir keys, with its `?`, or empty. */
  readonly query: string;
  /** The first Weir key in path or query. */
  readonly urlKey: string | null;
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

/** No Weir key is shorter; most segments are, and need no closer look. */
const KEY_LEAST_CHARS = 16;

/** `isWeirKey`: a key of this deployment must not go on to a provider or into the log, wherever it stands. */
export function readAddress(url: string, proxyDomains: readonly string[], isWeirKey: (text: string) => boolean): Address {
  const start = url.indexOf('/', url.indexOf('//') + 2);
  const rest = (start === -1 ? '/' : url.slice(start)).split('#', 1)[0] ?? '/';
  const mark = rest.indexOf('?');
  const whole = mark === -1 ? rest : rest.slice(0, mark);
  const keys: string[] = [];
  const isKey = (text: string): boolean => {
    const found = text.length >= KEY_LEAST_CHARS && isWeirKey(text);
    if (found) keys.push(text);
    return found;
  };
  const segments = whole.split('/');
  const kept = segments.filter((segment) => !isKey(unescaped(segment)));
  const fullPath = kept.length === segments.length ? whole : kept.join('/') || '/';
  const query = mark === -1 ? '' : withoutKeys(rest.slice(mark), isKey);
  const prefix = proxyDomains.length === 0 ? '' : prefixOfHost(new URL(url).hostname.toLowerCase(), proxyDomains);
  return { path: prefix + fullPath, fullPath, query, urlKey: keys[0] ?? null };
}

function withoutKeys(query: string, isKey: (text: string) => boolean): string {
  const members = query.slice(1).split('&');
  const kept = members.filter((member) => !isKey(unescaped(member.slice(member.indexOf('=') + 1))));
  if (kept.length === members.length) return query;
  return kept.length === 0 ? '' : `?${kept.join('&')}`;
}
