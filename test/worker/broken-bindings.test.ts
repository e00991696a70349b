/** Whole calls through a deployment of which a part is broken: none fails for it, and what can be kept of its record is kept. */
import { createExecutionContext } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { appOf } from '../../src/deps';
import { serve } from '../../src/http/app';
import { ADMIN, bindings, call, eventually } from './calls';

type Json = Record<string, unknown>;

const ask = async (changes: Json, text = 'hello', path = '/v1/chat/completions'): Promise<Response> =>
  serve(
    new Request(`https://weir.dev${path}`, {
      method: path === '/health' ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' },
      ...(path !== '/health' && { body: JSON.stringify({ model: 'mock/echo', messages: [{ role: 'user', content: text }] }) }),
    }),
    { ...bindings, ...changes } as typeof bindings,
    createExecutionContext(),
  );

const recordOf = (id: string | null): Promise<Json> =>
  eventually('the record', async () => {
    const found = await call('GET', `/v1/request/${id}`);
    return found.status === 200 ? (await found.json<{ data: Json }>()).data : null;
  });
const status = async (): Promise<Record<string, number>> => (await (await call('GET', '/api/status')).json<{ data: Record<string, number> }>()).data;

/** Bodies lie there as gzip members one behind another, which one stream reads to its first end. */
async function textOf(key: string): Promise<string> {
  const bytes = new Uint8Array((await (await bindings.BODIES.get(key))?.arrayBuffer()) ?? []);
  const starts = [...bytes.keys()].filter((at) => bytes[at] === 0x1f && bytes[at + 1] === 0x8b && bytes[at + 2] === 8);
  const members = starts.map((at, index) =>
    new Response(new Blob([bytes.slice(at, starts[index + 1])]).stream().pipeThrough(new DecompressionStream('gzip'))).text().catch(() => ''),
  );
  return new TextDecoder().decode(bytes) + (await Promise.all(members)).join();
}

const refusing = { sendBatch: () => Promise.reject(new Error('the queue is down')) };
const broken = () => Promise.reject(new Error('R2 is down'));
const withoutR2 = { put: broken, get: broken, head: broken, delete: broken, list: broken };

describe('a call while', () => {
  it('the queue refuses is answered, waits in R2 as the status tells, and is in the log after the sweep', async () => {
    const before = await status();
    const response = await ask({ RECORDS: refusing });
    expect([response.status, response.headers.get('weir-warnings')]).toEqual([200, null]);
    const id = response.headers.get('helicone-id');
    await eventually('its record in R2', () => bindings.BODIES.head(`overflow/${id}`));
    await eventually('the count', async () => ((await status())['accepted'] ?? 0) > (before['accepted'] ?? 0) || null);
    const during = await status();
    expect(during['waiting']).toBeGreaterThanOrEqual(1);
    const { consumer, sendMessages } = appOf(bindings);
    await consumer.store.sweepOverflow(sendMessages, 0);
    expect(await recordOf(id)).toMatchObject({ request_id: id, outcome: 'ok' });
    expect(await bindings.BODIES.head(`overflow/${id}`)).toBeNull();
  });

  it('the object store is down is answered and logged, and says that large bodies are lost', async () => {
    const response = await ask({ BODIES: withoutR2 }, 'x'.repeat(80_000));
    expect(response.status).toBe(200);
    await response.text();
    const record = await recordOf(response.headers.get('helicone-id'));
    expect(record).toMatchObject({ outcome: 'ok', has_bodies: false });
    expect(JSON.stringify(record['warnings'])).toContain('bodies not stored');
  });

  it('nothing is to be stored leaves its words nowhere', async () => {
    const secret = `secret-${crypto.randomUUID()}`;
    const response = await ask({ WEIR_STORE_BODIES: 'false' }, secret);
    expect(await response.text()).toContain(secret);
    const record = await recordOf(response.headers.get('helicone-id'));
    expect(record).toMatchObject({ has_bodies: false, request_body: null, response_body: null, prompt_tokens: 1 });
    expect(JSON.stringify(record)).not.toContain(secret);
    const { objects } = await bindings.BODIES.list();
    expect((await Promise.all(objects.map(({ key }) => textOf(key)))).join()).not.toContain(secret);
    // What is looked for could be found.
    const kept = await ask({}, secret);
    await kept.text();
    await recordOf(kept.headers.get('helicone-id'));
    const { objects: after } = await bindings.BODIES.list();
    expect((await Promise.all(after.map(({ key }) => textOf(key)))).join()).toContain(secret);
  });
});

describe('GET /health', () => {
  it('is degraded, and 200, while D1 is down', async () => {
    const down = {
      prepare: () => ({ bind: () => ({ raw: broken, all: broken, first: broken, run: broken }), raw: broken, all: broken, first: broken }),
      batch: broken,
    };
    const response = await ask({ DB: down }, '', '/health');
    expect([response.status, await response.json()]).toEqual([200, expect.objectContaining({ status: 'degraded' })]);
  });

  it('is misconfigured, and 503, without its keys, and shows none', async () => {
    const response = await ask({ WEIR_VAULT_KEY: 'too short' }, '', '/health');
    const text = await response.text();
    expect([response.status, text]).toEqual([503, expect.stringContaining('WEIR_VAULT_KEY')]);
    expect(text).not.toContain('too short');
  });
});
