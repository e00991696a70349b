/** Limits on real Durable Objects: what concurrency does to them, what is held and given back, and what survives. */
import { evictDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { appOf } from '../../src/deps';
import { openDatabase } from '../../src/edge/d1/database';
import { Namer } from '../../src/edge/vault';
import type { TakeRequest } from '../../src/gateway/limits/counter';
import { D1Sink } from '../../src/sinks/d1';
import { testRecord } from '../fakes/record';
import { bindings, call, eventually } from './calls';

let users = 0;
const newUser = () => `user-${users++}`;
const POLICY = 'Helicone-RateLimit-Policy';

interface Options {
  readonly policy?: string;
  readonly user?: string;
  readonly model?: string;
  readonly more?: Record<string, unknown>;
  readonly headers?: Record<string, string>;
}

function chat({ policy, user, model = 'mock/echo', more = {}, headers = {} }: Options = {}): Promise<Response> {
  const body = { model, messages: [{ role: 'user', content: 'hi' }], ...more };
  return call('POST', '/v1/chat/completions', body, undefined, {
    ...(policy === undefined ? {} : { [POLICY]: policy }),
    ...(user === undefined ? {} : { 'Helicone-User-Id': user }),
    ...headers,
  });
}

async function statuses(count: number, options: Options): Promise<Record<number, number>> {
  const seen: Record<number, number> = {};
  const answers = await Promise.all(Array.from({ length: count }, () => chat(options)));
  for (const response of answers) {
    await response.text();
    seen[response.status] = (seen[response.status] ?? 0) + 1;
  }
  return seen;
}

describe('Retry-After', () => {
  it('of a limit that a burst used up says when there is room again, whoever still holds a lease of it', async () => {
    const it = { policy: '100;w=4;s=user', user: newUser() };
    const refused: number[] = [];
    for (let at = 0; at < 14; at++) {
      const answers = await Promise.all(Array.from({ length: 8 }, () => chat(it)));
      for (const response of answers) {
        const text = await response.text();
        if (response.status !== 429) continue;
        refused.push(Number(response.headers.get('retry-after')));
        expect(text).toContain('is used up');
      }
    }
    expect(refused.length).toBeGreaterThan(0);
    expect(Math.min(...refused)).toBeGreaterThanOrEqual(3);
    await new Promise((resolve) => setTimeout(resolve, (refused.at(-1) ?? 0) * 1_000));
    expect((await chat(it)).status).toBe(200);
  });
});

describe('what calls in flight hold', () => {
  it('is told apart from what is used up, and is there again when they end', async () => {
    const it = { policy: '60;w=3600;u=tokens;s=user', user: newUser(), more: { max_tokens: 40 } };
    const running = chat({ ...it, model: 'mock/slow-1500' });
    const refused = await eventually('a refusal', async () => {
      const response = await chat(it);
      return response.status === 429 ? response : null;
    });
    expect((await refused.json<{ error: { message: string } }>()).error.message).toContain('is held by calls that still run');
    expect(refused.headers.get('retry-after')).toBe('1');
    expect((await running).status).toBe(200);
    await eventually('room', async () => ((await chat(it)).status === 200 ? true : null));
  });
});

describe('a request limit', () => {
  it.each([
    [200, 50],
    [500, 100],
  ])('lets through of %i concurrent calls exactly its quota of %i', async (count, quota) => {
    const policy = `${quota};w=3600;s=user`;
    expect(await statuses(count, { policy, user: newUser() })).toEqual({ 200: quota, 429: count - quota });
  });

  it('refuses in the dialect of the caller, with what is left and when to come back', async () => {
    const headers = { [POLICY]: '1;w=3600;s=user', 'Helicone-User-Id': newUser() };
    const messages = [{ role: 'user', content: 'hi' }];
    const first = await call('POST', '/v1/messages', { model: 'mock/echo', max_tokens: 5, messages }, undefined, headers);
    expect([first.status, first.headers.get('helicone-ratelimit-remaining'), Number(first.headers.get('helicone-ratelimit-reset'))]).toEqual([
      200,
      '0',
      expect.toSatisfy((seconds: number) => seconds > 3_500 && seconds <= 3_640),
    ]);
    const anthropic = await call('POST', '/v1/messages', { model: 'mock/echo', max_tokens: 5, messages }, undefined, headers);
    expect([anthropic.status, await anthropic.json()]).toEqual([
      429,
      expect.objectContaining({
        type: 'error',
        error: expect.objectContaining({ type: 'rate_limit_error', message: expect.stringContaining('`1;w=3600;s=user`') }),
      }),
    ]);
    const contents = [{ role: 'user', parts: [{ text: 'hi' }] }];
    const gemini = await call('POST', '/v1beta/models/mock%2Fecho:generateContent', { contents }, undefined, headers);
    expect([gemini.status, await gemini.json()]).toEqual([
      429,
      { error: expect.objectContaining({ code: 429, status: 'RESOURCE_EXHAUSTED', message: expect.stringContaining('is used up') }) },
    ]);
    expect(gemini.headers.get('retry-after')).toMatch(/^3[56]\d\d$/);
  });

  it('with mode=strict has written each call down before it is answered', async () => {
    const user = newUser();
    expect((await chat({ policy: '1000;w=3600;s=user;mode=strict', user })).status).toBe(200);
    const name = await new Namer(appOf(bindings).config.vaultKey).name(JSON.stringify(['request', 3600, 'UTC', 'user', user]));
    const stub = bindings.LIMITER.getByName(name);
    await evictDurableObject(stub);
    const window = { kind: 'sliding', ms: 3_600_000 } as const;
    const asked = { id: 'check', amount: 1, isFlexible: false, holdUntil: null, quota: 1_000, window };
    expect(await bindings.LIMITER.getByName(name).check(asked)).toMatchObject({ used: 1, held: 0 });
  });

  it('counts each user for itself, and those without a name together, with a warning', async () => {
    const policy = '1;w=3600;s=user';
    expect((await chat({ policy, user: newUser() })).status).toBe(200);
    expect((await chat({ policy, user: newUser() })).status).toBe(200);
    const nameless = await chat({ policy: '1;w=3601;s=user' });
    expect([nameless.status, nameless.headers.get('weir-warnings')]).toEqual([200, expect.stringContaining('the call has no user')]);
    expect((await chat({ policy: '1;w=3601;s=user' })).status).toBe(429);
  });

  it('counts a property, and all of them together', async () => {
    const app = { 'Helicone-Property-App': newUser() };
    const policy = '1;w=3600;s=app';
    expect((await chat({ policy, headers: app })).status).toBe(200);
    expect((await chat({ policy, headers: app })).status).toBe(429);
    // Exactly one property: it is the one.
    expect((await chat({ policy: '1;w=3600;s=property', headers: app })).status).toBe(429);
    expect((await chat({ policy: '1;w=3600;s=property', headers: { ...app, 'Helicone-Property-Tier': 'a' } })).status).toBe(200);
  });

  it('says what is left, and on a refusal which limit it was and when to come back', async () => {
    const user = newUser();
    const policy = '2;w=3600;s=user';
    const first = await chat({ policy, user });
    const header = (response: Response, name: string) => response.headers.get(`Helicone-RateLimit-${name}`);
    expect([header(first, 'Limit'), header(first, 'Remaining'), header(first, 'Policy'), first.headers.get('retry-after')]).toEqual([
      '2',
      '1',
      policy,
      null,
    ]);
    await chat({ policy, user });
    const refused = await chat({ policy, user });
    expect([refused.status, header(refused, 'Remaining'), refused.headers.get('x-helicone-error')]).toEqual([429, '0', 'rate_limited']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3_500);
    expect(await refused.json()).toMatchObject({
      error: { type: 'rate_limit_error', code: 'rate_limited', message: expect.stringContaining(policy) },
    });
    const { data } = await eventually('the record', async () => {
      const answer = await call('GET', `/v1/request/${refused.headers.get('helicone-id')}`);
      return answer.status === 200 ? answer.json<{ data: unknown }>() : null;
    });
    expect(data).toMatchObject({ response_status: 429, outcome: 'limited', cost: null });
  });

  it('lets the same call through after Retry-After', async () => {
    const options = { policy: '1;w=1;s=user', user: newUser() };
    await chat(options);
    const refused = await chat(options);
    expect(refused.status).toBe(429);
    await new Promise((resolve) => setTimeout(resolve, Number(refused.headers.get('retry-after')) * 1_000));
    expect((await chat(options)).status).toBe(200);
  });

  it('takes nothing where another limit refuses', async () => {
    const user = newUser();
    await chat({ policy: '1;w=3600;s=user', user });
    for (let index = 0; index < 3; index++) expect((await chat({ policy: '1;w=3600;s=user,2;w=7200;s=user', user })).status).toBe(429);
    expect((await chat({ policy: '2;w=7200;s=user', user })).headers.get('helicone-ratelimit-remaining')).toBe('1');
  });

  it('counts the strictest of two that count the same, and the call once', async () => {
    const options = { policy: '4;w=3600;s=user,2;w=3600;s=user', user: newUser() };
    expect(await statuses(6, options)).toEqual({ 200: 2, 429: 4 });
  });

  it('is not overrun by a lease that was handed out under another quota', async () => {
    const user = newUser();
    for (let index = 0; index < 3; index++) await chat({ policy: '5000;w=3600;s=user', user });
    expect((await chat({ policy: '1;w=3600;s=user', user })).status).toBe(429);
  });

  it('is a 400 with the position when it cannot be read', async () => {
    const bad = await chat({ policy: '10;w=60;u=bananas' });
    expect([bad.status, await bad.text()]).toEqual([400, expect.stringMatching(/Helicone-RateLimit-Policy: .*a unit: .*at position 9/)]);
  });

  it('is not taken from by a call that was refused before', async () => {
    const options = { policy: '1;w=3600;s=user', user: newUser() };
    expect((await chat({ ...options, model: 'no-such-model' })).status).toBe(404);
    expect((await chat(options)).status).toBe(200);
  });
});

describe('a limit on money or tokens', () => {
  const price = () =>
    call('PUT', '/api/prices', { provider: 'mock', model: 'echo', inputUsdPerMillion: 0, outputUsdPerMillion: 10_000 }).then((it) => it.text());

  it('is never overrun by concurrent calls that state their max_tokens', async () => {
    await price();
    await eventually('the price in force', async () => ((await appOf(bindings).priceOverrides())('mock', 'echo') === null ? null : true), 14_000);
    // One token of output costs a cent, so each call holds a cent of five.
    const user = newUser();
    const options = { policy: '5;w=3600;u=cents;s=user', user, more: { max_tokens: 1 } };
    expect(await statuses(40, options)).toEqual({ 200: 5, 429: 35 });
  });

  it('gives back what was not used', async () => {
    const user = newUser();
    const options = { policy: '10;w=3600;u=cents;s=user', user, more: { max_tokens: 6 } };
    const first = await chat(options);
    expect([first.status, first.headers.get('helicone-ratelimit-remaining')]).toEqual([200, '4']);
    await first.text();
    // The echo of `hi` is one token: a cent.
    await eventually('the rest given back', async () => {
      const next = await chat({ ...options, more: { max_tokens: 1 } });
      return next.headers.get('helicone-ratelimit-remaining') === '8' ? true : null;
    });
  });

  it('is not led astray by another name for the model', async () => {
    const user = newUser();
    const options = { policy: '10;w=3600;u=cents;s=user', user, more: { max_tokens: 6 }, headers: { 'Helicone-Model-Override': 'gpt-4.1-nano' } };
    expect((await chat(options)).status).toBe(200);
    await eventually('the true cost settled', async () => {
      const next = await chat({ ...options, more: { max_tokens: 1 } });
      return next.headers.get('helicone-ratelimit-remaining') === '8' ? true : null;
    });
  });

  it('keeps what was reserved for a call that was given up while its provider was at work', async () => {
    const options = { policy: '100;w=3600;u=tokens;s=user', user: newUser(), more: { max_tokens: 60 } };
    const late = await chat({ ...options, model: 'mock/slow-5000', headers: { 'Weir-Timeout-Total': '100ms' } });
    expect(late.status).toBe(504);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await chat(options)).status).toBe(429);
  });

  it('is not used up by what costs nothing, and stops that too when nothing is left', async () => {
    const policy = '5000;w=3600;u=tokens;s=user';
    const headers = { [POLICY]: policy, 'Helicone-User-Id': newUser() };
    for (let index = 0; index < 3; index++) {
      const listed = await call('GET', '/mock/v1/models', undefined, undefined, headers);
      expect([listed.status, listed.headers.get('helicone-ratelimit-remaining')]).toEqual([200, '5000']);
    }
  });

  it('goes on working for calls that state nothing, as the documented example of the header does', async () => {
    const response = await chat({ policy: '10;w=1000;u=cents;s=user', user: newUser() });
    expect([response.status, response.headers.get('weir-warnings')]).toEqual([200, expect.stringContaining('the call states no max_tokens')]);
  });

  it('refuses a call that could use up more than the whole of it', async () => {
    const response = await chat({ policy: '5;w=3600;u=cents;s=user', user: newUser(), more: { max_tokens: 6 } });
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('lower its max_tokens')]);
  });

  it('counts tokens as they were used', async () => {
    const options = { policy: '100;w=3600;u=tokens;s=user', user: newUser(), more: { max_tokens: 50 } };
    expect((await chat(options)).status).toBe(200);
    await eventually('the rest given back', async () => {
      const remaining = Number((await chat({ ...options, more: { max_tokens: 1 } })).headers.get('helicone-ratelimit-remaining'));
      return remaining > 80 ? true : null;
    });
  });

  it('costs nothing where the provider failed', async () => {
    const options = { policy: '100;w=3600;u=tokens;s=user', user: newUser(), more: { max_tokens: 80 } };
    expect((await chat({ ...options, model: 'mock/error-500' })).status).toBe(500);
    await eventually('all of it given back', async () => ((await chat(options)).status === 200 ? true : null));
  });
});

