/**
 * The request headers of the contract, in one table: the gateway parses by it, the README's header reference is printed from it.
 * Names, grammars and defaults are those of Helicone's public header documentation; `Weir-*` headers are Weir's own.
 *
 * `acts: false` marks a header that is parsed and checked but has no effect yet; a call that sends it is told so in `Weir-Warnings`.
 */

import { z } from 'zod';
import { type LimitPolicy, parseLimitPolicies } from './limit-policy.ts';

/** The result of reading one header value: the typed value, or what was expected instead. */
export type Parsed<T> = { readonly value: T } | { readonly expected: string };

export type Parser<T> = (text: string) => Parsed<T>;

export interface HeaderRule<T = unknown> {
  /** The canonical spelling. Matching ignores case. */
  readonly name: string;
  /** Documented misspellings, legacy and alternative names. */
  readonly aliases?: readonly string[];
  readonly parse: Parser<T>;
  /** The value when the header is absent, or undefined for "not set". */
  readonly fallback: T;
  readonly doc: string;
  /** Whether this version acts on it. */
  readonly acts: boolean;
  /** The value is a credential: it is never echoed, not even in the error about it. */
  readonly secret?: boolean;
  /** Too common on ordinary HTTP calls to be worth a warning by itself. */
  readonly quiet?: boolean;
  /** A list, to which that of the key is added: what a key is bound by its callers cannot lift. */
  readonly addsToDefault?: boolean;
}

/** A label longer than this is cut by no one and refused here: it becomes a database column and an index entry. */
const LABEL_LIMIT_CHARS = 1_000;
/** Longest wait that can be asked for; a Worker's stream is cut by runtime updates long before. */
const DURATION_LIMIT_MS = 24 * 3_600_000;

const flag: Parser<boolean> = (text) => {
  const word = text.trim().toLowerCase();
  if (word === 'true') return { value: true };
  if (word === 'false' || word === '') return { value: false };
  return { expected: '`true` or `false`' };
};

const label: Parser<string | undefined> = (text) => {
  if (text.length > LABEL_LIMIT_CHARS) return { expected: `at most ${LABEL_LIMIT_CHARS} characters` };
  return { value: text.trim() === '' ? undefined : text };
};

const secret: Parser<string | undefined> = label;

function integer(least: number, most: number): Parser<number | undefined> {
  return (text) => {
    const value = Number(text.trim());
    if (!/^\d{1,15}$/.test(text.trim()) || value < least || value > most) {
      return { expected: `a whole number from ${least} to ${most}` };
    }
    return { value };
  };
}

const positive: Parser<number | undefined> = (text) => {
  const value = Number(text.trim());
  return text.trim() !== '' && Number.isFinite(value) && value > 0 ? { value } : { expected: 'a number above 0' };
};

