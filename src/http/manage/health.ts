/** /api/health: how the targets answer, as the region knows it. DELETE forgets it, when what was wrong is mended. */
import { Hono } from 'hono';
import { type AppContext, type AppEnv, data, requireKey } from '../context';

async function show(c: AppContext): Promise<Response> {
  await requireKey(c, 'read');
  return data(c, await c.env.app.showHealth());
}

async function forget(c: AppContext): Promise<Response> {
  await requireKey(c, 'write');
  await c.env.app.forgetHealth();
  return data(c, { forgotten: true });
}

export const healthRoutes = new Hono<AppEnv>().get('/', show).delete('/', forget);
