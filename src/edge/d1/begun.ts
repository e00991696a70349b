/** Calls in the background, in D1, until their answers are fetched. */
import { and, eq, sql } from 'drizzle-orm';
import { BegunCall } from '../../../schema/begun';
import { begunCalls } from '../../../schema/tables';
import type { Clock, BegunCalls as Port } from '../../gateway/ports';
import { parseObject } from '../../wires/json';
import { within } from '../within';
import type { Database } from './database';

/** Nobody waits for it, but what `waitUntil` holds must end. */
const ANSWER_LIMIT_MS = 5_000;

export class BegunCalls implements Port {
  constructor(
    readonly db: Database,
    readonly clock: Clock,
  ) {}

  async put(id: string, call: BegunCall): Promise<void> {
    const row = { id, provider: call.provider, begunAt: this.clock.now(), call: JSON.stringify(call) };
    await within(this.clock, ANSWER_LIMIT_MS, this.db.insert(begunCalls).values(row).onConflictDoNothing().execute());
  }

  async take(id: string, provider: string): Promise<BegunCall | null> {
    const taken = this.db
      .delete(begunCalls)
      .where(and(eq(begunCalls.id, id), eq(begunCalls.provider, provider)))
      .returning()
      .execute();
    const [row] = await within(this.clock, ANSWER_LIMIT_MS, taken);
    return row === undefined ? null : BegunCall.parse(parseObject(row.call));
  }
}

/** At most `limit` at a time. */
export async function deleteBegunBefore(db: Database, before: number, limit: number): Promise<void> {
  await db.run(sql`DELETE FROM begun_calls WHERE rowid IN (SELECT rowid FROM begun_calls WHERE begun_at < ${before} LIMIT ${limit})`);
}