function oneOf<const T extends string>(words: readonly T[]): Parser<T | undefined> {
  return (text) => {
    const word = words.find((each) => each.toLowerCase() === text.trim().toLowerCase());
    return word === undefined ? { expected: `one of ${words.map((each) => `\`${each}\``).join(', ')}` } : { value: word };
  };
}

/** `250ms`, `30s`, `5m`; a plain number is milliseconds. */
const duration: Parser<number | undefined> = (text) => {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m)?$/i.exec(text.trim());
  const unitMs = { ms: 1, s: 1_000, m: 60_000 }[(match?.[2] ?? 'ms').toLowerCase()] ?? 1;
  const value = match === null ? Number.NaN : Math.round(Number(match[1]) * unitMs);
  if (!(value > 0 && value <= DURATION_LIMIT_MS)) return { expected: 'a duration such as `250ms` or `30s`, or milliseconds' };
  return { value };
};

const absoluteUrl: Parser<string | undefined> = (text) =>
  URL.canParse(text.trim()) ? { value: text.trim() } : { expected: 'an absolute URL such as `https://api.openai.com`' };

/** Entries of `Helicone-Fallbacks`. */
const TARGETS_LIMIT = 20;
const status = z.number().int().min(100).max(599);

/** One target of `Helicone-Fallbacks`. */
const FallbackEntry = z.object({
  'target-url': z.url(),
  /** In place of the call's own headers. */
  headers: z.record(z.string(), z.string()).default({}),
  /** Statuses that move on to the next entry. */
  onCodes: z.array(z.union([status, z.object({ from: status, to: status })])),
  /** Top-level members to set in the body. */
  bodyKeyOverride: z
    .record(z.string(), z.unknown())
    .refine((members) => !('stream' in members), 'expected no `stream`: whether the answer streams is for the call to say')
    .optional(),
});
export type FallbackEntry = z.infer<typeof FallbackEntry>;

const Fallbacks = z.array(FallbackEntry).min(1).max(TARGETS_LIMIT);

/** `a,b`, `"a","b"` and `["a","b"]` alike: programs write all three. */
const nameList: Parser<readonly string[] | undefined> = (text) => ({
  value: text
    .trim()
    .replace(/^\[|\]$/g, '')
    .split(',')
    .map((name) => name.trim().replace(/^"|"$/g, ''))
    .filter((name) => name !== ''),
});

const limitPolicies: Parser<readonly LimitPolicy[] | undefined> = (text) => {
  const read = parseLimitPolicies(text);
  return 'expected' in read ? { expected: `${read.expected} at position ${read.position}` } : { value: read };
};

const fallbackList: Parser<readonly FallbackEntry[] | undefined> = (text) => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { expected: 'a JSON array of {"target-url", "headers", "onCodes", "bodyKeyOverride"?}' };
  }
  const parsed = Fallbacks.safeParse(value);
  if (parsed.success) return { value: parsed.data };
  const [issue] = parsed.error.issues;
  return { expected: `a JSON array of {"target-url", "headers", "onCodes", "bodyKeyOverride"?} (at ${issue?.path.join('.')}: ${issue?.message})` };
};

const rule = <T>(it: HeaderRule<T>): HeaderRule<T> => it;

