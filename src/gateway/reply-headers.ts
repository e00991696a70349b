/** Headers of the answer: what the provider sent, without what is the hop's, and what Weir has to say. */
import { asUsd } from './cost';
import { redactText } from './redact';
import type { Trail } from './trail';
import type { HeaderMap } from './upstream-headers';

const HOP_HEADERS = ['connection', 'keep-alive', 'proxy-authenticate', 'te', 'trailer', 'transfer-encoding', 'upgrade'];
/** The runtime has decoded the body and counts anew; cookies are between the provider and its own site. */
const RECOMPUTED = ['content-encoding', 'content-length', 'set-cookie', 'alt-svc', 'strict-transport-security'];
/** Weir's own; a provider that is itself a gateway of this kind sends them too. */
const OWN = [
  'age',
  'helicone-cache',
  'helicone-cache-bucket-idx',
  'helicone-cache-latency',
  'helicone-ratelimit-limit',
  'helicone-ratelimit-remaining',
  'helicone-ratelimit-policy',
  'helicone-ratelimit-reset',
  'weir-budget-warning',
  'weir-cache-debug',
  'weir-cost',
  'x-helicone-error',
  'helicone-fallback-index',
  'helicone-id',
  'helicone-status',
  'server-timing',
  'weir-attempts',
  'weir-warnings',
];
const DROPPED: ReadonlySet<string> = new Set([...HOP_HEADERS, ...RECOMPUTED, ...OWN]);
/** Longest `Weir-Warnings`; everything stands in the record. */
const WARNINGS_LIMIT_CHARS = 4_096;

const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?');

/** What every answer of Weir's carries. */
export function ownHeaders(trail: Trail, succeeded: boolean): HeaderMap {
  const headers: HeaderMap = {
    'helicone-id': trail.requestId,
    'helicone-status': succeeded ? 'success' : 'failed',
    'server-timing': trail.timings.map((it) => `${it.name};dur=${it.durationMs}`).join(', '),
  };
  if (trail.attempts.length > 0) {
    const list = trail.attempts.map((it) => `${it.provider}${it.model === null ? '' : `/${it.model}`} ${it.status ?? it.error ?? 'failed'}`);
    // A caller may have put a key where the model belongs.
    headers['weir-attempts'] = redactText(printable(list.join(', ')));
  }
  const { cache, limit } = trail;
  if (cache !== null) {
    headers['helicone-cache'] = cache.status === 'hit' ? 'HIT' : 'MISS';
    if (cache.status === 'hit') {
      headers['helicone-cache-bucket-idx'] = String(cache.bucket);
      headers['helicone-cache-latency'] = String(cache.latencyMs);
      headers['age'] = String(cache.ageSeconds);
    }
  }
  const costNanoUsd = cache?.status === 'hit' ? 0 : trail.costNanoUsd;
  if (costNanoUsd !== null) headers['weir-cost'] = asUsd(costNanoUsd);
  if (trail.cacheReason !== null) headers['weir-cache-debug'] = printable(trail.cacheReason);
  if (limit !== null) {
    headers['helicone-ratelimit-limit'] = String(limit.limit);
    headers['helicone-ratelimit-remaining'] = String(limit.remaining);
    headers['helicone-ratelimit-policy'] = limit.policy;
    if (limit.resetSeconds > 0) headers['helicone-ratelimit-reset'] = String(limit.resetSeconds);
  }
  if (trail.budgets.length > 0) {
    headers['weir-budget-warning'] = printable(trail.budgets.map(({ limit, percent }) => `\`${limit}\` ${percent} %`).join(', '));
  }
  const fallback = trail.target?.fallback ?? null;
  if (fallback !== null) headers['helicone-fallback-index'] = String(fallback.index);
  if (trail.warnings.length > 0) headers['weir-warnings'] = printable(trail.warnings.join('; ')).slice(0, WARNINGS_LIMIT_CHARS);
  return headers;
}

/** Node's fetch, by which most SDKs ask, reads no answer whose headers take more than 16 KiB in all: half of it is the provider's. */
const PASSED_LIMIT_CHARS = 8 * 1024;

/** Headers for a provider's answer. CORS is Weir's to decide, not the provider's. */
export function replyHeaders(upstream: ReadonlyMap<string, string>, trail: Trail): HeaderMap {
  const passed: HeaderMap = {};
  let chars = 0;
  for (const [name, value] of upstream) {
    if (DROPPED.has(name) || name.startsWith('access-control-')) continue;
    const size = name.length + value.length;
    if (chars + size > PASSED_LIMIT_CHARS) {
      trail.warn(`left out of the answer, no client could read it: header ${name.slice(0, 60)} of ${value.length} characters`);
      continue;
    }
    chars += size;
    passed[name] = value;
  }
  return { ...passed, ...ownHeaders(trail, true) };
}