describe('stored limits', () => {
  it('count for every call, keep what was spent when they are changed, and only report in a dry run', async () => {
    const made = await call('POST', '/api/limits', { name: 'per team', policy: ' 1 ; w=3600 ; s=team ' });
    expect(made.status).toBe(201);
    const { data } = await made.json<{ data: { id: string; policy: string } }>();
    expect(data.policy).toBe('1;w=3600;s=team');
    const headers = { 'Helicone-Property-Team': newUser() };
    expect((await chat({ headers })).status).toBe(200);
    const refused = await chat({ headers });
    expect([refused.status, await refused.text()]).toEqual([429, expect.stringContaining('`per team`')]);
    expect((await call('PATCH', `/api/limits/${data.id}`, { policy: '2;w=3600;s=team' })).status).toBe(200);
    expect((await chat({ headers })).status).toBe(200);
    expect((await chat({ headers })).status).toBe(429);
    await call('PATCH', `/api/limits/${data.id}`, { dryRun: true });
    const dry = await chat({ headers });
    expect([dry.status, dry.headers.get('weir-warnings')]).toEqual([200, expect.stringContaining('would have refused this call (dry run)')]);
    expect((await call('DELETE', `/api/limits/${data.id}`)).status).toBe(200);
    expect((await call('DELETE', `/api/limits/${data.id}`)).status).toBe(404);
    expect((await chat({ headers })).headers.get('weir-warnings')).toBeNull();
  });

  it('tell what is used, held and left, for whom, and take nothing by being asked', async () => {
    const made = await call('POST', '/api/limits', { name: 'each user', policy: '3;w=3600;s=user' });
    const { id } = (await made.json<{ data: { id: string } }>()).data;
    const user = newUser();
    await (await chat({ user })).text();
    await (await chat({ user })).text();
    const check = async (query: string) => (await call('GET', `/api/limits/check?${query}`)).json<{ data: Record<string, unknown> }>();
    expect((await check(`limit=${id}&user=${user}`)).data).toMatchObject({
      segment: `user ${user}`,
      admits: true,
      used: 2,
      held: 0,
      left: 1,
      limit: 3,
    });
    expect((await check(`limit=${id}&user=${user}&amount=2`)).data).toMatchObject({ admits: false, left: 1 });
    expect((await check('policy=5;w=60;u=cents&user=nobody')).data).toMatchObject({ admits: true, used: 0, left: 5, resetSeconds: 0 });
    const segment = await eventually('the log to know the user', async () => {
      const { data } = await (await call('GET', `/api/limits/usage?limit=${id}`)).json<{ data: { segments: { segment: string }[] } }>();
      return data.segments.find((each) => each.segment === `user ${user}`);
    });
    expect(segment).toMatchObject({ used: 2, left: 1 });
    await call('DELETE', `/api/limits/${id}`);
    expect((await call('GET', `/api/limits/check?limit=${id}`)).status).toBe(404);
    expect((await call('GET', '/api/limits/check?policy=x')).status).toBe(400);
    // Without an amount it says whether anything is left, and not whether a cent more than the whole would fit.
    const { data: half } = await check('policy=0.5;w=day;u=cents;s=half&property.half=x');
    expect(half).toMatchObject({ admits: true, retryAfterSeconds: 0 });
  });

  it('can be tried on what was logged: what it would have refused, whom, and what that would have saved', async () => {
    const sink = new D1Sink(openDatabase(bindings.DB));
    const startedAt = Date.parse('2025-01-01T00:00:00Z');
    await sink.store(
      Array.from({ length: 20 }, (_, index) => ({
        record: testRecord({ startedAt: startedAt + index * 1_000, userId: index % 4 === 0 ? 'rare' : 'often' }),
        cost: { nanoUsd: 1_000, source: null, warning: null },
        bodies: null,
      })),
    );
    const body = { policy: '5;w=3600;s=user', from: '2025-01-01T00:00:00Z', to: '2025-01-02T00:00:00Z' };
    const { data } = await (await call('POST', '/api/limits/simulate', body)).json<{ data: unknown }>();
    expect(data).toEqual({
      policy: '5;w=3600;s=user',
      isWhole: true,
      calls: 20,
      refused: 10,
      savedNanoUsd: 10_000,
      segments: [{ segment: 'user often', calls: 15, refused: 10, savedNanoUsd: 10_000 }],
    });
    expect((await call('POST', '/api/limits/simulate', { policy: '5;w=60', from: 'yesterday', to: 0 })).status).toBe(400);
  });

  it('name what is wrong with them', async () => {
    const bad = await call('POST', '/api/limits', { name: 'x', policy: '0;w=60' });
    expect([bad.status, await bad.json()]).toEqual([400, { data: null, error: 'policy: expected a quota above 0 at position 1.' }]);
    expect((await call('POST', '/api/limits', { name: 'x', policy: '1;w=60,2;w=60' })).status).toBe(400);
    expect((await call('PATCH', '/api/limits/none', { name: 'y' })).status).toBe(404);
  });

  it('refuse nothing in a dry run, not even a call larger than all of them', async () => {
    const made = await call('POST', '/api/limits', { name: 'dry', policy: '10;w=60;u=tokens;s=user', dryRun: true });
    const { id } = (await made.json<{ data: { id: string } }>()).data;
    const response = await chat({ user: newUser(), more: { max_tokens: 2_000 } });
    expect([response.status, response.headers.get('weir-warnings')]).toEqual([200, expect.stringContaining('would have refused')]);
    await call('DELETE', `/api/limits/${id}`);
  });

  it('warn by budget when half, four fifths and all of it is used', async () => {
    const options = { policy: '10;w=month;s=user', user: newUser() };
    const seen: (string | null)[] = [];
    for (let index = 0; index < 10; index++) seen.push((await chat(options)).headers.get('weir-budget-warning'));
    expect(seen.slice(0, 4)).toEqual([null, null, null, null]);
    expect([seen[4], seen[7], seen[9]]).toEqual(['`10;w=month;s=user` 50 %', '`10;w=month;s=user` 80 %', '`10;w=month;s=user` 100 %']);
    // Each threshold is an event once, however many calls find it passed.
    const mine = await eventually('three events', async () => {
      const { data } = await (await call('GET', '/api/events')).json<{ data: { kind: string; data: { segment: string; percent: number } }[] }>();
      const found = data.filter((each) => each.kind === 'budget' && each.data.segment === `user ${options.user}`);
      return found.length >= 3 ? found : null;
    });
    expect(mine.map((each) => each.data.percent).sort((a, b) => a - b)).toEqual([50, 80, 100]);
  });
});

