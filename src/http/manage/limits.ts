/** /api/limits: limits that count for all calls of the deployment. */
import { Hono } from 'hono';
import { parseLimitPolicies, writeLimitPolicy } from '../../../schema/limit-policy';
import { ChangeLimit, CreateLimit } from '../../../schema/manage';
import { deleteLimit, insertLimit, listLimits, updateLimit } from '../../edge/d1/limits';
import { GatewayError } from '../../gateway/errors';
import { type AppContext, type AppEnv, data, requireKey } from '../context';
import { readJson } from '../read-json';

/** One policy in normal form. Throws `bad_request` with the position. */
function normal(text: string): string {
  const read = parseLimitPolicies(text);
  if ('expected' in read)
    throw new GatewayError('bad_request', `policy: expected ${read.expected} at position ${read.position}.`, { param: 'policy' });
  const [only] = read;
  if (only === undefined || read.length > 1) throw new GatewayError('bad_request', 'policy: expected one policy a limit.', { param: 'policy' });
  return writeLimitPolicy(only);
}

async function list(c: AppContext): Promise<Response> {
  await requireKey(c, 'read');
  return data(c, await listLimits(c.env.app.db));
}

async function create(c: AppContext): Promise<Response> {
  await requireKey(c, 'write');
  const { db, newId, clock, limitCache } = c.env.app;
  const asked = await readJson(c, CreateLimit);
  const limit = { id: newId(), name: asked.name, policy: normal(asked.policy), dryRun: asked.dryRun };
  await insertLimit(db, limit, clock.now());
  limitCache.forget();
  return data(c, limit, 201);
}

/** What was spent stays: the counters are named by the limit, not by its quota. */
async function change(c: AppContext): Promise<Response> {
  await requireKey(c, 'write');
  const { db, clock, limitCache } = c.env.app;
  const { policy, name, dryRun } = await readJson(c, ChangeLimit);
  const changes = {
    ...(name === undefined ? {} : { name }),
    ...(policy === undefined ? {} : { policy: normal(policy) }),
    ...(dryRun === undefined ? {} : { dryRun }),
  };
  const changed = await updateLimit(db, idOf(c), changes, clock.now());
  if (changed === null) throw noLimit(c);
  limitCache.forget();
  return data(c, changed);
}

async function remove(c: AppContext): Promise<Response> {
  await requireKey(c, 'write');
  if (!(await deleteLimit(c.env.app.db, idOf(c)))) throw noLimit(c);
  c.env.app.limitCache.forget();
  return data(c, { id: idOf(c) });
}

const idOf = (c: AppContext): string => c.req.param('id') ?? '';
const noLimit = (c: AppContext): GatewayError => new GatewayError('not_found', `No limit ${JSON.stringify(idOf(c).slice(0, 60))}.`);

export const limitRoutes = new Hono<AppEnv>().get('/', list).post('/', create).patch('/:id', change).delete('/:id', remove);
