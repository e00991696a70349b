/** The cache on real KV and Durable Objects: one upstream call for many equal ones, hits at once, nothing kept that is not whole. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { appOf } from '../../src/deps';
import { type CacheDeps, type Joined, KvAnswerCache, type SlotObject, slotName } from '../../src/edge/answer-cache';
import { Namer } from '../../src/edge/vault';
import { type CachedHead, writeHead } from '../../src/gateway/cache/answer';
import type { CachePlan } from '../../src/gateway/cache/plan';
import { joinAll } from '../../src/wires/bytes';
import { bindings, call, eventually } from './calls';

let texts = 0;
const newText = () => `question ${texts++}`;

interface Options {
  readonly text: string;
  readonly model?: string;
  readonly stream?: boolean;
  readonly headers?: Record<string, string>;
  readonly more?: Record<string, unknown>;
  readonly signal?: AbortSignal;
}

const chat = ({ text, model = 'mock/echo', stream, headers = {}, more = {}, signal }: Options): Promise<Response> =>
  call(
    'POST',
    '/v1/chat/completions',
    { model, messages: [{ role: 'user', content: text }], ...(stream ? { stream } : {}), ...more },
    undefined,
    { 'Helicone-Cache-Enabled': 'true', ...headers },
    signal,
  );

interface Seen {
  readonly status: number;
  readonly cache: string | null;
  readonly bucket: string | null;
  readonly text: string;
  readonly headers: Headers;
}

async function ask(options: Options): Promise<Seen> {
  const response = await chat(options);
  const { headers } = response;
  return {
    status: response.status,
    cache: headers.get('helicone-cache'),
    bucket: headers.get('helicone-cache-bucket-idx'),
    text: await response.text(),
    headers,
  };
}

const recordOf = (id: string | null) =>
  eventually('the record', async () => {
    const answer = await call('GET', `/v1/request/${id}`);
    return answer.status === 200 ? (await answer.json<{ data: Record<string, unknown> }>()).data : null;
  });
const record = (seen: Seen) => recordOf(seen.headers.get('helicone-id'));

describe('a cached call', () => {
  it('is answered from the cache the next time, at once, with its own id, metered, at no cost', async () => {
    const text = newText();
    const first = await ask({ text });
    const second = await ask({ text });
    expect([first.cache, second.cache, second.bucket, second.text]).toEqual(['MISS', 'HIT', '0', first.text]);
    expect(second.headers.get('content-type')).toBe('application/json');
    expect(second.headers.get('helicone-id')).not.toBe(first.headers.get('helicone-id'));
    expect(Number(second.headers.get('helicone-cache-latency'))).toBeGreaterThanOrEqual(0);
    expect(second.headers.get('age')).toBe('0');
    expect(second.headers.get('weir-attempts')).toBeNull();
    const [miss, hit] = [await record(first), await record(second)];
    expect(miss).toMatchObject({ outcome: 'ok', cache_status: 'miss' });
    expect(hit).toMatchObject({
      outcome: 'cache_hit',
      cache_status: 'hit',
      cost: 0,
      cache_reference_id: first.headers.get('helicone-id'),
      prompt_tokens: miss['prompt_tokens'],
      completion_tokens: miss['completion_tokens'],
    });
  });

  it('counts what it saved, and can be a key’s default', async () => {
    await call('PUT', '/api/prices', { provider: 'mock', model: 'echo', inputUsdPerMillion: 1_000, outputUsdPerMillion: 2_000 });
    const defaults = { 'Helicone-Cache-Enabled': 'true', 'Helicone-User-Id': 'by default' };
    const { data } = await (await call('POST', '/api/keys', { name: 'cached', scopes: ['proxy'], defaults })).json<{ data: { key: string } }>();
    const text = newText();
    const asking = () => call('POST', '/v1/chat/completions', { model: 'mock/echo', messages: [{ role: 'user', content: text }] }, data.key);
    const miss = await asking();
    await miss.text();
    const hit = await asking();
    expect(hit.headers.get('helicone-cache')).toBe('HIT');
    const stored = await record({ headers: hit.headers } as Seen);
    // Two words in and two out.
    expect([miss, hit].map((each) => each.headers.get('weir-cost'))).toEqual(['0.006', '0']);
    expect(stored).toMatchObject({ cost: 0, saved_cost: 0.006, request_user_id: 'by default' });
    await call('DELETE', '/api/prices?provider=mock&model=echo');
  });

  it('holds calls with tools, and embeddings', async () => {
    const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }];
    const text = newText();
    await ask({ text, more: { tools } });
    expect((await ask({ text, more: { tools } })).cache).toBe('HIT');
    const embed = () => call('POST', '/v1/embeddings', { model: 'mock/echo', input: text }, undefined, { 'Helicone-Cache-Enabled': 'true' });
    const first = await (await embed()).text();
    const second = await embed();
    expect([second.headers.get('helicone-cache'), await second.text()]).toEqual(['HIT', first]);
  });

  it('whatever the order of its keys, and apart from what is to be ignored', async () => {
    const text = newText();
    await ask({ text, more: { temperature: 0, seed: 1, user: 'ada' } });
    const ordered = { user: 'ada', seed: 1, temperature: 0 };
    expect((await ask({ text, more: ordered })).cache).toBe('HIT');
    expect((await ask({ text, more: { ...ordered, temperature: 1 } })).cache).toBe('MISS');
    for (const names of ['user,seed', '"user","seed"', '["user", "seed"]']) {
      const headers = { 'Helicone-Cache-Ignore-Keys': names };
      const own = `${text} ${names}`;
      expect((await ask({ text: own, headers, more: { user: 'a', seed: 1 } })).cache).toBe('MISS');
      expect((await ask({ text: own, headers, more: { user: 'b', seed: 2 } })).cache).toBe('HIT');
    }
  });

  it('is kept apart by seed, model, stream and, if it is private, by caller', async () => {
    const text = newText();
    expect((await ask({ text })).cache).toBe('MISS');
    expect((await ask({ text, headers: { 'Helicone-Cache-Seed': 'a' } })).cache).toBe('MISS');
    expect((await ask({ text, model: 'mock/slow-1' })).cache).toBe('MISS');
    expect((await ask({ text, stream: true })).cache).toBe('MISS');
    const own = (user: string) => ({ 'Cache-Control': 'private', 'Helicone-User-Id': user });
    expect((await ask({ text, headers: own('ada') })).cache).toBe('MISS');
    expect((await ask({ text, headers: own('bob') })).cache).toBe('MISS');
    expect((await ask({ text, headers: own('ada') })).cache).toBe('HIT');
  });

  it('obeys Cache-Control', async () => {
    const text = newText();
    expect((await ask({ text, headers: { 'Cache-Control': 'no-store' } })).cache).toBeNull();
    expect((await ask({ text })).cache).toBe('MISS');
    expect((await ask({ text, headers: { 'Cache-Control': 'no-cache' } })).cache).toBeNull();
    expect((await ask({ text })).cache).toBe('HIT');
    const short = newText();
    await ask({ text: short, headers: { 'Cache-Control': 'max-age=600, s-maxage=1' } });
    expect((await ask({ text: short })).cache).toBe('HIT');
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect((await ask({ text: short })).cache).toBe('MISS');
  });

  it('says why it missed, where it is asked to', async () => {
    const text = newText();
    const debug = async (options: Partial<Options> = {}) => {
      const seen = await ask({ text, ...options, headers: { 'Weir-Cache-Debug': 'true', ...options.headers } });
      return seen.headers.get('weir-cache-debug')?.replace(/; key [0-9a-f]{64}$/, '') ?? seen.cache;
    };
    // Another test may have been the last of the family.
    await debug();
    expect(await debug()).toBe('HIT');
    expect(await debug({ more: { temperature: 0.5, seed: 1 } })).toBe('changed body.temperature, body.seed');
    expect(await debug({ more: { temperature: 0.5, seed: 1 }, headers: { 'Helicone-Cache-Seed': 'other' } })).toBe('other seed');
    const short = { headers: { 'Cache-Control': 'max-age=1' }, more: { temperature: 0.9 } };
    await debug(short);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(await debug(short)).toBe('expired, or not kept');
    await call('DELETE', '/api/cache?all=true');
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await debug(short)).toBe('purged');
    expect((await ask({ text })).headers.get('weir-cache-debug')).toBeNull();
  });

  it('comes out of memory while it is hot, and a purge ends that', async () => {
    const text = newText();
    await ask({ text });
    expect((await ask({ text })).cache).toBe('HIT');
    expect((await ask({ text })).cache).toBe('HIT');
    await call('DELETE', '/api/cache?all=true');
    expect((await ask({ text })).cache).toBe('MISS');
  });

  it('fills its buckets too when it is only written', async () => {
    const text = newText();
    const headers = { 'Helicone-Cache-Enabled': 'false', 'Helicone-Cache-Bucket-Max-Size': '2' };
    for (let index = 0; index < 2; index++) {
      await ask({ text, headers: { ...headers, 'Helicone-Cache-Save': 'true' } });
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect((await ask({ text, headers: { ...headers, 'Helicone-Cache-Read': 'true' } })).cache).toBe('HIT');
  });

  it('may be written alone, or read alone', async () => {
    const text = newText();
    const read = { 'Helicone-Cache-Enabled': 'false', 'Helicone-Cache-Read': 'true' };
    const save = { 'Helicone-Cache-Enabled': 'false', 'Helicone-Cache-Save': 'true' };
    expect((await ask({ text, headers: read })).cache).toBe('MISS');
    expect((await ask({ text, headers: read })).cache).toBe('MISS');
    expect((await ask({ text, headers: save })).cache).toBeNull();
    await eventually('what was saved', async () => ((await ask({ text, headers: read })).cache === 'HIT' ? true : null));
  });

  it('that is a stream replays as one, usage included', async () => {
    const text = newText();
    const first = await ask({ text, stream: true });
    const second = await ask({ text, stream: true });
    expect([second.cache, second.text, second.headers.get('content-type')]).toEqual(['HIT', first.text, 'text/event-stream']);
    expect(second.text).toContain('[DONE]');
    expect(await record(second)).toMatchObject({ outcome: 'cache_hit', prompt_tokens: 2, usage_source: 'provider' });
  });

  /** Asks once, and has the meeting point know of the answer no more than what it wrote down. */
  async function kept(options: Options): Promise<{ readonly first: Seen; readonly digest: string }> {
    const first = await ask({ ...options, headers: { 'Weir-Cache-Debug': 'true', ...options.headers } });
    const digest = /key ([0-9a-f]{64})$/.exec(first.headers.get('weir-cache-debug') ?? '')?.[1] ?? '';
    await eventually('its value in KV', async () => ((await bindings.CACHE.get(`answer/1/${digest}/0`)) === null ? null : true));
    const slot = bindings.CACHE_SLOT.getByName(slotName(digest));
    await eventually('its note', () => runInDurableObject(slot, (_, { storage }) => storage.kv.get(`key:${digest}`) ?? null));
    await evictDurableObject(slot);
    return { first, digest };
  }

  it('still comes from KV when its meeting point has only its note', async () => {
    const text = newText();
    const { first } = await kept({ text });
    expect(await ask({ text })).toMatchObject({ cache: 'HIT', text: first.text });
  });

  it('is asked for anew, and kept again, where KV has lost it', async () => {
    const text = newText();
    const { digest } = await kept({ text });
    await bindings.CACHE.delete(`answer/1/${digest}/0`);
    expect(await ask({ text })).toMatchObject({ cache: 'MISS' });
    expect(await ask({ text })).toMatchObject({ cache: 'HIT' });
  });

  it('leaves no note behind when it has expired', async () => {
    const { digest } = await kept({ text: newText(), headers: { 'Cache-Control': 'max-age=1' } });
    const { digest: lasting } = await kept({ text: newText() });
    const notes = (name: string) =>
      runInDurableObject(bindings.CACHE_SLOT.getByName(slotName(name)), (_, { storage }) => storage.kv.get(`key:${name}`));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    for (const name of [digest, lasting]) {
      const slot = bindings.CACHE_SLOT.getByName(slotName(name));
      // An hour later.
      await runInDurableObject(slot, (_, { storage }) => void storage.kv.delete('swept'));
      expect(await runDurableObjectAlarm(slot)).toBe(true);
    }
    expect([await notes(digest), await notes(lasting)]).toEqual([undefined, [expect.objectContaining({ bucket: 0 })]]);
    expect(await runInDurableObject(bindings.CACHE_SLOT.getByName(slotName(lasting)), (_, { storage }) => storage.getAlarm())).not.toBeNull();
  });

  it('takes no limit when it hits', async () => {
    const headers = { 'Helicone-RateLimit-Policy': '1;w=3600;s=user', 'Helicone-User-Id': newText() };
    const text = newText();
    expect((await ask({ text, headers })).cache).toBe('MISS');
    const hit = await ask({ text, headers });
    expect([hit.status, hit.cache, hit.headers.get('helicone-ratelimit-limit')]).toEqual([200, 'HIT', null]);
    expect((await ask({ text: newText(), headers })).status).toBe(429);
  });

  it('is purged by seed, or with everything else', async () => {
    const [text, headers] = [newText(), { 'Helicone-Cache-Seed': 'purged' }];
    await ask({ text });
    await ask({ text, headers });
    expect((await call('DELETE', '/api/cache?seed=purged')).status).toBe(200);
    expect([(await ask({ text })).cache, (await ask({ text, headers })).cache]).toEqual(['HIT', 'MISS']);
    expect((await call('DELETE', '/api/cache?all=true')).status).toBe(200);
    expect([(await ask({ text })).cache, (await ask({ text, headers })).cache]).toEqual(['MISS', 'MISS']);
    const { cache_key: key } = await record(await ask({ text }));
    await ask({ text: newText() });
    expect(await (await call('DELETE', `/api/cache?key=${key}`)).json()).toEqual({ data: { purged: { key } }, error: null });
    expect((await ask({ text })).cache).toBe('MISS');
    for (const query of ['', '?key=x', '?all=true&seed=a']) expect((await call('DELETE', `/api/cache${query}`)).status).toBe(400);
  });

  it.each(['0', '0x10', '1e1', 'many'])('refuses %s buckets', async (size) => {
    expect((await ask({ text: newText(), headers: { 'Helicone-Cache-Bucket-Max-Size': size } })).status).toBe(400);
  });

  it('refuses more than 20 buckets', async () => {
    const bad = await ask({ text: newText(), headers: { 'Helicone-Cache-Bucket-Max-Size': '21' } });
    expect([bad.status, bad.text]).toEqual([400, expect.stringContaining('a whole number from 1 to 20')]);
  });
});

