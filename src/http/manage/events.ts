/** GET /api/events: budgets that passed half, four fifths and all of what they allow, once each. */
import { Hono } from 'hono';
import { listEvents } from '../../edge/d1/events';
import { GatewayError } from '../../gateway/errors';
import { type AppContext, type AppEnv, data, requireKey } from '../context';

const PAGE = 100;

/** `before`: Unix milliseconds, for the next page. */
async function list(c: AppContext): Promise<Response> {
  await requireKey(c, 'read');
  const before = Number(c.req.query('before') ?? Number.MAX_SAFE_INTEGER);
  if (!Number.isSafeInteger(before)) throw new GatewayError('bad_request', 'before: expected Unix milliseconds.', { param: 'before' });
  return data(c, await listEvents(c.env.app.db, before, PAGE));
}

export const eventRoutes = new Hono<AppEnv>().get('/', list);
