/** Whether a call may be answered from the cache, and under which key. Pure. */
import type { Policy } from '../../../schema/policy';
import type { JsonObject } from '../../wires/wire';
import type { Call, CallBody, Identity, Target } from '../call';

export interface CachePlan {
  readonly reads: boolean;
  readonly writes: boolean;
  readonly ttlSeconds: number;
  /** How many different answers the key keeps. */
  readonly buckets: number;
  /** Serve from the first answer on, not only when all buckets are full. */
  readonly isEarly: boolean;
  /** Names the part of the cache that is purged together. */
  readonly seed: string;
  /** Everything that tells this call from another one, as text; its digest is the key. */
  readonly subject: string;
}

/** Helicone's: https://docs.helicone.ai/features/advanced-usage/caching */
const TTL_DEFAULT_SECONDS = 604_800;
const TTL_MOST_SECONDS = 31_536_000;
/** Calls that change something at the provider, or depend on what is there. */
const STATE = ['previous_response_id', 'conversation', 'thread_id', 'background'];
/** Inference that no wire reads yet. */
const RAW_INFERENCE = /\/(?:images\/(?:generations|edits|variations)|audio\/(?:speech|transcriptions|translations)|rerank)$/;

/** Null: this call is not cached. */
export function planCache(call: Call, identity: Identity, policy: Policy, body: CallBody, targets: readonly Target[]): CachePlan | null {
  const control = readCacheControl(policy.cacheControl);
  const reads = (policy.cacheEnabled || policy.cacheRead) && !control.noStore && !control.noCache;
  const writes = (policy.cacheEnabled || policy.cacheSave) && !control.noStore && control.ttlSeconds > 0;
  if ((!reads && !writes) || !isCacheable(call, body)) return null;
  const ignored = new Set(policy.cacheIgnoreKeys ?? []);
  const content = body.json === null ? (body.text ?? base64(body.bytes)) : canonicalJson(without(body.json, ignored));
  const parts = [
    'v1',
    call.wire.name,
    call.door.kind,
    call.path,
    call.query,
    targets.map((target) => [target.name, target.url, target.model]),
    content,
    body.contentType,
    policy.streamUsage,
    policy.cacheSeed ?? '',
    // Providers show a key's own data to it alone; so does the cache.
    call.door.kind === 'gateway' || identity.providerKey === 'held' ? '' : providerKeys(call),
    control.isPrivate ? [identity.keyId, policy.userId ?? body.facts.user] : '',
  ];
  return {
    reads,
    writes,
    ttlSeconds: control.ttlSeconds,
    buckets: policy.cacheBucketMaxSize ?? 1,
    isEarly: policy.cacheFill === 'early',
    seed: policy.cacheSeed ?? '',
    subject: JSON.stringify(parts),
  };
}

function isCacheable(call: Call, body: CallBody): boolean {
  if (call.method !== 'POST' || body.stream !== null) return false;
  if (call.wire.name === 'raw' && !RAW_INFERENCE.test(call.path)) return false;
  const { json } = body;
  if (json === null) return true;
  return json['store'] !== true && STATE.every((name) => json[name] === undefined || json[name] === null || json[name] === false);
}

interface CacheControl {
  readonly ttlSeconds: number;
  readonly noStore: boolean;
  readonly noCache: boolean;
  readonly isPrivate: boolean;
}

/** RFC 9111 section 5.2.1 as far as it fits: `s-maxage` wins over `max-age`, what is not known is passed over. */
function readCacheControl(text: string | undefined): CacheControl {
  const directives = (text ?? '')
    .toLowerCase()
    .split(',')
    .map((each) => each.trim());
  const seconds = (name: string): number | null => {
    const value = directives
      .find((each) => each.startsWith(`${name}=`))
      ?.slice(name.length + 1)
      .replaceAll('"', '');
    return value !== undefined && /^\d+$/.test(value) ? Number(value) : null;
  };
  return {
    ttlSeconds: Math.min(seconds('s-maxage') ?? seconds('max-age') ?? TTL_DEFAULT_SECONDS, TTL_MOST_SECONDS),
    noStore: directives.includes('no-store'),
    noCache: directives.includes('no-cache'),
    isPrivate: directives.includes('private'),
  };
}

const providerKeys = (call: Call): string =>
  ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key'].map((name) => call.headers.get(name) ?? '').join('\n');

function without(json: JsonObject, names: ReadonlySet<string>): JsonObject {
  return names.size === 0 ? json : Object.fromEntries(Object.entries(json).filter(([name]) => !names.has(name)));
}

/** JSON with the members of every object in the order of their names: the order in which a program writes them does not matter. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`;
}

function base64(bytes: Uint8Array | null): string {
  let text = '';
  for (const byte of bytes ?? []) text += String.fromCharCode(byte);
  return btoa(text);
}
