/** Helicone's query API over the real D1. */
import { beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/edge/d1/database';
import { deleteScoresBefore, loadLikings, putScores, scoresOf } from '../../src/edge/d1/scores';
import { D1Sink } from '../../src/sinks/d1';
import { testRecord } from '../fakes/record';
import { call, db } from './calls';

// biome-ignore lint/suspicious/noExplicitAny: answers of any shape
type Json = any;
const START = Date.parse('2026-05-01T00:00:00Z');
const cost = (nanoUsd: number | null) => ({ nanoUsd, source: null, warning: null });

beforeAll(async () => {
  const sink = new D1Sink(openDatabase(db()));
  const records = Array.from({ length: 30 }, (_, index) => ({
    record: testRecord({
      startedAt: START + index * 60_000,
      endedAt: START + index * 60_000 + index * 10,
      userId: index % 2 === 0 ? 'ada' : 'bob',
      properties: index % 3 === 0 ? { app: 'shop', 'odd"name': '100%' } : { app: 'blog_x' },
      status: index === 7 ? 500 : 200,
      outcome: index === 7 ? ('provider_error' as const) : index === 8 ? ('cancelled' as const) : ('ok' as const),
      responseModel: index === 9 ? null : 'gpt-4o-mini-2024-07-18',
      sessionId: index < 5 ? 'session-a' : null,
      cache: index < 4 ? { status: index === 0 ? ('miss' as const) : ('hit' as const), key: 'k', bucket: 0, reference: null } : null,
    }),
    cost: cost(index === 0 ? null : index * 1_000_000),
    bodies: null,
  }));
  await sink.store(records);
});

async function query(
  body: Record<string, unknown>,
  path = '/v1/request/query',
): Promise<{ status: number; data: Json; error: string; cursor: string | null }> {
  const response = await call('POST', path, body);
  return { status: response.status, ...(await response.json<Json>()) };
}
const count = async (filter: unknown): Promise<number> => (await query({ filter }, '/v1/request/count/query')).data;
const rmt = (column: string, condition: unknown) => ({ request_response_rmt: { [column]: condition } });

describe('POST /v1/request/query', () => {
  it('gives the newest first, a hundred at most unless told, and a cursor that meets each row once', async () => {
    const seen: string[] = [];
    let cursor: string | null | undefined;
    while (cursor !== null) {
      const page = await query({ filter: 'all', limit: 7, ...(cursor === undefined ? {} : { cursor }) });
      seen.push(...page.data.map((row: Json) => row.request_id));
      cursor = page.cursor;
    }
    expect(new Set(seen).size).toBe(30);
    expect(seen).toHaveLength(30);
    expect((await query({ limit: 2, offset: 28 })).data).toHaveLength(2);
    expect((await query({})).data[0].delay_ms).toBe(290);
  });

  it.each([
    ['equality', rmt('user_id', { equals: 'ada' }), 15],
    ['not-equals', rmt('user_id', { 'not-equals': 'ada' }), 15],
    ['a time', rmt('request_created_at', { gte: '2026-05-01T00:20:00Z' }), 10],
    ['a range', { left: rmt('latency', { gt: 100 }), operator: 'and', right: rmt('latency', { lte: 150 }) }, 5],
    ['or', { left: rmt('status', { equals: 500 }), operator: 'or', right: rmt('latency', { lt: 20 }) }, 3],
    ["Helicone's status of a cancelled call", rmt('status', { equals: -3 }), 1],
    ['contains', rmt('model', { contains: '4o-mini' }), 30],
    ['contains takes % and _ for themselves', rmt('properties', { app: { contains: '_' } }), 20],
    ['contains of long text', rmt('model', { contains: 'x'.repeat(200) }), 0],
    ['not-contains of long text', rmt('model', { 'not-contains': '%'.repeat(60) }), 30],
    ['like', rmt('user_id', { like: 'b%' }), 15],
    ['like %…%, of any length', rmt('model', { ilike: `%${'4O-MINI'}%` }), 30],
    ['a property in the map', rmt('properties', { App: { equals: 'shop' } }), 10],
    ['a property as a table', { properties: { app: { equals: 'shop' } } }, 10],
    ['a property with an odd name', { properties: { 'odd"name': { equals: '100%' } } }, 10],
    ['a session as a property', { properties: { 'Helicone-Session-Id': { equals: 'session-a' } } }, 5],
    ['a cost in dollars', rmt('cost', { gte: 0.028 }), 2],
    ['all with and', { left: 'all', operator: 'and', right: rmt('user_id', { equals: 'ada' }) }, 15],
    ['all with or', { left: 'all', operator: 'or', right: rmt('user_id', { equals: 'ada' }) }, 30],
    ['an injection is a value', rmt('user_id', { equals: "' OR 1=1 --" }), 0],
  ])('filters by %s', async (_, filter, expected) => {
    expect(await count(filter)).toBe(expected);
    expect((await query({ filter, limit: 1_000 })).data).toHaveLength(expected);
  });

  it('sorts by what it is asked for', async () => {
    const costs = (await query({ sort: { cost: 'desc' }, limit: 3 })).data.map((row: Json) => row.cost_nano_usd);
    expect(costs).toEqual([29_000_000, 28_000_000, 27_000_000]);
    expect((await query({ sort: { created_at: 'asc' }, limit: 1 })).data[0].delay_ms).toBe(0);
  });

  it('tells calls that asked the cache from those that did not', async () => {
    expect([await count(rmt('cache_enabled', { equals: true })), await count(rmt('cache_enabled', { equals: false }))]).toEqual([4, 26]);
  });

  it('keeps unknown cost apart from zero', async () => {
    const [oldest] = (await query({ sort: { created_at: 'asc' }, limit: 1 })).data;
    expect([oldest.cost, oldest.cost_nano_usd]).toEqual([null, null]);
  });

  it.each([
    ['an unknown column', { filter: rmt('secret', { equals: 1 }) }, 'unknown column "secret"'],
    ['an unknown table', { filter: { keys: { id: { equals: 1 } } } }, 'unknown table "keys"'],
    ['an unknown operator', { filter: rmt('status', { near: 1 }) }, 'unknown operator "near"'],
    ['a value of the wrong type', { filter: rmt('status', { equals: 'ok' }) }, 'status got "ok", expected a number'],
    ['two columns in a leaf', { filter: { request_response_rmt: { status: {}, model: {} } } }, 'one column'],
    ['a long pattern', { filter: rmt('model', { like: `${'x'.repeat(60)}%` }) }, 'has 61 bytes, expected at most 50'],
    ['a filter that is none', { filter: 7 }, 'got 7'],
    ['a limit over 1,000', { limit: 1_001 }, 'limit'],
    ['an unknown sort', { sort: { secret: 'asc' } }, 'unknown column "secret"'],
    ['a foreign cursor', { cursor: 'x' }, 'cursor'],
  ])('refuses %s and names it', async (_, body, text) => {
    const answer = await query(body);
    expect(answer.status).toBe(400);
    expect(answer.error).toContain(text);
  });

  it('refuses a filter that is too deep or too large', async () => {
    const deep = Array.from({ length: 60 }).reduce<unknown>(
      (inner) => ({ left: inner, operator: 'and', right: rmt('status', { equals: 200 }) }),
      'all',
    );
    expect((await query({ filter: deep })).error).toContain('nested deeper');
    const wide = (depth: number): unknown =>
      depth === 0 ? rmt('status', { equals: 200 }) : { left: wide(depth - 1), operator: 'or', right: wide(depth - 1) };
    expect((await query({ filter: wide(7) })).error).toContain('more than 90 conditions');
    expect(await count(wide(6))).toBe(29 - 1);
    const properties = (depth: number): unknown =>
      depth === 0 ? { properties: { app: { equals: 'x' } } } : { left: properties(depth - 1), operator: 'or', right: properties(depth - 1) };
    expect((await query({ filter: properties(6) })).error).toContain('compare 128 values and names, expected at most 90');
    expect(await count(properties(5))).toBe(0);
  });
});

describe('GET /v1/request/{id}', () => {
  it('is a 404 for an unknown id and a 400 for none', async () => {
    expect((await call('GET', `/v1/request/${crypto.randomUUID()}`)).status).toBe(404);
    expect((await call('GET', '/v1/request/nonsense')).status).toBe(400);
  });
});

describe('POST /v1/request/{id}/score and /feedback', () => {
  const ID = '0190aaaa-bbbb-7ccc-8ddd-eeeeffff0001';
  const one = async (): Promise<Json> => (await (await call('GET', `/v1/request/${ID}`)).json<Json>()).data;

  it('are kept beside the call, before and after it is stored, and a later word replaces an earlier one', async () => {
    const early = await call('POST', `/v1/request/${ID}/score`, { scores: { accuracy: 0.75, safe: true } });
    expect([early.status, await early.json()]).toEqual([201, { data: null, error: null }]);
    const record = testRecord({ id: ID, requestId: ID, startedAt: START - 60_000, endedAt: START - 60_000 });
    await new D1Sink(openDatabase(db())).store([{ record, cost: cost(0), bodies: null }]);
    expect(await one()).toMatchObject({ scores: { accuracy: 0.75, safe: 1 }, feedback_rating: null });
    for (const rating of [true, false]) await (await call('POST', `/v1/request/${ID}/feedback`, { rating })).text();
    await (await call('POST', `/v1/request/${ID.toUpperCase()}/score`, { scores: { accuracy: 1 } })).text();
    expect(await one()).toMatchObject({ scores: { accuracy: 1, safe: 1, 'helicone-score-feedback': 0 }, feedback_rating: false });
    const { data } = await query({ filter: rmt('request_id', { equals: ID }) });
    expect(data[0]).toMatchObject({ request_id: ID, scores: { accuracy: 1 }, feedback_rating: false });
  });

  it('takes as many as it says', async () => {
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`s${index}`, index / 2]));
    const id = '0190aaaa-bbbb-7ccc-8ddd-eeeeffff0002';
    expect((await call('POST', `/v1/request/${id}/score`, { scores: many })).status).toBe(201);
    expect(await scoresOf(openDatabase(db()), [id])).toEqual(new Map([[id, many]]));
  });

  it('say of a target what its users said: of the newest call of an id, and of whom a cached answer came from', async () => {
    const sink = new D1Sink(openDatabase(db()));
    const of = (id: string, requestId: string, model: string | null, cacheReference: string | null = null) => ({
      record: testRecord({
        id,
        requestId,
        provider: 'groq',
        attempts: model === null ? [] : [{ provider: 'groq', model, status: 200, durationMs: 1, bytes: 1, error: null }],
        cache: cacheReference === null ? null : { status: 'hit' as const, key: 'k', bucket: 0, reference: cacheReference },
      }),
      cost: cost(0),
      bodies: null,
    });
    const id = (last: number) => `0190aaaa-bbbb-7ccc-8ddd-eeeeffff01${String(last).padStart(2, '0')}`;
    await sink.store([of(id(1), id(1), 'old'), of(id(2), id(1), 'new'), of(id(3), id(3), 'origin'), of(id(4), id(4), null, id(3))]);
    for (const [asked, rating] of [
      [id(1), true],
      [id(4), false],
    ] as const) {
      await (await call('POST', `/v1/request/${asked}/feedback`, { rating })).text();
    }
    const likings = await loadLikings(openDatabase(db()), Date.now());
    expect([...likings].filter(([name]) => name.startsWith('groq/'))).toEqual([
      ['groq/new', { liked: 1, rated: 1 }],
      ['groq/origin', { liked: 0, rated: 1 }],
    ]);
  });

  it('go with the calls that they are of, a part at a time', async () => {
    const database = openDatabase(db());
    const ids = Array.from({ length: 3 }, (_, index) => `0190aaaa-bbbb-7ccc-8ddd-eeeeffff020${index}`);
    for (const [index, each] of ids.entries()) await putScores(database, each, { old: 1 }, index + 1);
    await deleteScoresBefore(database, 3, 1);
    expect((await scoresOf(database, ids)).size).toBe(2);
    await deleteScoresBefore(database, 3, 10);
    expect([...(await scoresOf(database, ids)).keys()]).toEqual([ids[2]]);
  });

  it.each([
    ['no scores', `/v1/request/${ID}/score`, {}],
    ['a score that is no number', `/v1/request/${ID}/score`, { scores: { a: 'good' } }],
    ['a rating that is none', `/v1/request/${ID}/feedback`, { rating: 5 }],
    ['an unknown member', `/v1/request/${ID}/feedback`, { rating: true, id: ID }],
    ['too many scores', `/v1/request/${ID}/score`, { scores: Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`s${index}`, 1])) }],
    ['an id that is none', '/v1/request/nope/score', { scores: { a: 1 } }],
  ])('refuse %s', async (_, path, body) => {
    const response = await call('POST', path, body);
    expect([response.status, (await response.json<Json>()).data]).toEqual([400, null]);
  });

  it('take a key that may make calls, and no other', async () => {
    const key = async (scopes: string[]): Promise<string> =>
      (await (await call('POST', '/api/keys', { name: scopes.join(), scopes })).json<Json>()).data.key;
    const send = async (secret: string): Promise<number> => (await call('POST', `/v1/request/${ID}/feedback`, { rating: true }, secret)).status;
    expect([await send(await key(['proxy'])), await send(await key(['read'])), await send('sk-weir-unknown-0123456789')]).toEqual([200, 403, 401]);
  });
});

describe('GET /health', () => {
  it('tells a deployment that lacks a migration from one that is whole', async () => {
    expect(await (await call('GET', '/health')).json()).toMatchObject({ status: 'ok' });
    await db().prepare('ALTER TABLE requests RENAME COLUMN usage_source TO usage_source_away').run();
    const missing = await call('GET', '/health');
    await db().prepare('ALTER TABLE requests RENAME COLUMN usage_source_away TO usage_source').run();
    expect([missing.status, await missing.json()]).toEqual([503, expect.objectContaining({ status: 'misconfigured' })]);
  });
});
