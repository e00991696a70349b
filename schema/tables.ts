/** drizzle tables. `npm run db:generate` writes the migrations from them; a landed migration is never edited. */
import { index, integer, primaryKey, real, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';

/** Weir keys. The secret itself is nowhere: `digest` is its HMAC-SHA-256 under a key derived from WEIR_VAULT_KEY, in hex. */
export const keys = sqliteTable(
  'keys',
  {
    id: text('id').primaryKey(),
    name: text('name').notNull(),
    digest: text('digest').notNull(),
    /** First characters of the secret, to tell keys apart in a list. */
    hint: text('hint').notNull(),
    /** JSON array of scopes. */
    scopes: text('scopes').notNull(),
    /** JSON object: header name → value that counts when a call does not send the header. */
    defaults: text('defaults').notNull().default('{}'),
    createdAt: integer('created_at').notNull(),
    revokedAt: integer('revoked_at'),
  },
  (table) => [uniqueIndex('keys_digest').on(table.digest)],
);

/** Prices of the tenant's own, before those of the price catalogue. US dollars per million tokens, as text: no float is stored. */
export const prices = sqliteTable(
  'prices',
  {
    provider: text('provider').notNull(),
    model: text('model').notNull(),
    inputUsdPerMillion: text('input_usd_per_million').notNull(),
    outputUsdPerMillion: text('output_usd_per_million').notNull(),
    cacheReadUsdPerMillion: text('cache_read_usd_per_million'),
    cacheWriteUsdPerMillion: text('cache_write_usd_per_million'),
    cacheWrite1hUsdPerMillion: text('cache_write_1h_usd_per_million'),
    usdPerImage: text('usd_per_image'),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.provider, table.model] })],
);

/** Limits that count for all calls of the deployment. */
export const limits = sqliteTable('limits', {
  id: text('id').primaryKey(),
  name: text('name').notNull(),
  /** In the grammar of `Helicone-RateLimit-Policy`; one policy. */
  policy: text('policy').notNull(),
  /** 1: it only reports what it would refuse. */
  dryRun: integer('dry_run').notNull().default(0),
  updatedAt: integer('updated_at').notNull(),
});

/** Stored routes: each change is a version of its own, and the highest one counts. */
export const routes = sqliteTable(
  'routes',
  {
    name: text('name').notNull(),
    /** From 1. */
    version: integer('version').notNull(),
    /** JSON: targets and defaults; null: the route was removed. */
    definition: text('definition'),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.name, table.version] })],
);

/** What happened and somebody may want to be told of, once each. */
export const events = sqliteTable(
  'events',
  {
    /** Says what happened: an event that comes twice is one. */
    id: text('id').primaryKey(),
    /** `budget`. */
    kind: text('kind').notNull(),
    at: integer('at').notNull(),
    /** JSON, by kind. */
    data: text('data').notNull(),
  },
  (table) => [index('events_at').on(table.at)],
);

