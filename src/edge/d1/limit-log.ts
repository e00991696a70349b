/** What limits want to know of logged calls. */
import { and, asc, desc, eq, gt, gte, lt, or, sql } from 'drizzle-orm';
import { requests } from '../../../schema/tables';
import type { LoggedCall } from '../../gateway/limits/simulate';
import type { Labels } from '../../gateway/limits/subject';
import { parseObject } from '../../wires/json';
import type { Database } from './database';

/** Calls from `from` up to `to` (Unix milliseconds) in the order of their start, after the one given; refused and cached ones left out. */
export async function loggedCalls(db: Database, from: number, to: number, after: LoggedCall | null, limit: number): Promise<LoggedCall[]> {
  const next =
    after === null ? undefined : or(gt(requests.startedAt, after.startedAt), and(eq(requests.startedAt, after.startedAt), gt(requests.id, after.id)));
  const rows = await db
    .select()
    .from(requests)
    .where(and(gte(requests.startedAt, from), lt(requests.startedAt, to), sql`${requests.outcome} NOT IN ('refused', 'limited', 'cache_hit')`, next))
    .orderBy(asc(requests.startedAt), asc(requests.id))
    .limit(limit);
  return rows.map((row) => ({
    id: row.id,
    startedAt: row.startedAt,
    userId: row.userId,
    keyId: row.keyId,
    properties: labelsIn(row.properties),
    tokens: (row.inputTokens ?? 0) + (row.outputTokens ?? 0),
    costNanoUsd: row.costNanoUsd ?? 0,
  }));
}

/** The labels of the latest calls since then, one of each segment. */
export async function recentLabels(db: Database, segment: string | null, since: number, limit: number): Promise<Labels[]> {
  if (segment === null) return [{ userId: null, keyId: null, properties: {} }];
  const value =
    segment === 'user'
      ? sql`${requests.userId}`
      : segment === 'key'
        ? sql`${requests.keyId}`
        : segment === 'property'
          ? sql`${requests.properties}`
          : sql`(SELECT value FROM json_each(${requests.properties}) WHERE key = ${segment})`;
  const rows = await db
    .select({ userId: requests.userId, keyId: requests.keyId, properties: requests.properties, last: sql`max(${requests.startedAt})`.as('last') })
    .from(requests)
    .where(gte(requests.startedAt, since))
    .groupBy(value)
    .orderBy(desc(sql`last`))
    .limit(limit);
  return rows.map((row) => ({ userId: row.userId, keyId: row.keyId, properties: labelsIn(row.properties) }));
}

const labelsIn = (json: string): Record<string, string> =>
  Object.fromEntries(Object.entries(parseObject(json) ?? {}).map(([name, value]) => [name, String(value)]));
