/** Each minute: refused records back into the queue, old ones out of the log. */

import type { App } from './deps';
import { BODIES_PREFIX } from './edge/bodies';
import { deleteBegunBefore } from './edge/d1/begun';
import { deleteRequestsBefore } from './edge/d1/requests';
import { deleteScoresBefore } from './edge/d1/scores';

/** Younger ones may still be in the hands of the call that wrote them. */
const SWEEP_LEAST_AGE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Rows deleted in one run: D1 is one thread, and calls are being logged meanwhile. */
const RETENTION_ROWS = 2_000;
const RETENTION_OBJECTS = 500;

export async function runCron(app: App): Promise<void> {
  const swept = await Promise.allSettled([sweep(app), forgetBegun(app), retain(app)]);
  for (const each of swept) if (each.status === 'rejected') console.error('scheduled work failed:', String(each.reason));
}

async function sweep(app: App): Promise<void> {
  await app.consumer.store.sweepOverflow((messages) => app.sendMessages(messages), SWEEP_LEAST_AGE_MS);
}

/** OpenAI keeps an answer for 30 days: https://platform.openai.com/docs/guides/your-data */
const BEGUN_DAYS = 30;

async function forgetBegun({ db, clock, config }: App): Promise<void> {
  const days = Math.min(BEGUN_DAYS, config.retentionDays ?? BEGUN_DAYS);
  await deleteBegunBefore(db, clock.now() - days * DAY_MS, RETENTION_ROWS);
}

async function retain(app: App): Promise<void> {
  const { retentionDays } = app.config;
  if (retentionDays === null) return;
  const before = app.clock.now() - retentionDays * DAY_MS;
  await deleteRequestsBefore(app.db, before, RETENTION_ROWS);
  await deleteScoresBefore(app.db, before, RETENTION_ROWS);
  // Body keys begin with their day, and R2 lists in the order of keys: the oldest come first.
  const lastDay = BODIES_PREFIX + new Date(before).toISOString().slice(0, 10);
  const { objects } = await app.env.BODIES.list({ prefix: BODIES_PREFIX, limit: RETENTION_OBJECTS });
  const old = objects.map((object) => object.key).filter((key) => key < lastDay);
  if (old.length > 0) await app.env.BODIES.delete(old);
}
