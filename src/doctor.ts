/** The checks of `npm run doctor` that run inside the Worker. Each finding says what was seen and, where it fails, how to mend it. */

import type { App } from './deps';
import { findRequest } from './edge/d1/requests';
import type { Env } from './env';
import type { Call } from './gateway/call';
import { handle } from './gateway/pipeline';
import { type ConfiguredProvider, configure } from './providers/configure';
import { mock } from './providers/mock/mock';
import { ENDPOINTS } from './wires/endpoints';

export interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly mend: string;
}

const BINDINGS = ['DB', 'CACHE', 'BODIES', 'RECORDS', 'RECORD_LEDGER', 'LIMITER', 'CACHE_SLOT', 'HEALTH'] as const;
const PROVIDER_WAIT_MS = 10_000;
const RECORD_WAIT_MS = 20_000;
const RECORD_POLL_MS = 500;
/** What Cloudflare's edge answers for a host that does not resolve (error 1016). */
const ORIGIN_DNS_STATUS = 530;

export function checkBindings(env: Env): Finding[] {
  const missing = BINDINGS.filter((name) => env[name] === undefined);
  return [
    {
      check: 'bindings',
      ok: missing.length === 0,
      detail: missing.length === 0 ? BINDINGS.join(', ') : `missing: ${missing.join(', ')}`,
      mend: 'add them to wrangler.toml as the repository has them and deploy',
    },
  ];
}

/** A deployment without any provider key serves the mock at most. */
export function checkKeys(app: App): Finding {
  const held = app.config.providerList
    .filter((it) => it.key !== null || it.signing !== null)
    .map((it) => (it.key === null ? it.provider.signing?.variables[0] : it.provider.keyVariable));
  const further = app.config.providerList.filter((it) => it.ready && it.provider.keyVariable === null && it.provider !== mock);
  const ok = held.length + further.length > 0 || app.config.mock;
  const none = app.config.mock ? 'none; only the mock answers' : 'none';
  return {
    check: 'provider keys',
    ok,
    detail: held.join(', ') || none,
    mend: 'set one: `npx wrangler secret put OPENAI_API_KEY`, or in the shell of `npm run dev`',
  };
}

/** Keys that no call will use, for their providers are outside of the deployment's region. */
export function checkRegion({ config }: App): Finding[] {
  if (config.region === null) return [];
  const outside = config.providerList.filter((it) => !it.inRegion && (it.key !== null || it.signing !== null));
  const moved = outside.map((it) => it.provider.baseUrlVariable).join(', ');
  return [
    {
      check: `region ${config.region}`,
      ok: outside.length === 0,
      detail:
        outside.length === 0 ? 'every provider with a key is in it' : `not in it, and not asked: ${outside.map((it) => it.provider.slug).join(', ')}`,
      mend: `set ${moved} to an address in the region, or take the key away`,
    },
  ];
}

/** Platforms with paths of their own list theirs elsewhere, those of embeddings nowhere: no call would tell what is wrong with them. */
export function listsModels({ provider: { endpoints, pathFor } }: ConfiguredProvider): boolean {
  return pathFor === undefined && (['chat', 'messages', 'generate-content'] as const).some((name) => endpoints.includes(name));
}

/** Where a provider lists its models depends on the wire. */
function modelsUrl(it: ConfiguredProvider): string {
  if (it.provider.endpoints.includes('chat')) return `${it.baseUrl}/models`;
  if (it.provider.endpoints.includes('messages')) return `${it.baseUrl}/v1/models`;
  if (it.provider.endpoints.includes('generate-content')) return `${it.baseUrl}/v1beta/models`;
  return `${it.baseUrl}/models`;
}