describe('many equal calls at once', () => {
  const many = async (count: number, options: Options) => {
    const seen = await Promise.all(Array.from({ length: count }, () => ask(options)));
    expect(seen.map((each) => each.status)).toEqual(Array(count).fill(200));
    return { seen, misses: seen.filter((each) => each.cache === 'MISS').length };
  };

  it('make one upstream call', async () => {
    const { seen, misses } = await many(30, { text: newText(), model: 'mock/slow-200' });
    expect([misses, new Set(seen.map((each) => each.text)).size]).toEqual([1, 1]);
  });

  it('make one upstream call when they are streams', async () => {
    const { seen, misses } = await many(10, { text: newText(), model: 'mock/slow-200', stream: true });
    expect([misses, new Set(seen.map((each) => each.text)).size]).toEqual([1, 1]);
  });

  it('fill a bucket of three with three upstream calls', async () => {
    const options = { text: newText(), model: 'mock/slow-200', headers: { 'Helicone-Cache-Bucket-Max-Size': '3' } };
    const { misses } = await many(20, options);
    expect(misses).toBe(3);
    const later = await many(10, options);
    expect([later.misses, new Set(later.seen.map((each) => each.bucket)).size > 1]).toEqual([0, true]);
  });

  it('fill a bucket one after another before the first hit, unless told to serve early', async () => {
    const options = { text: newText(), headers: { 'Helicone-Cache-Bucket-Max-Size': '3' } };
    const seen = [await ask(options), await ask(options), await ask(options), await ask(options)];
    expect(seen.map((each) => each.cache)).toEqual(['MISS', 'MISS', 'MISS', 'HIT']);
    const early = { text: newText(), headers: { ...options.headers, 'Weir-Cache-Fill': 'early' } };
    expect([(await ask(early)).cache, (await ask(early)).cache]).toEqual(['MISS', 'HIT']);
  });

  it('each ask for themselves when the one that leads fails', async () => {
    const seen = await Promise.all(Array.from({ length: 4 }, () => ask({ text: newText(), model: 'mock/error-500' })));
    expect(seen.map((each) => [each.status, each.cache])).toEqual(Array(4).fill([500, 'MISS']));
    const same = newText();
    const together = await Promise.all(Array.from({ length: 4 }, () => ask({ text: same, model: 'mock/error-500' })));
    expect(together.map((each) => [each.status, each.cache])).toEqual(Array(4).fill([500, 'MISS']));
    expect((await ask({ text: same, model: 'mock/error-500' })).cache).toBe('MISS');
  });

  it.each([false, true])('are free at once when the client of the one that leads leaves (a stream: %s): one of them leads then', async (stream) => {
    const options = { text: newText(), model: 'mock/slow-2000', stream };
    const leaving = new AbortController();
    const id = crypto.randomUUID();
    const leader = chat({ ...options, signal: leaving.signal, headers: { 'Helicone-Request-Id': id } }).catch(() => null);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const following = many(3, options);
    await new Promise((resolve) => setTimeout(resolve, 300));
    leaving.abort();
    const [{ seen, misses }] = await Promise.all([following, leader]);
    expect([misses, new Set(seen.map((each) => each.text)).size]).toEqual([1, 1]);
    expect((await recordOf(id))['outcome']).toBe('cancelled');
  });

  it('are free again when the one that was to lead never comes', async () => {
    const slot = bindings.CACHE_SLOT.getByName('abandoned');
    const request = { key: 'k', buckets: 1, missing: [], isEarly: false, mayLead: true };
    // The type of a union that holds a stub is lost on the way through RPC.
    const leading = (await slot.join(request)) as unknown as Joined;
    const joined = await slot.join(request);
    expect(joined.kind).toBe('follow');
    if (leading.kind !== 'lead') throw new Error(leading.kind);
    leading.lead[Symbol.dispose]();
    expect(await slot.follow('flight' in joined ? joined.flight : '')).toBeNull();
    expect(await slot.join(request)).toMatchObject({ kind: 'lead' });
  });

  it('wait no longer for the one that leads than they wait for a provider', async () => {
    const text = newText();
    const leading = ask({ text, model: 'mock/slow-3000' });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const late = await ask({ text, model: 'mock/slow-3000', headers: { 'Weir-Timeout-Total': '300ms' } });
    expect([late.status, late.text]).toEqual([504, expect.stringContaining('provider_timeout')]);
    expect((await leading).status).toBe(200);
  });

  it('are told when the stream that they follow is cut, and nothing of it is kept', async () => {
    const options = { text: newText(), model: 'mock/cut', stream: true };
    const seen = await Promise.all(Array.from({ length: 3 }, () => ask(options)));
    for (const each of seen) expect(each.text).toMatch(/provider_cut/);
    expect((await ask(options)).cache).toBe('MISS');
  });
});

