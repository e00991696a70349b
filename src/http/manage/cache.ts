/** DELETE /api/cache: purges. Binds within a second in every isolate, because the count of purges is part of every key. */
import { Hono } from 'hono';
import { GatewayError } from '../../gateway/errors';
import { type AppContext, type AppEnv, data, requireKey } from '../context';

async function purge(c: AppContext): Promise<Response> {
  await requireKey(c, 'write');
  const seed = c.req.query('seed');
  const all = c.req.query('all');
  if ((seed === undefined) === (all === undefined)) {
    throw new GatewayError('bad_request', 'Expected either ?all=true or ?seed=<seed>.', { param: 'seed' });
  }
  await c.env.app.purgeCache(seed ?? null);
  return data(c, seed === undefined ? { purged: 'all' } : { purged: { seed } });
}

export const cacheRoutes = new Hono<AppEnv>().delete('/', purge);
