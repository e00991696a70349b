/** What every handler gets from the router. */
import type { Context } from 'hono';
import type { App } from '../deps';
import type { Scope } from '../gateway/call';
import { GatewayError } from '../gateway/errors';
import type { KeyEntry } from '../gateway/ports';
import { requireScope } from '../gateway/stages/authenticate';
import { type Address, readAddress } from './address';

/** Handlers see the App alone; the bindings stay behind it. */
export type AppEnv = { Bindings: { readonly app: App } };
export type AppContext = Context<AppEnv>;

const addresses = new WeakMap<Request, Address>();

/** The address of a request; read once by the router, then by the handler. */
export function addressOf(request: Request, app: App): Address {
  const known = addresses.get(request);
  if (known !== undefined) return known;
  const address = readAddress(request.url, app.config.proxyDomains, (text) => app.keys.recognises(text));
  addresses.set(request, address);
  return address;
}

const bearer = (value: string | undefined): string =>
  (value ?? '')
    .trim()
    .replace(/^bearer(?:\s+|$)/i, '')
    .trim();

/** The key behind a management call. Throws `unauthenticated` or `out_of_scope`. */
export async function requireKey(c: AppContext, scope: Scope): Promise<KeyEntry> {
  const secret =
    bearer(c.req.header('helicone-auth')) ||
    bearer(c.req.header('authorization')) ||
    (c.req.header('x-api-key') ?? c.req.header('api-key') ?? c.req.header('x-goog-api-key') ?? '').trim() ||
    (addressOf(c.req.raw, c.env.app).urlKey ?? '');
  if (secret === '') throw unauthenticated(c, 'No Weir key: expected `Authorization: Bearer <key>`.');
  const entry = await c.env.app.keys.find(secret);
  if (entry === null) throw unauthenticated(c, 'The Weir key is unknown or revoked.');
  requireScope(entry, scope);
  return entry;
}

/** Counted like those of calls to models, for they have no record either. */
function unauthenticated(c: AppContext, message: string): GatewayError {
  c.env.app.waitUntil(c.env.app.records.countUnauthenticated());
  return new GatewayError('unauthenticated', message);
}

/** Helicone's envelope, which all of /api and the REST API use. */
export const data = (c: AppContext, value: unknown, status: 200 | 201 = 200): Response => c.json({ data: value, error: null }, status);