describe('the object where calls meet', () => {
  const open = (name = newText()) => {
    const slot = bindings.CACHE_SLOT.getByName(`meeting-${name}`);
    // The type of a union that holds a stub is lost on the way through RPC.
    const join = async (changes: Record<string, unknown> = {}): Promise<Joined> =>
      (await slot.join({ key: 'k', buckets: 1, missing: [], isEarly: false, mayLead: true, ...changes })) as unknown as Joined;
    return { slot, join };
  };
  const answerOf = (chars: number): Uint8Array => {
    const head: CachedHead = {
      v: 1,
      headers: {},
      latencyMs: 1,
      createdAt: Date.now(),
      expiresAt: Date.now() + 60_000,
      dropsUsage: false,
      provider: 'mock',
      model: 'echo',
      requestId: 'r',
    };
    return joinAll([writeHead(head), new TextEncoder().encode('x'.repeat(chars))]);
  };
  const deliver = async (joined: Joined, chars: number): Promise<void> => {
    if (joined.kind !== 'lead') throw new Error(joined.kind);
    expect(await joined.lead.deliver(answerOf(chars))).toBe(true);
    joined.lead[Symbol.dispose]();
  };

  it('serves what it just stored, though it is more than its memory holds', async () => {
    const { join } = open();
    for (let bucket = 0; bucket < 3; bucket++) await deliver(await join({ buckets: 3 }), 400_000);
    expect(await join({ buckets: 3 })).toMatchObject({ kind: 'stored' });
  });

  it('believes a call that KV does not show it an answer, and everybody else that it does', async () => {
    const name = newText();
    await deliver(await open(name).join(), 10);
    await eventually('the note', () => runInDurableObject(open(name).slot, (_, { storage }) => storage.kv.get('key:k') ?? null));
    await evictDurableObject(open(name).slot);
    const { join } = open(name);
    expect(await join()).toMatchObject({ kind: 'known' });
    expect(await join({ missing: [0], mayLead: false })).toEqual({ kind: 'none' });
    expect(await join()).toMatchObject({ kind: 'known' });
    // Of two that KV showed nothing one leads, and the other gets its answer.
    await deliver(await join({ missing: [0] }), 10);
    expect(await join({ missing: [0] })).toMatchObject({ kind: 'stored' });
  });
});

