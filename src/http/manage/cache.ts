/** DELETE /api/cache: purges. Binds within a second in every isolate, because the count of purges is part of every key. */
import { Hono } from 'hono';
import { GatewayError } from '../../gateway/errors';
import { type AppContext, type AppEnv, data, requireKey } from '../context';

const DIGEST = /^[0-9a-f]{64}$/;

async function purge(c: AppContext): Promise<Response> {
  await requireKey(c, 'write');
  const seed = c.req.query('seed');
  const key = c.req.query('key');
  const all = c.req.query('all');
  const asked = [all, seed, key].filter((each) => each !== undefined);
  if (asked.length !== 1 || (all !== undefined && all !== 'true') || (key !== undefined && !DIGEST.test(key))) {
    throw new GatewayError('bad_request', 'Expected one of ?all=true, ?seed=<seed> and ?key=<cache_key of a logged call>.', { param: 'key' });
  }
  if (key !== undefined) await c.env.app.purgeCacheKey(key);
  else await c.env.app.purgeCache(seed ?? null);
  return data(c, { purged: key !== undefined ? { key } : seed !== undefined ? { seed } : 'all' });
}

export const cacheRoutes = new Hono<AppEnv>().delete('/', purge);
