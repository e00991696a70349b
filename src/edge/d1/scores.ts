/** Scores of answers in D1. */
import { and, eq, gt, sql } from 'drizzle-orm';
import { type AnySQLiteColumn, alias } from 'drizzle-orm/sqlite-core';
import { FEEDBACK } from '../../../schema/scores';
import { requests, scores } from '../../../schema/tables';
import type { Liking } from '../../gateway/ports';
import type { Database } from './database';

/** A later word on the same answer replaces the earlier one. `at`: Unix milliseconds. */
export async function putScores(db: Database, requestId: string, given: Readonly<Record<string, number>>, at: number): Promise<void> {
  // One parameter however many scores: D1 takes a hundred.
  await db.run(sql`INSERT INTO ${scores} (request_id, name, value, scored_at)
    SELECT ${requestId}, key, value, ${at} FROM json_each(${JSON.stringify(given)}) WHERE true
    ON CONFLICT (request_id, name) DO UPDATE SET value = excluded.value, scored_at = excluded.scored_at`);
}

/** Scores by request id, then name. */
export async function scoresOf(db: Database, requestIds: readonly string[]): Promise<ReadonlyMap<string, Readonly<Record<string, number>>>> {
  const found = new Map<string, Record<string, number>>();
  if (requestIds.length === 0) return found;
  // One parameter however many ids: D1 takes a hundred.
  const rows = await db
    .select()
    .from(scores)
    .where(sql`${scores.requestId} IN (SELECT value FROM json_each(${JSON.stringify(requestIds)}))`);
  for (const { requestId, name, value } of rows) found.set(requestId, { ...found.get(requestId), [name]: value });
  return found;
}

/** Users' words of a week say how good a target is now. */
const LATELY_MS = 7 * 86_400_000;

/** How users liked what each target answered lately, by its name in attempts (`groq/llama-3.3-70b-versatile`). */
export async function loadLikings(db: Database, now: number): Promise<ReadonlyMap<string, Liking>> {
  // Who was asked last is who answered; a cached answer was given by whom the call asked that it repeats.
  const given = alias(requests, 'given');
  const lastModel = (of: AnySQLiteColumn) => sql`json_extract(${of}, '$[#-1].model')`;
  const model = sql<string | null>`coalesce(${lastModel(requests.attempts)}, (SELECT ${lastModel(given.attempts)} FROM requests AS given
    WHERE ${given.requestId} = ${requests.cacheReference} LIMIT 1))`;
  // A request id that was used again is its newest call's.
  const isNewest = sql`${requests.id} = (SELECT max(${given.id}) FROM requests AS given WHERE ${given.requestId} = ${scores.requestId})`;
  const rows = await db
    .select({ provider: requests.provider, model, liked: sql<number>`sum(${scores.value} > 0)`, rated: sql<number>`count(*)` })
    .from(scores)
    .innerJoin(requests, eq(requests.requestId, scores.requestId))
    .where(and(eq(scores.name, FEEDBACK), gt(scores.scoredAt, now - LATELY_MS), isNewest))
    .groupBy(requests.provider, model);
  return new Map(rows.map(({ provider, model: name, liked, rated }) => [name === null ? String(provider) : `${provider}/${name}`, { liked, rated }]));
}

/** At most `limit` at a time. */
export async function deleteScoresBefore(db: Database, before: number, limit: number): Promise<void> {
  await db.run(sql`DELETE FROM scores WHERE rowid IN (SELECT rowid FROM scores WHERE scored_at < ${before} LIMIT ${limit})`);
}