describe('a call that keeps its answer and asked for none', () => {
  const save = { 'Helicone-Cache-Enabled': 'false', 'Helicone-Cache-Save': 'true' };
  const read = { 'Helicone-Cache-Enabled': 'false', 'Helicone-Cache-Read': 'true' };

  it('has a bucket of its own among many at once', async () => {
    const text = newText();
    const size = { 'Helicone-Cache-Bucket-Max-Size': '3' };
    await Promise.all(Array.from({ length: 3 }, () => ask({ text, model: 'mock/slow-100', headers: { ...save, ...size } })));
    await eventually('all buckets', async () =>
      (await ask({ text, model: 'mock/slow-100', headers: { ...read, ...size } })).cache === 'HIT' ? true : null,
    );
  });

  it('does not undo a purge that came while it was asking', async () => {
    const text = newText();
    const model = 'mock/slow-700';
    const { cache_key: key } = await record(await ask({ text, model }));
    const asking = ask({ text, model, headers: { 'Cache-Control': 'no-cache' } });
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect((await call('DELETE', `/api/cache?key=${key}`)).status).toBe(200);
    await asking;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await ask({ text, model })).cache).toBe('MISS');
  });
});

describe('what is not cacheable', () => {
  it.each([
    ['a call with state at the provider', { previous_response_id: 'resp_1' }],
    ['one that is to be stored there', { store: true }],
  ])('%s', async (_, more) => {
    const text = newText();
    expect((await ask({ text, more })).cache).toBeNull();
    expect((await ask({ text, more })).cache).toBeNull();
  });
});

