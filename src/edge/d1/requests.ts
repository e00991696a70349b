/** Asking for records in D1: Helicone's query, count and single request. */
import { and, asc, count, desc, eq, lt, or, type SQL, sql } from 'drizzle-orm';
import type { RequestQuery } from '../../../schema/query';
import { requests, sessions } from '../../../schema/tables';
import { GatewayError } from '../../gateway/errors';
import { isObject } from '../../wires/json';
import type { Database } from './database';
import { COLUMNS, compileFilter, propertyColumn, SESSION_NAME } from './request-filter';

export type StoredRequest = typeof requests.$inferSelect & { readonly inheritedSessionName: string | null };

export interface Page {
  readonly rows: readonly StoredRequest[];
  /** Ask with it for what follows; null at the end, and where another sort than the default is in force. */
  readonly cursor: string | null;
}

const SORT_ALIASES: Readonly<Record<string, string>> = {
  created_at: 'request_created_at',
  delay_ms: 'latency',
  latency: 'latency',
  cost_usd: 'cost',
  values: 'request_created_at',
};

function sortBy(sort: RequestQuery['sort']): { order: SQL[]; isDefault: boolean } {
  const entries = Object.entries(sort);
  const newestFirst = [desc(requests.startedAt), desc(requests.id)];
  if (entries.length === 0) return { order: newestFirst, isDefault: true };
  const order = entries.map(([name, direction]) => {
    const [inner] = isObject(direction) ? Object.entries(direction) : [];
    const known =
      inner !== undefined && (name === 'properties' || name === 'values') ? propertyColumn(inner[0]) : COLUMNS[SORT_ALIASES[name] ?? name];
    if (known === undefined) throw new GatewayError('bad_request', `sort: unknown column ${JSON.stringify(name).slice(0, 80)}.`, { param: 'sort' });
    return (inner?.[1] ?? direction) === 'asc' ? asc(known.sql) : desc(known.sql);
  });
  const isDefault =
    entries.length === 1 && (SORT_ALIASES[entries[0]?.[0] ?? ''] ?? entries[0]?.[0]) === 'request_created_at' && entries[0]?.[1] === 'desc';
  return { order: isDefault ? newestFirst : [...order, desc(requests.id)], isDefault };
}

const cursorOf = (row: StoredRequest): string => `${row.startedAt}.${row.id}`;

function afterCursor(cursor: string): SQL | undefined {
  const match = /^(\d{1,16})\.([0-9a-f-]{36})$/.exec(cursor);
  if (match === null) throw new GatewayError('bad_request', 'cursor: not one that a query of this deployment gave.', { param: 'cursor' });
  const at = Number(match[1]);
  return or(lt(requests.startedAt, at), and(eq(requests.startedAt, at), lt(requests.id, match[2] ?? '')));
}

/** Helicone's switches beside the filter. Weir has no experiments or scores yet: what asks for such calls finds none. */
function switches(query: RequestQuery): SQL | undefined {
  if (query.isPartOfExperiment === true || query.isScored === true) return sql`0`;
  return query.isCached === true ? eq(requests.cacheStatus, 'hit') : undefined;
}

const selectRequests = (db: Database) =>
  db
    .select({ request: requests, inheritedSessionName: SESSION_NAME.mapWith(String) })
    .from(requests)
    .leftJoin(sessions, eq(sessions.id, requests.sessionId));

export async function queryRequests(db: Database, query: RequestQuery): Promise<Page> {
  const { order, isDefault } = sortBy(query.sort);
  if (query.cursor !== undefined && !isDefault) {
    throw new GatewayError('bad_request', 'cursor: goes with the default sort (newest first) only.', { param: 'cursor' });
  }
  const where = and(compileFilter(query.filter), switches(query), query.cursor === undefined ? undefined : afterCursor(query.cursor));
  const found = await selectRequests(db)
    .where(where)
    .orderBy(...order)
    .limit(query.limit)
    .offset(query.offset);
  const rows = found.map((each) => ({ ...each.request, inheritedSessionName: each.inheritedSessionName }));
  const last = rows.at(-1);
  return { rows, cursor: isDefault && last !== undefined && rows.length === query.limit ? cursorOf(last) : null };
}

export async function countRequests(db: Database, query: RequestQuery): Promise<number> {
  const where = and(compileFilter(query.filter), switches(query));
  const [row] = await db.select({ calls: count() }).from(requests).leftJoin(sessions, eq(sessions.id, requests.sessionId)).where(where);
  return row?.calls ?? 0;
}

/** The call with this request id (the latest, should it have been used twice) or this call id, or null. */
export async function findRequest(db: Database, id: string): Promise<StoredRequest | null> {
  const [found] = await selectRequests(db)
    .where(or(eq(requests.requestId, id), eq(requests.id, id)))
    .orderBy(desc(requests.startedAt))
    .limit(1);
  return found === undefined ? null : { ...found.request, inheritedSessionName: found.inheritedSessionName };
}

/** Rows stored in the life of this deployment. */
export async function countStored(db: Database): Promise<number> {
  const row = await db.get<{ value: number } | undefined>(sql`SELECT value FROM counters WHERE name = 'stored'`);
  return row?.value ?? 0;
}

/** Deletes rows older than `before` (Unix milliseconds), at most `limit` at a time; gives how many. */
export async function deleteRequestsBefore(db: Database, before: number, limit: number): Promise<number> {
  const gone = await db.run(
    sql`DELETE FROM requests WHERE id IN (SELECT id FROM requests WHERE started_at < ${before} ORDER BY started_at LIMIT ${limit})`,
  );
  return gone.meta.changes;
}
