/** Scores of answers in D1. */
import { and, eq, gt, lt, sql } from 'drizzle-orm';
import { FEEDBACK } from '../../../schema/scores';
import { requests, scores } from '../../../schema/tables';
import type { Liking } from '../../gateway/ports';
import type { Database } from './database';

/** A later word on the same answer replaces the earlier one. `at`: Unix milliseconds. */
export async function putScores(db: Database, requestId: string, given: Readonly<Record<string, number>>, at: number): Promise<void> {
  const rows = Object.entries(given).map(([name, value]) => ({ requestId, name, value, scoredAt: at }));
  if (rows.length === 0) return;
  await db
    .insert(scores)
    .values(rows)
    .onConflictDoUpdate({ target: [scores.requestId, scores.name], set: { value: sql`excluded.value`, scoredAt: sql`excluded.scored_at` } });
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
  // Who was asked last is who answered.
  const model = sql<string | null>`json_extract(${requests.attempts}, '$[#-1].model')`;
  const rows = await db
    .select({ provider: requests.provider, model, liked: sql<number>`sum(${scores.value} > 0)`, rated: sql<number>`count(*)` })
    .from(scores)
    .innerJoin(requests, eq(requests.requestId, scores.requestId))
    .where(and(eq(scores.name, FEEDBACK), gt(scores.scoredAt, now - LATELY_MS)))
    .groupBy(requests.provider, model);
  return new Map(rows.map(({ provider, model: name, liked, rated }) => [name === null ? String(provider) : `${provider}/${name}`, { liked, rated }]));
}

export async function deleteScoresBefore(db: Database, before: number): Promise<void> {
  await db.delete(scores).where(lt(scores.scoredAt, before));
}