describe('a cache that does not answer', () => {
  const plan: CachePlan = {
    reads: true,
    writes: true,
    ttlSeconds: 60,
    buckets: 1,
    isEarly: false,
    seed: '',
    subject: 'down',
    parts: null,
    family: '',
  };
  const open = (changes: Partial<CacheDeps>) => {
    const { env, clock, config, waitUntil } = appOf(bindings);
    const slotOf = (name: string) => env.CACHE_SLOT.getByName(name);
    return new KvAnswerCache({ kv: env.CACHE, slotOf, namer: new Namer(config.vaultKey), clock, waitUntil, ...changes });
  };
  const never = () => new Promise<never>(() => {});
  /** The object itself, but for what it does not do. */
  const asking = (app: ReturnType<typeof appOf>, name: string, without: Partial<SlotObject>): SlotObject => {
    const object = app.env.CACHE_SLOT.getByName(name) as unknown as SlotObject;
    return {
      ...without,
      generation: without.generation ?? ((seed: string) => object.generation(seed)),
      note: (...it: Parameters<SlotObject['note']>) => object.note(...it),
    } as SlotObject;
  };
  const failsOnce = (): SlotObject['generation'] => {
    let calls = 0;
    return (seed) =>
      calls++ === 0
        ? Promise.reject(new Error('down'))
        : (appOf(bindings).env.CACHE_SLOT.getByName('generations') as unknown as SlotObject).generation(seed);
  };
  const wait = <T>(waiting: Promise<T>): Promise<T> => waiting;
  const knowing = () => ({ generation: async () => '0', join: async () => ({ kind: 'known', bucket: 0 }) }) as unknown as SlotObject;

  it('is not missed by a call that nobody made before: KV is asked for what it has', async () => {
    const kv = { get: () => Promise.reject(new Error('asked')) } as unknown as KVNamespace;
    const place = await open({ kv }).open({ ...plan, subject: newText(), buckets: 3 }, wait);
    expect(place).toMatchObject({ found: null, warning: null });
    place.publisher?.end(false, 0);
  });

  it('is asked once before an answer: for the key, and beside that for how often it was purged', async () => {
    const asked: string[] = [];
    let answerGeneration = (_: string): void => {};
    const slot = {
      generation: () => {
        asked.push('generation');
        return new Promise<string>((resolve) => {
          answerGeneration = resolve;
        });
      },
      join: async () => {
        asked.push('join');
        answerGeneration('0.0');
        return { kind: 'none' };
      },
    } as unknown as SlotObject;
    const cache = open({ slotOf: () => slot });
    expect(await cache.open({ ...plan, subject: newText() }, wait)).toMatchObject({ found: null, warning: null });
    expect(asked).toEqual(['generation', 'join']);
  });

  it('lets go of the lead of a key that turns out to be purged, and asks for the new one', async () => {
    const led: string[] = [];
    const letGo: string[] = [];
    const slot = {
      generation: async () => '3.0',
      join: async ({ key }: { key: string }) => {
        led.push(key);
        return { kind: 'lead', bucket: 0, lead: { deliver: async () => true, [Symbol.dispose]: () => void letGo.push(key) } };
      },
    } as unknown as SlotObject;
    const place = await open({ slotOf: () => slot }).open({ ...plan, subject: newText() }, wait);
    expect([led.length, letGo, place.key]).toEqual([2, [led[0]], led[1]]);
    place.publisher?.end(false, 0);
  });

  it('is told of an answer whose delivery failed', async () => {
    const noted: unknown[] = [];
    const broken = { deliver: () => Promise.reject(new Error('reset')), [Symbol.dispose]: () => {} };
    const slot = {
      generation: async () => '0',
      join: async () => ({ kind: 'lead', bucket: 0, lead: broken }),
      note: async (...it: unknown[]) => {
        noted.push(it);
        return true;
      },
    } as unknown as SlotObject;
    const { publisher } = await open({ slotOf: () => slot }).open({ ...plan, subject: newText() }, wait);
    const headers = { 'content-type': 'application/json' };
    const head = { v: 1, headers, latencyMs: 1, createdAt: 1, expiresAt: Date.now() + 60_000, dropsUsage: false, provider: 'p', model: 'm' } as const;
    publisher?.begin({ ...head, requestId: 'r' });
    publisher?.write(new TextEncoder().encode('{}'));
    publisher?.end(true, 1);
    await eventually('the note', async () => noted[0] ?? null);
  });

  it('goes on without a leader whose object is reset', async () => {
    const slot = {
      generation: async () => '0',
      join: async () => ({ kind: 'follow', bucket: 0, flight: 'f' }),
      follow: () => Promise.reject(new Error('Durable Object reset because its code was updated.')),
    } as unknown as SlotObject;
    const place = await open({ slotOf: () => slot }).open({ ...plan, subject: newText() }, wait);
    expect(place).toMatchObject({ found: null, warning: 'cache: not used, it did not answer in time' });
  });

  it('is not asked for ever for what it should have', async () => {
    let reads = 0;
    const get = async (): Promise<null> => {
      reads++;
      return null;
    };
    const kv = { get } as unknown as KVNamespace;
    expect(await open({ kv, slotOf: knowing }).open(plan, wait)).toMatchObject({ found: null, publisher: null, warning: null });
    expect(reads).toBe(3);
  });

  it.each<[string, (app: ReturnType<typeof appOf>) => Partial<CacheDeps>]>([
    ['the object fails when it is asked', (app) => ({ slotOf: (name) => asking(app, name, { join: () => Promise.reject(new Error('down')) }) })],
    ['the object hangs when it is asked', (app) => ({ slotOf: (name) => asking(app, name, { join: never }) })],
    ['nobody says how often it was purged', (app, generation = failsOnce()) => ({ slotOf: (name) => asking(app, name, { generation }) })],
  ])('offers the answer afterwards, and the next call has it: %s', async (_, changes) => {
    const subject = newText();
    const broken = await open(changes(appOf(bindings))).open({ ...plan, subject }, wait);
    expect(broken).toMatchObject({ found: null, warning: 'cache: not used, it did not answer in time' });
    const headers = { 'content-type': 'application/json' };
    const head = { v: 1, headers, latencyMs: 1, createdAt: 1, expiresAt: Date.now() + 60_000, dropsUsage: false, provider: 'p', model: 'm' } as const;
    broken.publisher?.begin({ ...head, requestId: 'r' });
    broken.publisher?.write(new TextEncoder().encode('{"kept":true}'));
    broken.publisher?.end(true, 1);
    const found = await eventually('the answer', async () => {
      const place = await open({}).open({ ...plan, subject }, wait);
      place.publisher?.end(false, 0);
      return place.found;
    });
    expect(new TextDecoder().decode(found.body as Uint8Array)).toBe('{"kept":true}');
  });

  it('counts what object and KV take together: neither is slow by itself here', async () => {
    const after = <T>(value: T): Promise<T> => new Promise((resolve) => setTimeout(() => resolve(value), 300));
    const slotOf = () => ({ generation: async () => '0', join: () => after({ kind: 'known', bucket: 0 }) }) as unknown as SlotObject;
    const place = await open({ slotOf, kv: { get: () => after(null) } as unknown as KVNamespace }).open(plan, wait);
    expect(place).toMatchObject({ found: null, warning: 'cache: not used, it did not answer in time' });
  });

  it.each<[string, Partial<CacheDeps>]>([
    ['KV down', { slotOf: knowing, kv: { get: () => Promise.reject(new Error('down')) } as unknown as KVNamespace }],
    ['KV slow', { slotOf: knowing, kv: { get: never } as unknown as KVNamespace }],
    ['the object down', { slotOf: () => ({ generation: async () => '0', join: () => Promise.reject(new Error('down')) }) as unknown as SlotObject }],
    ['the object slow', { slotOf: () => ({ generation: async () => '0', join: never }) as unknown as SlotObject }],
  ])('lets the call go on within half a second, with a warning, and is offered the answer: %s', async (_, changes) => {
    const startedAt = Date.now();
    const place = await open(changes).open(plan, wait);
    expect(Date.now() - startedAt).toBeLessThan(2_000);
    expect(place).toMatchObject({ found: null, warning: 'cache: not used, it did not answer in time' });
    expect(place.publisher).not.toBeNull();
  });
});
