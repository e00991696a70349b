/** Helicone's filter tree to SQL. Values are bound, columns and operators are looked up; nothing of the caller's text becomes SQL. */
import { and, eq, gt, gte, like, lt, lte, ne, or, type SQL, sql } from 'drizzle-orm';
import { SQLiteSyncDialect } from 'drizzle-orm/sqlite-core';
import { requests, sessions } from '../../../schema/tables';
import { GatewayError } from '../../gateway/errors';
import { isObject } from '../../wires/json';

/** A deeper or larger tree is no filter of a screen or a program; SQLite's own limit on expression depth is 100 on D1. */
const DEPTH_LIMIT = 40;
const LEAF_LIMIT = 90;
/** D1 binds 100 values in one statement; paging takes a few of them. https://developers.cloudflare.com/d1/platform/limits/ */
const VALUES_LIMIT = 90;
/** D1 takes LIKE patterns of 50 bytes. */
const PATTERN_LIMIT_BYTES = 50;
const encoder = new TextEncoder();
const dialect = new SQLiteSyncDialect();

type Kind = 'text' | 'number' | 'time' | 'boolean';

export interface Column {
  readonly kind: Kind;
  readonly sql: SQL;
}

/** Helicone's special statuses: −2 timed out, −3 cancelled, −100 cut. */
export const HELICONE_STATUS = sql`CASE ${requests.outcome} WHEN 'cancelled' THEN -3 WHEN 'timeout' THEN CASE WHEN ${requests.status} < 400 THEN -2 ELSE ${requests.status} END
  WHEN 'cut' THEN CASE WHEN ${requests.status} < 400 THEN -100 ELSE ${requests.status} END ELSE ${requests.status} END`;
export const SESSION_NAME = sql`coalesce(${requests.sessionName}, ${sessions.name})`;

const column = (kind: Kind, expression: SQL): Column => ({ kind, sql: expression });

/** Columns that a filter may name, by Helicone's names. */
export const COLUMNS: Readonly<Record<string, Column>> = {
  request_id: column('text', sql`${requests.requestId}`),
  request_created_at: column('time', sql`${requests.startedAt}`),
  response_created_at: column('time', sql`${requests.endedAt}`),
  latency: column('number', sql`(${requests.endedAt} - ${requests.startedAt})`),
  time_to_first_token: column('number', sql`(${requests.firstByteAt} - ${requests.startedAt})`),
  status: column('number', HELICONE_STATUS),
  outcome: column('text', sql`${requests.outcome}`),
  model: column('text', sql`${requests.model}`),
  request_model: column('text', sql`${requests.requestModel}`),
  provider: column('text', sql`${requests.provider}`),
  user_id: column('text', sql`${requests.userId}`),
  session_id: column('text', sql`${requests.sessionId}`),
  prompt_id: column('text', sql`${requests.promptId}`),
  prompt_version: column('text', sql`${requests.promptVersion}`),
  prompt_tokens: column('number', sql`${requests.inputTokens}`),
  completion_tokens: column('number', sql`${requests.outputTokens}`),
  total_tokens: column('number', sql`(${requests.inputTokens} + ${requests.outputTokens})`),
  prompt_cache_read_tokens: column('number', sql`${requests.cacheReadTokens}`),
  prompt_cache_write_tokens: column('number', sql`${requests.cacheWriteTokens}`),
  reasoning_tokens: column('number', sql`${requests.reasoningTokens}`),
  cost: column('number', sql`(${requests.costNanoUsd} / 1e9)`),
  country_code: column('text', sql`${requests.country}`),
  target_url: column('text', sql`${requests.targetUrl}`),
  proxy_key_id: column('text', sql`${requests.keyId}`),
  cache_enabled: column('boolean', sql`(${requests.cacheStatus} IS NOT NULL)`),
  threat: column('boolean', sql`0`),
};

const TABLES = new Set(['request_response_rmt', 'request', 'response', 'properties', 'sessions_request_response_rmt']);
/** `request` and `response` name some columns in their own way. */
const RENAMED: Readonly<Record<string, string>> = { created_at: 'request_created_at', id: 'request_id' };
const PROPERTY_MAPS = new Set(['properties', 'search_properties']);

const bad = (message: string): GatewayError => new GatewayError('bad_request', message, { param: 'filter' });
const show = (it: unknown): string => JSON.stringify(it)?.slice(0, 80) ?? String(it);

/** A property's value by its name, whatever its case was. Session labels are properties too in Helicone's eyes. */
export function propertyColumn(name: string): Column {
  const lower = name.toLowerCase();
  if (lower === 'helicone-session-id') return column('text', sql`${requests.sessionId}`);
  if (lower === 'helicone-session-path') return column('text', sql`${requests.sessionPath}`);
  if (lower === 'helicone-session-name') return column('text', SESSION_NAME);
  if (lower === 'helicone-prompt-id') return column('text', sql`${requests.promptId}`);
  return column('text', sql`(SELECT value FROM json_each(${requests.properties}) WHERE key = ${lower})`);
}