/** How the targets of a call are put in order. */
export const STRATEGIES = ['failover', 'weighted', 'round-robin', 'cost', 'latency', 'quality'] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** Every header of the contract with one fixed name, keyed by the field that carries its value in a {@link Policy}. */
export const HEADER_RULES = {
  requestId: rule({
    name: 'Helicone-Request-Id',
    parse: label,
    fallback: undefined,
    acts: true,
    doc: 'The request id to show and to ask for: a UUID of any version. Anything else is replaced, with a warning.',
  }),
  userId: rule({
    name: 'Helicone-User-Id',
    aliases: ['Helicone-User'],
    parse: label,
    fallback: undefined,
    acts: true,
    doc: "The user this call is for. Without it the body's `user` (OpenAI) or `metadata.user_id` (Anthropic) counts.",
  }),
  sessionId: rule({
    name: 'Helicone-Session-Id',
    parse: label,
    fallback: undefined,
    acts: true,
    doc: 'Groups calls to a session. Without it the session headers of Claude Code and Codex count.',
  }),
  sessionPath: rule({
    name: 'Helicone-Session-Path',
    parse: label,
    fallback: undefined,
    acts: true,
    doc: "The call's place in the session's tree, such as `/plan/search`.",
  }),
  sessionName: rule({
    name: 'Helicone-Session-Name',
    parse: label,
    fallback: undefined,
    acts: true,
    doc: "The session's name; one call that names it names the whole session.",
  }),
  promptId: rule({
    name: 'Helicone-Prompt-Id',
    parse: label,
    fallback: undefined,
    acts: true,
    doc: 'A label for the prompt behind this call. It is never looked up.',
  }),
  promptVersion: rule({
    name: 'Helicone-Prompt-Version',
    parse: label,
    fallback: undefined,
    acts: true,
    doc: 'A label for the version of that prompt.',
  }),
  promptMode: rule({
    name: 'Helicone-Prompt-Mode',
    parse: oneOf(['production', 'testing', 'deactivated']),
    fallback: undefined,
    acts: false,
    doc: 'Legacy prompt mode.',
  }),
  promptName: rule({ name: 'Helicone-Prompt-Name', parse: label, fallback: undefined, acts: false, doc: 'Legacy prompt name.' }),
  promptFormat: rule({
    name: 'Helicone-Prompt-Format',
    parse: label,
    fallback: undefined,
    acts: false,
    doc: 'Legacy prompt format.',
  }),
  experimentId: rule({
    name: 'Helicone-Experiment-Id',
    parse: label,
    fallback: undefined,
    acts: false,
    doc: 'Experiment this call belongs to.',
  }),
  experimentColumnId: rule({
    name: 'Helicone-Experiment-Column-Id',
    parse: label,
    fallback: undefined,
    acts: false,
    doc: 'Column of that experiment.',
  }),
  experimentRowIndex: rule({
    name: 'Helicone-Experiment-Row-Index',
    parse: label,
    fallback: undefined,
    acts: false,
    doc: 'Row of that experiment.',
  }),
  nodeId: rule({ name: 'Helicone-Node-Id', parse: label, fallback: undefined, acts: false, doc: 'Node of a job.' }),
  modelOverride: rule({
    name: 'Helicone-Model-Override',
    parse: label,
    fallback: undefined,
    acts: true,
    doc: 'The model name to log and to price by; the body is not changed.',
  }),
  targetUrl: rule({
    name: 'Helicone-Target-Url',
    parse: absoluteUrl,
    fallback: undefined,
    acts: true,
    doc: 'The origin that `/gateway/*` calls. Known providers, and hosts named in `WEIR_ALLOWED_TARGETS`.',
  }),
  openAiApiBase: rule({
    name: 'Helicone-OpenAI-Api-Base',
    parse: absoluteUrl,
    fallback: undefined,
    acts: true,
    doc: 'The same for `/openai/*`; wins over `Helicone-Target-Url`.',
  }),
  fallbacks: rule({
    name: 'Helicone-Fallbacks',
    parse: fallbackList,
    fallback: undefined,
    // Its headers hold provider keys.
    secret: true,
    acts: true,
    doc: 'On `/gateway/*`: JSON array of targets `{target-url, headers, onCodes, bodyKeyOverride?}`, asked in order; `onCodes` move on.',
  }),
  fallbackEnabled: rule({
    name: 'Helicone-Fallback-Enabled',
    parse: flag,
    fallback: undefined,
    acts: true,
    doc: '`false`: the first target alone is asked. Without it a call moves on to the next target of its chain, and to the next provider of its model.',
  }),
  bodyMapping: rule({
    name: 'Helicone-Gateway-Body-Mapping',
    parse: oneOf(['OPENAI', 'RESPONSES', 'NO_MAPPING']),
    fallback: undefined,
    acts: true,
    doc: 'Dialect of a body at the path of chats: `RESPONSES`, or `NO_MAPPING` with `anthropic-version` for a message. Elsewhere the path says it.',
  }),
  increaseTimeout: rule({
    name: 'Helicone-Increase-Timeout',
    parse: flag,
    fallback: false,
    acts: true,
    doc: 'Raises the total time of the call from 10 to 30 minutes.',
  }),
  streamUsage: rule({
    name: 'Helicone-Stream-Usage',
    parse: flag,
    fallback: false,
    acts: true,
    doc: "Leaves the stream's usage chunk in the answer. Usage is captured without it.",
  }),
  streamForceFormat: rule({
    name: 'Helicone-Stream-Force-Format',
    parse: flag,
    fallback: false,
    acts: true,
    doc: 'Whole events leave in one chunk; Weir does so always.',
  }),
  tokenLimitHandler: rule({
    name: 'Helicone-Token-Limit-Exception-Handler',
    parse: oneOf(['truncate', 'middle-out', 'fallback']),
    fallback: undefined,
    acts: true,
    doc: 'What to do with a prompt larger than the context window: `truncate` (white space and comments, then the oldest text), `middle-out` (the middle of the text), or `fallback` (the next model of the list whose window is large enough).',
  }),
  cacheEnabled: rule({
    name: 'Helicone-Cache-Enabled',
    parse: flag,
    fallback: false,
    acts: true,
    doc: 'Reads and writes the answer cache.',
  }),
  cacheSave: rule({ name: 'Helicone-Cache-Save', parse: flag, fallback: false, acts: true, doc: 'Writes the cache only.' }),
  cacheRead: rule({ name: 'Helicone-Cache-Read', parse: flag, fallback: false, acts: true, doc: 'Reads the cache only.' }),
  cacheControl: rule({
    name: 'Cache-Control',
    aliases: ['Helicone-Cache-Control'],
    parse: label,
    fallback: undefined,
    acts: true,
    quiet: true,
    doc: 'Time to live of a cached answer: `max-age`, `s-maxage`, `no-store`, `no-cache`, `private`.',
  }),
  cacheBucketMaxSize: rule({
    name: 'Helicone-Cache-Bucket-Max-Size',
    parse: integer(1, 20),
    fallback: 1,
    acts: true,
    doc: 'How many different answers a cache key keeps, 1 to 20.',
  }),
  cacheSeed: rule({ name: 'Helicone-Cache-Seed', parse: label, fallback: undefined, acts: true, doc: 'Namespace of the cache.' }),
  cacheFill: rule({
    name: 'Weir-Cache-Fill',
    parse: oneOf(['full', 'early']),
    fallback: undefined,
    acts: true,
    doc: '`early`: a cache key with several buckets answers from the first one on, not only when all are full.',
  }),
  cacheDebug: rule({
    name: 'Weir-Cache-Debug',
    parse: flag,
    fallback: false,
    acts: true,
    doc: '`true`: an answer that does not come from the cache says why in `Weir-Cache-Debug` (what differs from the last such call of this key to this path), and under which key it is kept.',
  }),
  cacheIgnoreKeys: rule({
    name: 'Helicone-Cache-Ignore-Keys',
    parse: nameList,
    fallback: undefined,
    acts: true,
    doc: 'Top-level body keys that do not count for the cache key, comma-separated.',
  }),
  rateLimitPolicy: rule({
    name: 'Helicone-RateLimit-Policy',
    aliases: ['Helicone-Rate-Limit-Policy'],
    parse: limitPolicies,
    fallback: undefined,
    acts: true,
    addsToDefault: true,
    doc: 'Request, money or token limits, such as `10;w=60;u=request;s=user`; several are separated by commas, and all must admit, those of the key as well.',
  }),
  rateLimitCostCents: rule({
    name: 'Helicone-RateLimit-Cost-Cents',
    parse: positive,
    fallback: undefined,
    acts: false,
    doc: 'Cost of this call in cents; Weir knows it by itself.',
  }),
  retryEnabled: rule({
    name: 'Helicone-Retry-Enabled',
    parse: flag,
    fallback: false,
    acts: true,
    doc: 'Asks the provider again after 408, 409, 429, 5xx and network failures.',
  }),
  retryNum: rule({ name: 'Helicone-Retry-Num', parse: integer(0, 20), fallback: 5, acts: true, doc: 'Tries after the first.' }),
  retryFactor: rule({
    name: 'Helicone-Retry-Factor',
    parse: positive,
    fallback: 2,
    acts: true,
    doc: 'Base of the exponential wait.',
  }),
  retryMinTimeout: rule({
    name: 'Helicone-Retry-Min-Timeout',
    parse: integer(0, 600_000),
    fallback: 1_000,
    acts: true,
    doc: 'First wait, in milliseconds.',
  }),
  retryMaxTimeout: rule({
    name: 'Helicone-Retry-Max-Timeout',
    parse: integer(0, 600_000),
    fallback: 10_000,
    acts: true,
    doc: 'Longest wait, in milliseconds.',
  }),
  securityEnabled: rule({
    name: 'Helicone-LLM-Security-Enabled',
    aliases: ['Helicone-Prompt-Security-Enabled', 'Helicone-Prompt-Guard-Enabled'],
    parse: flag,
    fallback: false,
    acts: false,
    doc: 'Screens the prompt for injections.',
  }),
  securityAdvanced: rule({
    name: 'Helicone-LLM-Security-Advanced',
    parse: flag,
    fallback: false,
    acts: false,
    doc: 'Screens with the larger model too.',
  }),
  moderationsEnabled: rule({
    name: 'Helicone-Moderations-Enabled',
    parse: flag,
    fallback: false,
    acts: false,
    doc: 'Screens the prompt by moderation.',
  }),
  omitRequest: rule({
    name: 'Helicone-Omit-Request',
    parse: flag,
    fallback: false,
    acts: true,
    doc: 'Keeps no copy of the request body anywhere.',
  }),
  omitResponse: rule({
    name: 'Helicone-Omit-Response',
    parse: flag,
    fallback: false,
    acts: true,
    doc: 'Keeps no copy of the response body in the log; the cache, where it is on, is another matter.',
  }),
  posthogKey: rule({
    name: 'Helicone-Posthog-Key',
    parse: secret,
    fallback: undefined,
    acts: false,
    secret: true,
    doc: 'PostHog project to send an event to.',
  }),
  posthogHost: rule({ name: 'Helicone-Posthog-Host', parse: absoluteUrl, fallback: undefined, acts: false, doc: "PostHog's host." }),
  posthogEvent: rule({
    name: 'Helicone-PostHog-Event',
    parse: label,
    fallback: undefined,
    acts: false,
    doc: 'Name of that event.',
  }),
  lytixKey: rule({
    name: 'Helicone-Lytix-Key',
    parse: secret,
    fallback: undefined,
    acts: false,
    secret: true,
    doc: 'Lytix project to export to.',
  }),
  lytixHost: rule({ name: 'Helicone-Lytix-Host', parse: absoluteUrl, fallback: undefined, acts: false, doc: "Lytix's host." }),
  webhookEnabled: rule({
    name: 'Helicone-Webhook-Enabled',
    parse: flag,
    fallback: false,
    acts: false,
    doc: 'Sends this call to the webhooks.',
  }),
  peyeeyeEnabled: rule({
    name: 'Helicone-Peyeeye-Enabled',
    parse: flag,
    fallback: false,
    acts: false,
    doc: 'Redacts personal data before the call.',
  }),
  manualAccessKey: rule({
    name: 'Helicone-Manual-Access-Key',
    parse: secret,
    fallback: undefined,
    acts: false,
    secret: true,
    doc: "Internal to Helicone's own service.",
  }),
  stripeCustomerId: rule({
    name: 'x-stripe-customer-id',
    parse: label,
    fallback: undefined,
    acts: false,
    doc: 'Customer to meter by Stripe.',
  }),
  routing: rule({
    name: 'Weir-Routing',
    parse: oneOf(STRATEGIES),
    fallback: undefined,
    acts: true,
    doc: 'In which order the targets are asked: `failover` (as they stand), `weighted`, `round-robin`, `cost` (the least worst case of this call first), `latency` (the median first byte of late), `quality` (what users said, else the scores of the route).',
  }),
  maxCost: rule({
    name: 'Weir-Max-Cost',
    parse: positive,
    fallback: undefined,
    acts: true,
    doc: 'The most US dollars that this call may cost; targets whose worst case is dearer are left out, and 400 if none is left.',
  }),
  strict: rule({
    name: 'Weir-Strict',
    parse: flag,
    fallback: false,
    acts: true,
    doc: '`true`: a call is refused rather than sent without what the other dialect has no place for.',
  }),
  streamRescue: rule({
    name: 'Weir-Stream-Rescue',
    parse: oneOf(['off', 'splice', 'prefill', 'buffer']),
    fallback: undefined,
    acts: true,
    doc: 'What happens to a stream that breaks after its first content: `off` (a typed error event), `splice` (the next try or target is asked afresh and goes on unseen while its answer is the same), `prefill` (it goes on from the text sent, where the provider offers that), or `buffer` (nothing leaves before the answer is whole).',
  }),
  connectTimeoutMs: rule({
    name: 'Weir-Timeout-Connect',
    parse: duration,
    fallback: undefined,
    acts: true,
    doc: 'Longest wait for the response headers of a streamed call; `250ms`, `30s`, `5m`, or milliseconds.',
  }),
  firstByteTimeoutMs: rule({
    name: 'Weir-Timeout-First-Byte',
    parse: duration,
    fallback: undefined,
    acts: true,
    doc: 'Longest wait for the first content. Default 5 minutes.',
  }),
  idleTimeoutMs: rule({
    name: 'Weir-Timeout-Idle',
    parse: duration,
    fallback: undefined,
    acts: true,
    doc: 'Longest silence inside a stream. Default 95 seconds.',
  }),
  totalTimeoutMs: rule({
    name: 'Weir-Timeout-Total',
    parse: duration,
    fallback: undefined,
    acts: true,
    doc: 'Longest time for the whole call. Default 10 minutes.',
  }),
} as const;

