/** What happened and somebody may want to be told of. Written with the calls that showed it (sinks/d1.ts). */
import { desc, lt } from 'drizzle-orm';
import { events } from '../../../schema/tables';
import { parseObject } from '../../wires/json';
import type { JsonObject } from '../../wires/wire';
import type { Database } from './database';

export interface StoredEvent {
  readonly id: string;
  readonly kind: string;
  /** Unix milliseconds. */
  readonly at: number;
  readonly data: JsonObject;
}

/** The newest first, before a time. */
export async function listEvents(db: Database, before: number, limit: number): Promise<StoredEvent[]> {
  const rows = await db.select().from(events).where(lt(events.at, before)).orderBy(desc(events.at)).limit(limit);
  return rows.map((row) => ({ ...row, data: parseObject(row.data) ?? {} }));
}
