/** GET /health: 200, `degraded` while D1 is down, 503 when configuration or migrations are missing. Needs no key and tells no secret. */
import type { App } from '../deps';
import { probe } from '../edge/d1/database';

export interface Health {
  readonly status: 'ok' | 'degraded' | 'misconfigured';
  readonly problems: readonly string[];
}

/** A health check that hangs is a failed one. */
const WAIT_MS = 2_000;

export async function checkHealth(app: App): Promise<Health> {
  try {
    await Promise.race([probe(app.db), timeout()]);
    return { status: 'ok', problems: [] };
  } catch (error) {
    const text = `${String(error)} ${error instanceof Error ? String(error.cause) : ''}`;
    if (/no such (?:table|column)/i.test(text)) {
      return {
        status: 'misconfigured',
        problems: ['D1 lacks tables or columns: apply the migrations (`npm run deploy`, or `npm run dev` locally).'],
      };
    }
    return { status: 'degraded', problems: ['D1 does not answer; calls go on with the keys in memory, and records wait in the queue.'] };
  }
}

const timeout = (): Promise<never> => new Promise((_, reject) => setTimeout(() => reject(new Error('timeout')), WAIT_MS));
