/** Stored limits in D1. */
import { eq } from 'drizzle-orm';
import { parseLimitPolicies } from '../../../schema/limit-policy';
import { limits } from '../../../schema/tables';
import type { LimitRule } from '../../gateway/ports';
import type { Database } from './database';

export interface StoredLimit {
  readonly id: string;
  readonly name: string;
  /** As it was written; one policy. */
  readonly policy: string;
  readonly dryRun: boolean;
}

const limitOf = (row: typeof limits.$inferSelect): StoredLimit => ({ id: row.id, name: row.name, policy: row.policy, dryRun: row.dryRun === 1 });

export async function listLimits(db: Database): Promise<StoredLimit[]> {
  return (await db.select().from(limits).orderBy(limits.name)).map(limitOf);
}

/** The limits as the gateway asks them. A policy that cannot be read (any more) is left out. */
export async function loadLimitRules(db: Database): Promise<LimitRule[]> {
  return (await listLimits(db)).flatMap(({ id, name, policy, dryRun }) => {
    const read = parseLimitPolicies(policy);
    const [only] = 'expected' in read ? [] : read;
    return only === undefined ? [] : [{ id, name, policy: only, isDryRun: dryRun }];
  });
}

export async function insertLimit(db: Database, limit: StoredLimit, at: number): Promise<void> {
  await db.insert(limits).values({ ...limit, dryRun: limit.dryRun ? 1 : 0, updatedAt: at });
}

/** Whether there was one. */
export async function updateLimit(db: Database, id: string, change: Partial<Omit<StoredLimit, 'id'>>, at: number): Promise<StoredLimit | null> {
  const { dryRun, ...rest } = change;
  const row = { ...rest, ...(dryRun === undefined ? {} : { dryRun: dryRun ? 1 : 0 }), updatedAt: at };
  const [changed] = await db.update(limits).set(row).where(eq(limits.id, id)).returning();
  return changed === undefined ? null : limitOf(changed);
}

/** Whether there was one. */
export async function deleteLimit(db: Database, id: string): Promise<boolean> {
  return (await db.delete(limits).where(eq(limits.id, id)).returning({ id: limits.id })).length > 0;
}
