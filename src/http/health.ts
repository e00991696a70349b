/** GET /health: 200, `degraded` while D1 is down, 503 when configuration or migrations are missing. Needs no key and tells no secret. */
import { sql } from 'drizzle-orm';
import type { App } from '../deps';

export interface Health {
  readonly status: 'ok' | 'degraded' | 'misconfigured';
  readonly problems: readonly string[];
}

/** A health check that hangs is a failed one. */
const WAIT_MS = 2_000;

export async function checkHealth(app: App): Promise<Health> {
  try {
    await Promise.race([app.db.run(sql`SELECT 1 FROM requests LIMIT 1`), timeout()]);
    return { status: 'ok', problems: [] };
  } catch (error) {
    const text = `${String(error)} ${error instanceof Error ? String(error.cause) : ''}`;
    if (/no such table/i.test(text)) {
      return { status: 'misconfigured', problems: ['D1 has no tables: apply the migrations (`npm run deploy`, or `npm run dev` locally).'] };
    }
    return { status: 'degraded', problems: ['D1 does not answer; calls go on with the keys in memory, and records wait in the queue.'] };
  }
}

const timeout = (): Promise<never> => new Promise((_, reject) => setTimeout(() => reject(new Error('timeout')), WAIT_MS));
