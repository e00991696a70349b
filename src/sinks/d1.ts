/**
 * The default sink: one row per call and hourly roll-ups in D1.
 *
 * All statements of a store run in one `batch()`, which is one transaction: the roll-ups count exactly the rows that the same
 * transaction inserts, so a message that the queue delivers twice changes nothing. The rows travel as one JSON parameter, because
 * D1 binds at most 100 values a statement and a row has half as many.
 */
import { getTableColumns } from 'drizzle-orm';
import type { BudgetMark, Usage } from '../../schema/record';
import { requests } from '../../schema/tables';
import type { Database } from '../edge/d1/database';
import type { Sink, StorableRecord } from './sink';

type Row = typeof requests.$inferInsert;

const HOUR_MS = 3_600_000;
/** D1 takes values of up to 2 MB; a row has a few kilobytes. */
const PARAMETER_LIMIT_CHARS = 1_500_000;
const REUSED_ID = 'Helicone-Request-Id: used by an earlier call as well';

/** What is counted besides tokens, as JSON; null where there is nothing. */
function unitsOf(usage: Usage): string | null {
  const units = {
    input_image_tokens: usage.inputImage,
    output_image_tokens: usage.outputImage,
    images: usage.images,
    audio_seconds: usage.audioSeconds,
    characters: usage.characters,
    searches: usage.searches,
    pages: usage.pages,
    annotated_pages: usage.annotatedPages,
  };
  const used = Object.entries(units).filter(([, count]) => count > 0);
  return used.length === 0 ? null : JSON.stringify(Object.fromEntries(used));
}

function rowOf({ record, cost, bodies }: StorableRecord): Row {
  const { usage } = record;
  const warnings = cost.warning === null ? record.warnings : [...record.warnings, cost.warning];
  return {
    id: record.id,
    requestId: record.requestId,
    startedAt: record.startedAt,
    firstByteAt: record.firstByteAt,
    endedAt: record.endedAt,
    keyId: record.keyId,
    userId: record.userId,
    sessionId: record.sessionId,
    sessionPath: record.sessionPath,
    sessionName: record.sessionName,
    promptId: record.promptId,
    promptVersion: record.promptVersion,
    properties: JSON.stringify(record.properties),
    method: record.method,
    path: record.path,
    targetUrl: record.targetUrl,
    wire: record.wire,
    route: record.route,
    routing: record.routing,
    provider: record.provider,
    requestModel: record.requestModel,
    responseModel: record.responseModel,
    modelOverride: record.modelOverride,
    model: record.modelOverride ?? record.responseModel ?? record.attempts.at(-1)?.model ?? record.requestModel,
    streamed: record.streamed ? 1 : 0,
    status: record.status,
    outcome: record.outcome,
    errorCode: record.errorCode,
    attempts: JSON.stringify(record.attempts),
    usageSource: record.usageSource,
    inputTokens: usage?.input ?? null,
    outputTokens: usage?.output ?? null,
    cacheReadTokens: usage?.cacheRead ?? null,
    cacheWriteTokens: usage?.cacheWrite ?? null,
    cacheWrite1hTokens: usage?.cacheWrite1h ?? null,
    reasoningTokens: usage?.reasoning ?? null,
    inputAudioTokens: usage?.inputAudio ?? null,
    outputAudioTokens: usage?.outputAudio ?? null,
    webSearches: usage?.webSearches ?? null,
    units: usage === null ? null : unitsOf(usage),
    cacheStatus: record.cache?.status ?? null,
    cacheKey: record.cache?.key ?? null,
    cacheBucket: record.cache?.bucket ?? null,
    cacheReference: record.cache?.reference ?? null,
    savedNanoUsd: cost.savedNanoUsd ?? null,
    costNanoUsd: cost.nanoUsd,
    priceSource: cost.source,
    budgets: JSON.stringify(record.budgets),
    country: record.country,
    headers: JSON.stringify(record.headers),
    warnings: JSON.stringify(warnings),
    requestExcerpt: record.requestExcerpt,
    responseExcerpt: record.responseExcerpt,
    requestBytes: record.requestBytes,
    responseBytes: record.responseBytes,
    bodyKey: bodies?.key ?? null,
    bodyOffset: bodies?.offset ?? null,
    bodyLength: bodies?.length ?? null,
  };
}

export class D1Sink implements Sink {
  constructor(readonly db: Database) {}

  async store(records: readonly StorableRecord[]): Promise<void> {
    const rows = [...new Map(records.map((each) => [each.record.id, rowOf(each)])).values()];
    for (const part of parts(rows)) await this.#storePart(part);
  }