export async function checkProvider(it: ConfiguredProvider): Promise<Finding> {
  const { slug, auth, keyVariable, baseUrlVariable } = it.provider;
  const check = `provider ${slug}`;
  const base = `check ${baseUrlVariable} (now ${it.baseUrl})`;
  const headers = new Headers({ 'anthropic-version': '2023-06-01' });
  if (it.key !== null) headers.set(auth.header, auth.prefix + it.key);
  let response: Response;
  try {
    response = await fetch(modelsUrl(it), { headers, redirect: 'manual', signal: AbortSignal.timeout(PROVIDER_WAIT_MS) });
  } catch (error) {
    const text = String(error);
    if (/timeout|timed out/i.test(text)) return { check, ok: false, detail: `no answer within ${PROVIDER_WAIT_MS / 1000} s`, mend: base };
    // workerd says "Network connection lost" where nothing listens, and only "internal error" where the name does not resolve.
    if (/network connection lost|refused/i.test(text))
      return { check, ok: false, detail: 'the connection is refused', mend: `${base}, and that something listens there` };
    return { check, ok: false, detail: 'the host name does not resolve (DNS), or cannot be reached', mend: base };
  }
  const type = response.headers.get('content-type') ?? '';
  await response.body?.cancel();
  if (response.status === ORIGIN_DNS_STATUS) return { check, ok: false, detail: 'the host name does not resolve (DNS)', mend: base };
  if (response.status === 401 || response.status === 403)
    return { check, ok: false, detail: `the key is refused (status ${response.status})`, mend: `set a valid ${keyVariable}` };
  if (response.status === 404 || (response.ok && !/json/i.test(type)) || (response.status >= 300 && response.status < 400)) {
    return {
      check,
      ok: false,
      detail: `something answers there, but no provider's API (status ${response.status}, ${type || 'no content type'})`,
      mend: `wrong base URL: ${base}`,
    };
  }
  if (!response.ok)
    return { check, ok: false, detail: `the provider answers status ${response.status}`, mend: "look at the provider's status page and try again" };
  return { check, ok: true, detail: 'reachable, the key is accepted', mend: '' };
}

/** One call to the built-in mock through the whole pipeline, and its record read back from the log. */
export async function checkRecord(app: App): Promise<Finding> {
  const check = 'one call and its record';
  const [endpoint] = ENDPOINTS;
  if (endpoint === undefined) throw new Error('no endpoints');
  const text = JSON.stringify({ model: 'mock/echo', messages: [{ role: 'user', content: 'doctor' }] });
  const entry = configure(mock, {});
  const config = {
    ...app.config,
    providers: new Map([...app.config.providers, [mock.slug, entry] as const]),
    providerList: [...app.config.providerList.filter((it) => it.provider !== mock), entry],
  };
  const headers = new Map([
    ['authorization', `Bearer ${app.config.adminKey}`],
    ['content-type', 'application/json'],
    ['content-length', String(text.length)],
  ]);
  const call: Call = {
    id: app.newId(),
    startedAt: app.clock.now(),
    door: { kind: 'gateway', endpoint },
    wire: endpoint.wire,
    method: 'POST',
    path: endpoint.path,
    fullPath: `/v1${endpoint.path}`,
    query: '',
    headers,
    urlKey: null,
    openBody: () => new Blob([text]).stream(),
    text: async () => text,
    signal: new AbortController().signal,
    country: null,
  };
  const response = await handle(call, { ...app, config });
  await response.body?.cancel();
  if (!response.ok)
    return { check, ok: false, detail: `the mock call answered status ${response.status}`, mend: "look at the Worker's log (`npx wrangler tail`)" };
  const startedAt = app.clock.now();
  while (app.clock.now() - startedAt < RECORD_WAIT_MS) {
    if ((await findRequest(app.db, call.id)) !== null)
      return { check, ok: true, detail: `in the log after ${app.clock.now() - startedAt} ms`, mend: '' };
    await new Promise<void>((resolve) => app.clock.after(RECORD_POLL_MS, resolve));
  }
  return {
    check,
    ok: false,
    detail: `no record after ${RECORD_WAIT_MS / 1000} s`,
    mend: "check that the queue has its consumer (`npx wrangler queues info weir-records`) and look at the Worker's log",
  };
}
