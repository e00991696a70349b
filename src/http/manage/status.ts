/** /api/status: the record pipeline, counted; and the command that puts dead records back. */
import { Hono } from 'hono';
import { countStored } from '../../edge/d1/requests';
import { type AppContext, type AppEnv, data, requireKey } from '../context';

/**
 * `accepted`: calls handed to the pipeline. `stored`: rows in the log, over its life. `dead`: given up on, kept in R2.
 * `unchecked`: limits that let calls through while their counter was down. `waiting`: the rest; it is on its way, or lost when it stays.
 */
async function status(c: AppContext): Promise<Response> {
  await requireKey(c, 'read');
  const { db, ledger } = c.env.app;
  const [counts, stored] = await Promise.all([ledger(), countStored(db)]);
  const waiting = Math.max(0, counts.accepted - stored - counts.dead);
  return data(c, {
    accepted: counts.accepted,
    stored,
    waiting,
    dead: counts.dead,
    unauthenticated: counts.unauthenticated,
    unchecked: counts.unchecked,
  });
}

async function revive(c: AppContext): Promise<Response> {
  await requireKey(c, 'admin');
  const app = c.env.app;
  const revived = await app.consumer.store.revive();
  if (revived > 0) await app.count(app.newId(), { accepted: 0, dead: -revived, unauthenticated: 0, unchecked: 0 });
  await app.consumer.store.sweepOverflow(app.sendMessages, 0);
  return data(c, { revived });
}

export const statusRoutes = new Hono<AppEnv>().get('/', status);
export const deadRoutes = new Hono<AppEnv>().post('/revive', revive);