  async #storePart(rows: readonly string[]): Promise<void> {
    const json = `[${rows.join(',')}]`;
    // drizzle's batch takes no raw statements, and its builder no `INSERT … SELECT FROM json_each`.
    const client = this.db.$client;
    await client.batch(STATEMENTS.map((statement) => client.prepare(statement).bind(json)));
  }
}

const value = (field: keyof Row): string => `item.value ->> '${field}'`;
const IS_FRESH = `NOT EXISTS (SELECT 1 FROM requests AS stored WHERE stored.id = ${value('id')})`;
/** The rows of the parameter that are not stored yet. The order of the statements matters: the last one stores them. */
const FRESH = `json_each(?1) AS item WHERE ${IS_FRESH}`;
/** The first call that finds a budget so far used up tells of it: once a threshold, window and segment. */
const budget = (field: keyof BudgetMark): string => `mark.value ->> '${field}'`;
const BUDGET_EVENT = `'budget:' || json_array(${budget('limit')}, ${budget('segment')}, ${budget('windowStartsAt')}, ${budget('percent')})`;
/** A request id that another call has used already is noted on the later one. */
const WARNINGS = `CASE WHEN EXISTS (SELECT 1 FROM requests AS earlier WHERE earlier.request_id = ${value('requestId')})
  THEN json_insert(${value('warnings')}, '$[#]', '${REUSED_ID}') ELSE ${value('warnings')} END`;
const COLUMNS = Object.entries(getTableColumns(requests)) as [keyof Row, { readonly name: string }][];

const STATEMENTS = [
  `INSERT INTO rollups (hour, provider, model, outcome, calls, input_tokens, output_tokens, cost_nano_usd, unpriced, duration_ms)
    SELECT (${value('startedAt')} / ${HOUR_MS}) * ${HOUR_MS}, coalesce(${value('provider')}, ''), coalesce(${value('model')}, ''), ${value('outcome')},
      count(*), sum(coalesce(${value('inputTokens')}, 0)), sum(coalesce(${value('outputTokens')}, 0)), sum(coalesce(${value('costNanoUsd')}, 0)),
      sum(${value('costNanoUsd')} IS NULL), sum(${value('endedAt')} - ${value('startedAt')})
    FROM ${FRESH} GROUP BY 1, 2, 3, 4
    ON CONFLICT (hour, provider, model, outcome) DO UPDATE SET calls = calls + excluded.calls, input_tokens = input_tokens + excluded.input_tokens,
      output_tokens = output_tokens + excluded.output_tokens, cost_nano_usd = cost_nano_usd + excluded.cost_nano_usd,
      unpriced = unpriced + excluded.unpriced, duration_ms = duration_ms + excluded.duration_ms`,
  `INSERT INTO counters (name, value) SELECT 'stored', count(*) FROM ${FRESH} ON CONFLICT (name) DO UPDATE SET value = value + excluded.value`,
  `INSERT INTO sessions (id, name, named_at) SELECT ${value('sessionId')}, ${value('sessionName')}, ${value('startedAt')}
    FROM ${FRESH} AND ${value('sessionId')} IS NOT NULL AND ${value('sessionName')} IS NOT NULL ORDER BY ${value('startedAt')}
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, named_at = excluded.named_at WHERE excluded.named_at >= named_at`,
  `INSERT INTO events (id, kind, at, data) SELECT ${BUDGET_EVENT}, 'budget', ${value('startedAt')}, mark.value
    FROM json_each(?1) AS item, json_each(${value('budgets')}) AS mark WHERE ${IS_FRESH} ON CONFLICT (id) DO NOTHING`,
  `INSERT INTO requests (${COLUMNS.map(([, column]) => `"${column.name}"`).join(', ')})
    SELECT ${COLUMNS.map(([field]) => (field === 'warnings' ? WARNINGS : value(field))).join(', ')}
    FROM ${FRESH} ON CONFLICT (id) DO NOTHING`,
] as const;

/** The rows as JSON texts, in lists that fit one parameter. */
function parts(rows: readonly Row[]): string[][] {
  const lists: string[][] = [[]];
  let chars = 0;
  for (const row of rows) {
    const text = JSON.stringify(row);
    if (chars + text.length > PARAMETER_LIMIT_CHARS && chars > 0) {
      lists.push([]);
      chars = 0;
    }
    lists.at(-1)?.push(text);
    chars += text.length;
  }
  return lists.filter((list) => list.length > 0);
}