/** The condition of a filter, or undefined for `all`. Throws `bad_request` naming what is wrong. */
export function compileFilter(filter: unknown): SQL | undefined {
  const condition = node(filter, 0, { leaves: LEAF_LIMIT });
  const values = condition === undefined ? 0 : dialect.sqlToQuery(condition).params.length;
  if (values > VALUES_LIMIT) {
    throw bad(`filter: its conditions compare ${values} values and names, expected at most ${VALUES_LIMIT}; a property counts twice.`);
  }
  return condition;
}

function node(it: unknown, depth: number, budget: { leaves: number }): SQL | undefined {
  if (it === 'all') return undefined;
  if (depth > DEPTH_LIMIT) throw bad(`filter: nested deeper than ${DEPTH_LIMIT} levels.`);
  if (!isObject(it))
    throw bad(`filter: got ${show(it)}, expected "all", a leaf {table: {column: {operator: value}}} or a node {left, operator, right}.`);
  if (!('operator' in it) && !('left' in it)) return leaf(it, budget);
  const left = node(it['left'], depth + 1, budget);
  const right = node(it['right'], depth + 1, budget);
  if (it['operator'] === 'and') return and(left, right);
  if (it['operator'] === 'or') return left === undefined || right === undefined ? undefined : or(left, right);
  throw bad(`filter: got the operator ${show(it['operator'])} between two nodes, expected "and" or "or".`);
}

function single(it: unknown, what: string): readonly [string, unknown] {
  const entries = isObject(it) ? Object.entries(it) : [];
  const [entry] = entries;
  if (entry === undefined || entries.length !== 1) throw bad(`filter: got ${show(it)}, expected an object with one ${what}.`);
  return entry;
}

function leaf(it: unknown, budget: { leaves: number }): SQL {
  if (--budget.leaves < 0) throw bad(`filter: more than ${LEAF_LIMIT} conditions.`);
  const [table, columns] = single(it, 'table');
  if (!TABLES.has(table)) throw bad(`filter: unknown table ${show(table)}, expected request_response_rmt or properties.`);
  const [name, condition] = single(columns, 'column');
  if (table === 'properties') return compare(propertyColumn(name), name, condition);
  if (PROPERTY_MAPS.has(name)) {
    const [property, inner] = single(condition, 'property');
    return compare(propertyColumn(property), property, inner);
  }
  const known = COLUMNS[RENAMED[name] ?? name];
  if (known === undefined) throw bad(`filter: unknown column ${show(name)}, expected one of ${Object.keys(COLUMNS).join(', ')}, properties.`);
  return compare(known, name, condition);
}

/** Like LIKE: whatever the case of ASCII letters. */
const contains = (left: SQL, text: string): SQL => sql`instr(lower(${left}), lower(${text})) > 0`;

function matches(left: SQL, pattern: string, name: string): SQL {
  const inner = /^%([^%_]*)%$/.exec(pattern)?.[1];
  if (inner !== undefined) return contains(left, inner);
  const bytes = encoder.encode(pattern).byteLength;
  if (bytes > PATTERN_LIMIT_BYTES) {
    throw bad(`filter: the pattern for ${name} has ${bytes} bytes, expected at most ${PATTERN_LIMIT_BYTES}, or the form %text%.`);
  }
  return like(left, pattern);
}

function compare({ kind, sql: left }: Column, name: string, condition: unknown): SQL {
  const [operator, raw] = single(condition, 'operator');
  const value = read(kind, raw, name);
  const text = typeof value === 'string' ? value : String(value);
  switch (operator) {
    case 'equals':
      return eq(left, value);
    case 'not-equals':
      // A call without the value does not equal it either.
      return or(ne(left, value), sql`${left} IS NULL`) ?? ne(left, value);
    case 'gte':
      return gte(left, value);
    case 'lte':
      return lte(left, value);
    case 'gt':
      return gt(left, value);
    case 'lt':
      return lt(left, value);
    case 'like':
    case 'ilike':
      return matches(left, text, name);
    case 'contains':
      return contains(left, text);
    case 'not-contains':
      return sql`(NOT ${contains(left, text)} OR ${left} IS NULL)`;
    default:
      throw bad(
        `filter: unknown operator ${show(operator)} on ${name}, expected equals, not-equals, like, ilike, contains, not-contains, gte, lte, gt or lt.`,
      );
  }
}

function read(kind: Kind, value: unknown, name: string): string | number {
  if (kind === 'text' && typeof value === 'string') return value;
  if (kind === 'number' && typeof value === 'number' && Number.isFinite(value)) return value;
  if (kind === 'number' && typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))) return Number(value);
  if (kind === 'boolean' && typeof value === 'boolean') return value ? 1 : 0;
  if (kind === 'time') {
    const at = typeof value === 'number' ? value : typeof value === 'string' ? Date.parse(value) : Number.NaN;
    if (Number.isFinite(at)) return at;
  }
  const expected = { text: 'a string', number: 'a number', time: 'a time such as "2026-01-31T00:00:00Z"', boolean: 'true or false' }[kind];
  throw bad(`filter: ${name} got ${show(value)}, expected ${expected}.`);
}
