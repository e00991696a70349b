/** /api/prices: the tenant's own prices, which come before the catalogue's. */
import { Hono } from 'hono';
import { PutPrice } from '../../../schema/manage';
import { deletePrice, listPrices, putPrice } from '../../edge/d1/prices';
import { GatewayError } from '../../gateway/errors';
import { type AppContext, type AppEnv, data, requireKey } from '../context';
import { readJson } from '../read-json';

async function list(c: AppContext): Promise<Response> {
  await requireKey(c, 'read');
  return data(c, await listPrices(c.env.app.db));
}

/** Records carry the slug, whatever alias a call came by. */
const slugOf = (c: AppContext, name: string): string => c.env.app.config.providers.get(name)?.provider.slug ?? name;

async function put(c: AppContext): Promise<Response> {
  await requireKey(c, 'write');
  const asked = await readJson(c, PutPrice);
  const price = { ...asked, provider: slugOf(c, asked.provider) };
  await putPrice(c.env.app.db, price, c.env.app.clock.now());
  await renew(c);
  return data(c, price);
}

async function remove(c: AppContext): Promise<Response> {
  await requireKey(c, 'write');
  const provider = slugOf(c, (c.req.query('provider') ?? '').toLowerCase());
  const model = (c.req.query('model') ?? '').toLowerCase();
  if (!(await deletePrice(c.env.app.db, provider, model))) {
    throw new GatewayError(
      'not_found',
      `No price for ${JSON.stringify(`${provider}/${model}`.slice(0, 100))}; expected ?provider=…&model=… of one that is listed.`,
    );
  }
  await renew(c);
  return data(c, { provider, model });
}

/** The next answer of this isolate tells its cost by what has just been changed. */
async function renew({ env: { app } }: AppContext): Promise<void> {
  app.priceCache.forget();
  await app.priceCache.get();
}

export const priceRoutes = new Hono<AppEnv>().get('/', list).put('/', put).post('/', put).delete('/', remove);