export type PolicyField = keyof typeof HEADER_RULES;
type ValueOf<R> = R extends HeaderRule<infer T> ? T : never;

/** Headers that say who calls. They are read by the first stage and never parsed as policy. */
export const IDENTITY_HEADERS = [
  { name: 'Helicone-Auth', doc: '`Bearer <weir key>`. Wins over every other place for the key.' },
  { name: 'Authorization', doc: "`Bearer <weir key>` on the AI Gateway; on provider proxies the provider's own key." },
  { name: 'x-api-key', doc: 'The same for Anthropic clients.' },
  { name: 'api-key', doc: 'The same for Azure clients.' },
  { name: 'x-goog-api-key', doc: 'The same for Gemini clients.' },
  { name: 'helicone-jwt', doc: "Helicone's dashboard session; ignored." },
  { name: 'helicone-org-id', doc: "Helicone's organisation; ignored, a deployment has one tenant." },
] as const;

/** Prefix of the custom properties: `Helicone-Property-App: shop` gives the property `app`. */
export const PROPERTY_PREFIX = 'helicone-property-';
export const PROPERTY_DOC = 'A custom property of the call; any number of them, names are matched without case.';
/** More properties than this on one call is a mistake in a loop, not a label set. */
export const PROPERTY_LIMIT = 100;

/** What the headers of one call, the key's defaults and the rules' own defaults say together. */
export type Policy = { readonly [F in PolicyField]: ValueOf<(typeof HEADER_RULES)[F]> } & {
  /** Custom properties by lower-cased name. */
  readonly properties: Readonly<Record<string, string>>;
  /** What Weir ignores or replaces for this call, one sentence each. */
  readonly warnings: readonly string[];
};

/** Lower-cased header name → its field. */
export const FIELD_BY_HEADER: ReadonlyMap<string, PolicyField> = new Map(
  (Object.keys(HEADER_RULES) as PolicyField[]).flatMap((field) => {
    const it: HeaderRule = HEADER_RULES[field];
    return [it.name, ...(it.aliases ?? [])].map((name) => [name.toLowerCase(), field] as const);
  }),
);

/** Every name a sender may have meant, for "did you mean". */
export const KNOWN_HEADER_NAMES: readonly string[] = [
  ...Object.values(HEADER_RULES).map((it) => it.name),
  ...IDENTITY_HEADERS.map((it) => it.name),
  'Helicone-Property-',
];