describe('the object behind a limit', () => {
  const take = (changes: Partial<TakeRequest> = {}): TakeRequest => ({
    id: crypto.randomUUID(),
    amount: 1,
    isFlexible: false,
    holdUntil: null,
    quota: 10,
    window: { kind: 'sliding', ms: 3_600_000 },
    ...changes,
  });
  const open = (name: string) => bindings.LIMITER.getByName(name);

  it('loses no money when it is evicted, and no taken request that was to be durable', async () => {
    const stub = open('evicted');
    const held = take({ amount: 4, holdUntil: Date.now() + 60_000 });
    await stub.take({ ...held, isDurable: true, leaseId: null });
    await stub.take({ ...take({ amount: 3 }), isDurable: true, leaseId: null });
    await evictDurableObject(stub);
    expect(await stub.check(take())).toMatchObject({ used: 3, held: 4, left: 2 });
    await stub.settle(held.id, 1, held.window, true);
    expect(await stub.check(take())).toMatchObject({ used: 4, held: 0 });
  });

  it('writes what was taken behind the call, within a second: no more than that is lost', async () => {
    const stub = open('behind');
    await stub.take({ ...take({ amount: 3 }), isDurable: false, leaseId: null });
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    await stub.take({ ...take({ amount: 2 }), isDurable: false, leaseId: null });
    await evictDurableObject(stub);
    const { used } = await open('behind').check(take());
    expect([3, 5]).toContain(used);
  });

  it('counts a hold that nobody settled as used, by its alarm', async () => {
    const stub = open('orphaned');
    await stub.take({ ...take({ amount: 4, holdUntil: Date.now() + 300 }), isDurable: true, leaseId: null });
    await eventually('the hold to run out', async () => {
      const { used, held } = await stub.check(take());
      return used === 4 && held === 0 ? true : null;
    });
  });

  it('hands out a lease far from its limit, none near it, and counts what comes back', async () => {
    const stub = open('leased');
    const far = take({ quota: 1_000 });
    const { lease } = await stub.take({ ...far, isDurable: false, leaseId: 'lease-1' });
    expect(lease).toMatchObject({ permits: 19, ms: 1_000 });
    expect(await stub.check(far)).toMatchObject({ used: 1, held: 19 });
    await stub.endLease({ id: 'lease-1', used: 5, holds: [] }, far.window, false);
    expect(await stub.check(far)).toMatchObject({ used: 6, held: 0 });
    expect((await stub.take({ ...take({ quota: 40 }), isDurable: false, leaseId: 'lease-2' })).lease).toBeNull();
  });

  it('is named by a digest, in which nobody can be read', async () => {
    const user = `grace-${newUser()}`;
    await chat({ policy: '5;w=3600;s=user', user });
    const name = await new Namer(appOf(bindings).config.vaultKey).name(JSON.stringify(['request', 3600, 'UTC', 'user', user]));
    expect(name).toMatch(/^[0-9a-f]{64}$/);
    expect(await open(name).check(take())).toMatchObject({ used: 1 });
  });

  it('asked with a lease in hand, is not asked again: almost no call far from a limit pays a hop', async () => {
    const { limiter } = appOf(bindings);
    const subject = JSON.stringify(['test', newUser()]);
    const decisions = [];
    for (let index = 0; index < 15; index++) decisions.push(await limiter.take(subject, take({ quota: 1_000 }), false, true));
    expect(decisions.every((each) => each.isAdmitted)).toBe(true);
    expect(await limiter.check(subject, take({ quota: 1_000 }))).toMatchObject({ used: 1, held: 19 });
    await eventually('the lease given back', async () => {
      const { used, held } = await limiter.check(subject, take({ quota: 1_000 }));
      return used === 15 && held === 0 ? true : null;
    });
  });

  it('hands out money the same way: what calls hold stays held when the lease is over, and becomes what they cost', async () => {
    const { limiter } = appOf(bindings);
    const subject = JSON.stringify(['cents', newUser()]);
    const money = (changes: Partial<TakeRequest> = {}) => take({ amount: 100, quota: 1_000_000, holdUntil: Date.now() + 60_000, ...changes });
    const usage = async () => limiter.check(subject, money());
    const calls = Array.from({ length: 10 }, () => money());
    for (const each of calls) expect(await limiter.take(subject, each, true, true)).toMatchObject({ isAdmitted: true, taken: 100 });
    // The first asked; its lease, a fiftieth of what is left, holds the others.
    expect(await usage()).toMatchObject({ used: 0, held: 100 + Math.floor(999_900 / 50) });
    const settle = ({ id, window }: TakeRequest) => limiter.settle(subject, id, 30, window, true);
    await Promise.all(calls.slice(0, 4).map(settle));
    await eventually('the lease given back', async () => {
      const { used, held } = await usage();
      return used === 120 && held === 600 ? true : null;
    });
    await Promise.all(calls.slice(4).map(settle));
    expect(await usage()).toMatchObject({ used: 300, held: 0 });
    // Near its limit each call asks.
    const near = () => money({ quota: 4_000, amount: 1_000 });
    expect(await limiter.take(subject, near(), true, true)).toMatchObject({ isAdmitted: true });
    expect(await usage()).toMatchObject({ used: 300, held: 1_000 });
  });
});

describe('a call that ends long after the day that it began in', () => {
  it('leaves what the new day has used', async () => {
    const day = 86_400_000;
    const now = Date.now();
    const today = { kind: 'calendar', startsAt: now - 3_600_000, endsAt: now + day } as const;
    const yesterday = { kind: 'calendar', startsAt: today.startsAt - day, endsAt: today.startsAt } as const;
    const stub = bindings.LIMITER.getByName(crypto.randomUUID());
    const taken = { id: 'new', amount: 80, isFlexible: false, holdUntil: null, quota: 100, window: today, isDurable: true, leaseId: null };
    await stub.take(taken);
    await stub.settle('begun yesterday', 4, yesterday, true);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(await stub.check({ ...taken, id: 'asked', amount: 1 })).toMatchObject({ used: 80 });
  });
});
