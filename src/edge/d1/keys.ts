/** Weir keys in D1. */
import { and, desc, eq, isNotNull, isNull } from 'drizzle-orm';
import { z } from 'zod';
import { keys } from '../../../schema/tables';
import { SCOPES, type Scope } from '../../gateway/call';
import type { KeyEntry } from '../../gateway/ports';
import type { Database } from './database';

export interface StoredKey extends KeyEntry {
  /** HMAC of the secret, in hex. */
  readonly digest: string;
}

export interface ListedKey extends KeyEntry {
  readonly hint: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
}

const Scopes = z.array(z.enum(SCOPES));
const Defaults = z.record(z.string(), z.string());

const entryOf = (row: typeof keys.$inferSelect): KeyEntry => ({
  id: row.id,
  name: row.name,
  scopes: Scopes.parse(JSON.parse(row.scopes)),
  defaults: Defaults.parse(JSON.parse(row.defaults)),
});

/** The live key with this digest, or null. */
export async function findKey(db: Database, digest: string): Promise<StoredKey | null> {
  const [row] = await db
    .select()
    .from(keys)
    .where(and(eq(keys.digest, digest), isNull(keys.revokedAt)))
    .limit(1);
  return row === undefined ? null : { ...entryOf(row), digest: row.digest };
}

export async function listKeys(db: Database): Promise<ListedKey[]> {
  const rows = await db.select().from(keys).where(isNull(keys.revokedAt)).orderBy(desc(keys.createdAt));
  return rows.map((row) => ({ ...entryOf(row), hint: row.hint, createdAt: row.createdAt }));
}

/** Whether it was new; a live key with the same digest stays as it is, a revoked one lives again under the new id. */
export async function insertKey(
  db: Database,
  key: {
    id: string;
    name: string;
    digest: string;
    hint: string;
    scopes: readonly Scope[];
    defaults: Readonly<Record<string, string>>;
    createdAt: number;
  },
): Promise<boolean> {
  const row = { ...key, scopes: JSON.stringify(key.scopes), defaults: JSON.stringify(key.defaults), revokedAt: null };
  const { digest: _, ...changes } = row;
  const inserted = await db
    .insert(keys)
    .values(row)
    .onConflictDoUpdate({ target: keys.digest, set: changes, setWhere: isNotNull(keys.revokedAt) })
    .returning({ id: keys.id });
  return inserted.length > 0;
}

/** Whether there was such a live key. */
export async function revokeKey(db: Database, id: string, at: number): Promise<boolean> {
  const revoked = await db
    .update(keys)
    .set({ revokedAt: at })
    .where(and(eq(keys.id, id), isNull(keys.revokedAt)))
    .returning({ id: keys.id });
  return revoked.length > 0;
}