/** One row per call. */
export const requests = sqliteTable(
  'requests',
  {
    id: text('id').primaryKey(),
    requestId: text('request_id').notNull(),
    startedAt: integer('started_at').notNull(),
    firstByteAt: integer('first_byte_at'),
    endedAt: integer('ended_at').notNull(),
    keyId: text('key_id'),
    userId: text('user_id'),
    sessionId: text('session_id'),
    sessionPath: text('session_path'),
    sessionName: text('session_name'),
    promptId: text('prompt_id'),
    promptVersion: text('prompt_version'),
    properties: text('properties').notNull(),
    method: text('method').notNull(),
    path: text('path').notNull(),
    targetUrl: text('target_url'),
    wire: text('wire').notNull(),
    /** Name and version of the stored route that the call ran by, as `name@version`. */
    route: text('route'),
    /** Why its targets were asked in that order, or null. */
    routing: text('routing'),
    provider: text('provider'),
    requestModel: text('request_model'),
    responseModel: text('response_model'),
    modelOverride: text('model_override'),
    /** What the call counts as: override, else the response's model, else the request's. */
    model: text('model'),
    streamed: integer('streamed').notNull(),
    status: integer('status').notNull(),
    outcome: text('outcome').notNull(),
    errorCode: text('error_code'),
    attempts: text('attempts').notNull(),
    /** `provider`, `estimated`, or null. */
    usageSource: text('usage_source'),
    inputTokens: integer('input_tokens'),
    outputTokens: integer('output_tokens'),
    cacheReadTokens: integer('cache_read_tokens'),
    cacheWriteTokens: integer('cache_write_tokens'),
    cacheWrite1hTokens: integer('cache_write_1h_tokens'),
    reasoningTokens: integer('reasoning_tokens'),
    inputAudioTokens: integer('input_audio_tokens'),
    outputAudioTokens: integer('output_audio_tokens'),
    webSearches: integer('web_searches'),
    /** JSON object of what is counted besides tokens (`images`, `audio_seconds`, …), or null. */
    units: text('units'),
    /** `hit`, `miss`, or null when the cache was not asked. */
    cacheStatus: text('cache_status'),
    cacheKey: text('cache_key'),
    cacheBucket: integer('cache_bucket'),
    cacheReference: text('cache_reference'),
    /** What a hit would have cost, in integer nano-dollars. */
    savedNanoUsd: integer('saved_nano_usd'),
    /** Integer nano-dollars; null is unknown, never zero. */
    costNanoUsd: integer('cost_nano_usd'),
    /** `catalogue`, `override`, `provider`, or null. */
    priceSource: text('price_source'),
    /** JSON array: budgets that were half used up or more, see schema/record.ts. */
    budgets: text('budgets').notNull().default('[]'),
    country: text('country'),
    headers: text('headers').notNull(),
    warnings: text('warnings').notNull(),
    requestExcerpt: text('request_excerpt').notNull(),
    responseExcerpt: text('response_excerpt').notNull(),
    requestBytes: integer('request_bytes').notNull(),
    responseBytes: integer('response_bytes').notNull(),
    bodyKey: text('body_key'),
    bodyOffset: integer('body_offset'),
    bodyLength: integer('body_length'),
  },
  (table) => [
    index('requests_started').on(table.startedAt, table.id),
    index('requests_request_id').on(table.requestId),
    index('requests_session').on(table.sessionId),
  ],
);

/** One row per session: the name that any of its calls gave it. */
export const sessions = sqliteTable('sessions', {
  id: text('id').primaryKey(),
  name: text('name').notNull(),
  /** When the call that named it started. */
  namedAt: integer('named_at').notNull(),
});

/** What was said of answers afterwards: by users (`helicone-score-feedback`, 1 or 0) and by whoever evaluates. May come before its call is stored. */
export const scores = sqliteTable(
  'scores',
  {
    requestId: text('request_id').notNull(),
    name: text('name').notNull(),
    value: real('value').notNull(),
    scoredAt: integer('scored_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.requestId, table.name] }), index('scores_scored').on(table.scoredAt)],
);

/** Calls whose answers are made in the background, until somebody fetches them. */
export const begunCalls = sqliteTable(
  'begun_calls',
  {
    /** The answer's, at its vendor. */
    id: text('id').notNull(),
    /** Who makes it. */
    provider: text('provider').notNull(),
    begunAt: integer('begun_at').notNull(),
    /** JSON, see schema/begun.ts. */
    call: text('call').notNull(),
  },
  (table) => [primaryKey({ columns: [table.id, table.provider] }), index('begun_calls_begun').on(table.begunAt)],
);

/** Hourly sums for charts; written in one transaction with the rows that they count. */
export const rollups = sqliteTable(
  'rollups',
  {
    /** Start of the hour, Unix milliseconds. */
    hour: integer('hour').notNull(),
    provider: text('provider').notNull(),
    model: text('model').notNull(),
    outcome: text('outcome').notNull(),
    calls: integer('calls').notNull(),
    inputTokens: integer('input_tokens').notNull(),
    outputTokens: integer('output_tokens').notNull(),
    costNanoUsd: integer('cost_nano_usd').notNull(),
    /** Calls whose cost is unknown. */
    unpriced: integer('unpriced').notNull(),
    durationMs: integer('duration_ms').notNull(),
  },
  (table) => [primaryKey({ columns: [table.hour, table.provider, table.model, table.outcome] })],
);

/** Lifetime counts that must outlive the rows they count: `stored`. */
export const counters = sqliteTable('counters', { name: text('name').primaryKey(), value: integer('value').notNull() });
