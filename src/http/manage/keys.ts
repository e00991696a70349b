/** /api/keys: Weir keys. A secret is shown once, when it is made. */
import { Hono } from 'hono';
import { CreateKey } from '../../../schema/manage';
import { insertKey, listKeys, revokeKey } from '../../edge/d1/keys';
import { secretsEqual } from '../../edge/vault';
import { GatewayError } from '../../gateway/errors';
import { looksLikeWeirKey } from '../../gateway/stages/authenticate';
import { type AppContext, type AppEnv, data, requireKey } from '../context';
import { readJson } from '../read-json';
import { checkDefaults } from './defaults';

const SECRET_BYTES = 24;
const HINT_CHARS = 12;

/** 192 random bits. */
function newSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  return `sk-weir-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

async function create(c: AppContext): Promise<Response> {
  await requireKey(c, 'admin');
  const { config, db, digester, newId, clock } = c.env.app;
  const asked = await readJson(c, CreateKey);
  // What Weir cannot tell from a provider's key it would hand on to one.
  if (asked.key !== undefined && !looksLikeWeirKey(asked.key)) {
    throw new GatewayError('bad_request', "key: expected a key in a form of Weir's (`sk-weir-…`) or of Helicone's (`sk-helicone-…`, `pk-…`).", {
      param: 'key',
    });
  }
  const defaults = checkDefaults(asked.defaults);
  const secret = asked.key ?? newSecret();
  // It would have no effect now, and outlive the next change of the admin key.
  if (secretsEqual(secret, config.adminKey)) throw new GatewayError('conflict', 'key: this secret is the admin key.', { param: 'key' });
  const id = newId();
  const isNew = await insertKey(db, {
    id,
    name: asked.name,
    digest: await digester.digest(secret),
    // The start of a secret of the caller's own is not ours to show: it may be short.
    hint: asked.key === undefined ? secret.slice(0, HINT_CHARS) : 'imported',
    scopes: asked.scopes,
    defaults,
    createdAt: clock.now(),
  });
  if (!isNew) throw new GatewayError('conflict', 'key: this secret is a key of this deployment already.', { param: 'key' });
  return data(c, { id, key: secret }, 201);
}

async function list(c: AppContext): Promise<Response> {
  await requireKey(c, 'admin');
  return data(c, await listKeys(c.env.app.db));
}

async function revoke(c: AppContext): Promise<Response> {
  await requireKey(c, 'admin');
  const id = c.req.param('id') ?? '';
  if (!(await revokeKey(c.env.app.db, id, c.env.app.clock.now())))
    throw new GatewayError('not_found', `No live key ${JSON.stringify(id.slice(0, 60))}.`);
  return data(c, { id });
}

export const keyRoutes = new Hono<AppEnv>().post('/', create).get('/', list).delete('/:id', revoke);
