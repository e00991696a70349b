/** Whether a call may be answered from the cache, and under which key. Pure. */
import type { Policy } from '../../../schema/policy';
import { formContent } from '../../wires/form';
import { stringify } from '../../wires/json';
import type { JsonObject } from '../../wires/wire';
import type { Call, CallBody, Identity, Target } from '../call';
import { forwardedHeaders } from '../upstream-headers';

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
  /** The same by its parts (`body.messages`, `header x`), where the call asks why it missed; else null. They hold keys: digests alone may leave. */
  readonly parts: Readonly<Record<string, string>> | null;
  /** Calls that are likely meant to be the same: of one key, to one path. */
  readonly family: string;
}

/** Helicone's: https://docs.helicone.ai/features/advanced-usage/caching */
const TTL_DEFAULT_SECONDS = 604_800;
const TTL_MOST_SECONDS = 31_536_000;
/** Calls that change something at the provider, or depend on what is there. */
const STATE = ['previous_response_id', 'conversation', 'thread', 'thread_id', 'background'];
/** Headers that tell one sender or try from another and leave the answer as it is. Any other that reaches the provider is part of the key. */
const IDLE_HEADERS =
  /^(?:accept-language|anthropic-dangerous-direct-browser-access|b3|baggage|cache-control|content-type|dnt|idempotency-key|newrelic|pragma|priority|request-id|sec-|sentry-|session-id|session_id|thread-id|traceparent|tracestate|user-agent|x-amzn-trace-id|x-app$|x-b3-|x-claude-code-session-id|x-client-request-id|x-cloud-trace-context|x-datadog-|x-request-id|x-stainless-|x-title)/;
/** Inference that no wire reads yet. */
const RAW_INFERENCE = /\/(?:images\/(?:generations|edits|variations)|audio\/(?:speech|transcriptions|translations)|rerank)$/;

/** Null: this call is not cached. */
export function planCache(call: Call, identity: Identity, policy: Policy, body: CallBody, targets: readonly Target[]): CachePlan | null {
  const control = readCacheControl(policy.cacheControl);
  const reads = (policy.cacheEnabled || policy.cacheRead) && !control.noStore && !control.noCache;
  const writes = (policy.cacheEnabled || policy.cacheSave) && !control.noStore && control.ttlSeconds > 0;
  if ((!reads && !writes) || !isCacheable(call, body)) return null;
  const parts: Record<string, unknown> = {
    version: 'v2',
    wire: call.wire.name,
    door: call.door.kind,
    path: call.path,
    query: call.query,
    model: targets.map(({ name, url, model, tool, fallback }) => [
      name,
      url,
      model,
      tool,
      fallback?.headers,
      fallback?.bodyOverride,
      fallback?.onCodes,
    ]),
    // A prompt that is cut is another one.
    window: policy.tokenLimitHandler ?? '',
    // Whatever is ignored of the body, the answer comes as the call wants it.
    stream: [body.facts.streamed, body.json === null ? '' : call.wire.askForUsage(body.json).length > 0, policy.streamUsage],
    seed: policy.cacheSeed ?? '',
    private: control.isPrivate ? [identity.keyId, policy.userId ?? body.facts.user] : '',
    // A form's boundary is another one each time.
    'content-type': body.form === null ? body.contentType : 'multipart/form-data',
    // Providers show a key's own data to it alone; so does the cache.
    // On the AI Gateway the body says whether a stream is wanted.
    headers: Object.entries(forwardedHeaders(call, identity)).filter(
      ([name]) => !IDLE_HEADERS.test(name) && !(name === 'accept' && call.door.kind === 'gateway'),
    ),
    body: contentOf(body, new Set(policy.cacheIgnoreKeys ?? [])),
  };
  return {
    reads,
    writes,
    ttlSeconds: control.ttlSeconds,
    buckets: policy.cacheBucketMaxSize ?? 1,
    isEarly: policy.cacheFill === 'early',
    seed: policy.cacheSeed ?? '',
    subject: JSON.stringify(parts),
    parts: policy.cacheDebug ? named(parts, body.json) : null,
    family: JSON.stringify([identity.keyId, call.door.kind, call.path]),
  };
}

/** Parsed numbers past 2^53 are equal where their texts are not, and deep nesting overflows the stack: the text itself stands for such a body. */
function contentOf({ json, text, bytes, form, contentType }: CallBody, ignored: ReadonlySet<string>): string {
  if (form !== null && bytes !== null) return JSON.stringify(formContent(bytes, contentType)?.filter(([name]) => !ignored.has(name ?? '')));
  if (json === null) return text ?? base64(bytes);
  if (text !== null && UNSAFE_NUMBER.test(text)) return text;
  try {
    return canonicalJson(without(json, ignored));
  } catch (error) {
    if (error instanceof RangeError && text !== null) return text;
    throw error;
  }
}

/** More digits than a double holds. */
const UNSAFE_NUMBER = /[\d.]{16}/;

/** Digests of these are compared when a call asks why it missed. */
function named(parts: Readonly<Record<string, unknown>>, json: JsonObject | null): Record<string, string> {
  const { body, headers, version: _, ...rest } = parts;
  const members = json === null ? { body } : Object.fromEntries(Object.entries(json).map(([name, value]) => [`body.${name}`, value]));
  const sent = Array.isArray(headers) ? Object.fromEntries(headers.map(([name, value]) => [`header ${name}`, value])) : {};
  return Object.fromEntries(Object.entries({ ...rest, ...sent, ...members }).map(([name, value]) => [name, stringify(value) ?? '']));
}

function isCacheable(call: Call, body: CallBody): boolean {
  if (call.method !== 'POST' || body.stream !== null) return false;
  if (call.wire.name === 'raw' && !RAW_INFERENCE.test(call.path)) return false;
  const { json } = body;
  // What cannot be read may hold state all the same; audio and images have none.
  if (json === null) return call.wire.name === 'raw' || body.form !== null;
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
  const directives = (text ?? '').toLowerCase().replace(/[\s"]/g, '').split(',');
  const seconds = (name: string): number | null => {
    const value = directives.find((each) => each === name || each.startsWith(`${name}=`))?.slice(name.length + 1);
    // RFC 9111 section 4.2.1: freshness that cannot be read counts as none.
    return value === undefined ? null : /^\d+$/.test(value) ? Number(value) : 0;
  };
  const has = (name: string): boolean => directives.some((each) => each === name || each.startsWith(`${name}=`));
  return {
    ttlSeconds: Math.min(seconds('s-maxage') ?? seconds('max-age') ?? TTL_DEFAULT_SECONDS, TTL_MOST_SECONDS),
    noStore: has('no-store'),
    noCache: has('no-cache'),
    isPrivate: has('private'),
  };
}

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
