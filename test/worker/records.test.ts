/** The consumers on the real D1, R2 and Durable Object: stored once, whatever fails and however often it comes. */
import { createScheduledController } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { NO_USAGE } from '../../schema/record';
import { runCron } from '../../src/cron';
import { appOf, type ConsumerDeps } from '../../src/deps';
import { readBodies } from '../../src/edge/bodies';
import { openDatabase } from '../../src/edge/d1/database';
import { loadOverrides } from '../../src/edge/d1/prices';
import { findRequest } from '../../src/edge/d1/requests';
import { R2MessageStore } from '../../src/edge/overflow';
import { consumeDead } from '../../src/queues/dead';
import { consumeRecords, retryDelaySeconds } from '../../src/queues/records';
import { D1Sink } from '../../src/sinks/d1';
import worker from '../../src/worker';
import { testRecord } from '../fakes/record';
import { bindings, call, db, eventually } from './calls';

class Message {
  readonly timestamp = new Date();
  outcome: 'none' | 'ack' | 'retry' = 'none';
  delaySeconds = 0;
  constructor(
    readonly body: unknown,
    readonly attempts = 1,
    readonly id = crypto.randomUUID(),
  ) {}
  ack() {
    this.outcome = 'ack';
  }
  retry(options?: { delaySeconds?: number }) {
    this.outcome = 'retry';
    this.delaySeconds = options?.delaySeconds ?? 0;
  }
}

const message = (record = testRecord(), bodies: unknown = { request: '{"q":1}', response: '{"a":2}' }): Message =>
  new Message(new TextEncoder().encode(JSON.stringify({ v: 1, record, bodies, stored: null })));

function deps(changes: Partial<ConsumerDeps> = {}): ConsumerDeps & { dead: string[] } {
  const database = openDatabase(db());
  const dead: string[] = [];
  return {
    sink: new D1Sink(database),
    store: new R2MessageStore(
      bindings.BODIES,
      () => crypto.randomUUID(),
      () => Date.now(),
    ),
    priceOverrides: () => loadOverrides(database),
    countDead: async (id) => void dead.push(id),
    dead,
    ...changes,
  };
}

const rollup = (hour: number) =>
  db().prepare('SELECT sum(calls) AS calls, sum(cost_nano_usd) AS cost, sum(unpriced) AS unpriced FROM rollups WHERE hour = ?').bind(hour).first();

describe('consumer of records', () => {
  it('stores rows, packs bodies into one object, and counts roll-ups', async () => {
    const startedAt = 1_000 * 3_600_000 + 5;
    const messages = [
      message(testRecord({ startedAt })),
      message(testRecord({ startedAt })),
      message(testRecord({ startedAt, usage: null, outcome: 'provider_error', status: 500 }), null),
    ];
    await consumeRecords(messages, deps());
    expect(messages.map((each) => each.outcome)).toEqual(['ack', 'ack', 'ack']);
    expect(await rollup(1_000 * 3_600_000)).toEqual({ calls: 3, cost: 2 * (1_000 * 150 + 100 * 600), unpriced: 1 });
    const rows = await Promise.all(
      messages.map((each) => findRequest(openDatabase(db()), JSON.parse(new TextDecoder().decode(each.body as Uint8Array)).record.id)),
    );
    expect(rows[0]?.bodyKey).toBe(rows[1]?.bodyKey);
    expect(rows[2]?.bodyKey).toBeNull();
    const pointer = { key: rows[1]?.bodyKey ?? '', offset: rows[1]?.bodyOffset ?? 0, length: rows[1]?.bodyLength ?? 0 };
    expect(await readBodies(bindings.BODIES, pointer)).toEqual({ request: '{"q":1}', response: '{"a":2}' });
  });

  it('changes nothing when a message comes again, alone, in a batch, or twice in one', async () => {
    const startedAt = 2_000 * 3_600_000;
    const record = testRecord({ startedAt });
    await consumeRecords([message(record), message(record)], deps());
    await consumeRecords([message(record)], deps());
    await consumeRecords([message(record), message(testRecord({ startedAt }))], deps());
    expect(await rollup(startedAt)).toMatchObject({ calls: 2 });
    expect(await db().prepare('SELECT count(*) AS n FROM requests WHERE id = ?').bind(record.id).first('n')).toBe(1);
  });

  it('tries each message again with a growing delay while R2 or D1 is down, and stores all of them after', async () => {
    const messages = [message(), message(), message()];
    const down = async () => {
      throw new Error('down');
    };
    const store = deps().store;
    await consumeRecords(
      messages,
      deps({ store: { ...store, packBodies: down, removeBodies: down, readOverflow: down, removeOverflow: down, keepDead: down } }),
    );
    expect(messages.map((each) => each.outcome)).toEqual(['retry', 'retry', 'retry']);
    await consumeRecords(messages, deps({ sink: { store: down } }));
    expect(messages.map((each) => [each.outcome, each.delaySeconds])).toEqual([
      ['retry', 2],
      ['retry', 2],
      ['retry', 2],
    ]);
    expect(retryDelaySeconds(5)).toBe(32);
    expect(retryDelaySeconds(50)).toBe(600);
    await consumeRecords(messages, deps());
    expect(messages.map((each) => each.outcome)).toEqual(['ack', 'ack', 'ack']);
  });

  it('leaves no object behind for rows that were refused', async () => {
    const before = (await bindings.BODIES.list({ prefix: 'bodies/' })).objects.length;
    const down = async () => {
      throw new Error('down');
    };
    await consumeRecords([message()], deps({ sink: { store: down } }));
    expect((await bindings.BODIES.list({ prefix: 'bodies/' })).objects.length).toBe(before);
  });

  it('stores the others when one record is poisoned', async () => {
    const poison = message(testRecord({ startedAt: 'no number' as unknown as number }));
    const good = [message(), message()];
    await consumeRecords([poison, ...good], deps());
    expect(poison.outcome).toBe('retry');
    expect(good.map((each) => each.outcome)).toEqual(['ack', 'ack']);
    const odd = testRecord();
    const refusing: ConsumerDeps['sink'] = {
      store: async (records) => {
        if (records.some((each) => each.record.id === odd.id)) throw new Error('a row that D1 refuses');
      },
    };
    const mixed = [message(), message(odd), message()];
    await consumeRecords(mixed, deps({ sink: refusing }));
    expect(mixed.map((each) => each.outcome)).toEqual(['ack', 'retry', 'ack']);
  });

  it("prices by the tenant's own table first", async () => {
    await call('PUT', '/api/prices', { provider: 'OAI', model: 'House-Model', inputUsdPerMillion: 1, outputUsdPerMillion: 2 });
    const record = testRecord({ requestModel: 'house-model', responseModel: 'house-model' });
    await consumeRecords([message(record)], deps());
    expect(await findRequest(openDatabase(db()), record.id)).toMatchObject({ costNanoUsd: 1_000 * 1_000 + 100 * 2_000, priceSource: 'override' });
  });

  it('prices images by a table of the tenant’s own, where nobody counts their tokens', async () => {
    const price = { provider: 'together', model: 'flux-schnell', inputUsdPerMillion: 0, outputUsdPerMillion: 0, usdPerImage: 0.0027 };
    await call('PUT', '/api/prices', price);
    const usage = { ...NO_USAGE, images: 2 };
    const record = testRecord({ provider: 'together', requestModel: 'flux-schnell', responseModel: null, usage });
    await consumeRecords([message(record)], deps());
    expect(await findRequest(openDatabase(db()), record.id)).toMatchObject({ costNanoUsd: 5_400_000, priceSource: 'override' });
    const listed = (await (await call('GET', '/api/prices')).json()) as { data: unknown[] };
    expect(listed.data).toContainEqual(expect.objectContaining(price));
    await call('DELETE', '/api/prices?provider=together&model=flux-schnell');
  });

  it('notes a request id that an earlier call used, and keeps both calls', async () => {
    const requestId = crypto.randomUUID();
    const [first, second] = [testRecord({ requestId, startedAt: 1 }), testRecord({ requestId, startedAt: 2 })];
    await consumeRecords([message(first)], deps());
    await consumeRecords([message(second)], deps());
    expect(JSON.parse((await findRequest(openDatabase(db()), second.id))?.warnings ?? '[]')).toEqual([
      'Helicone-Request-Id: used by an earlier call as well',
    ]);
    expect(JSON.parse((await findRequest(openDatabase(db()), first.id))?.warnings ?? '[]')).toEqual([]);
  });

  it('lets every call of a session inherit its name, whichever call told it', async () => {
    const sessionId = crypto.randomUUID();
    const calls = [
      testRecord({ sessionId, startedAt: 1 }),
      testRecord({ sessionId, startedAt: 2, sessionName: 'trip' }),
      testRecord({ sessionId, startedAt: 3 }),
    ];
    await consumeRecords(
      calls.map((record) => message(record)),
      deps(),
    );
    const filter = { properties: { 'Helicone-Session-Name': { equals: 'trip' } } };
    const answer = await (await call('POST', '/v1/request/query', { filter })).json<{ data: { session_name: string }[] }>();
    expect(answer.data.map((each) => each.session_name)).toEqual(['trip', 'trip', 'trip']);
  });
});

describe('dead letters and overflow', () => {
  it('keeps what is given up on, counts it, and puts it back by a command', async () => {
    const record = testRecord();
    const dead = message(record);
    const app = appOf(bindings);
    await consumeDead([dead], app.consumer);
    expect(dead.outcome).toBe('ack');
    const status = await (await call('GET', '/api/status')).json<{ data: { dead: number } }>();
    expect(status.data.dead).toBe(1);
    expect(await (await call('POST', '/api/dead/revive')).json()).toEqual({ data: { revived: 1 }, error: null });
    await eventually('the revived record', () => findRequest(openDatabase(db()), record.id));
    expect((await (await call('GET', '/api/status')).json<{ data: { dead: number } }>()).data.dead).toBe(0);
  });

  it('moves what a dead pointer pointed to, so that the sweep does not find it for ever', async () => {
    const record = testRecord();
    const { store } = appOf(bindings).consumer;
    const key = await store.keepOverflow(record.id, message(record).body as Uint8Array);
    await consumeDead([new Message(JSON.stringify({ v: 1, overflow: key }), 1, 'dead-pointer')], deps());
    expect(await bindings.BODIES.head(key)).toBeNull();
    expect(await (await bindings.BODIES.get('dead/dead-pointer'))?.text()).toContain(record.id);
    await bindings.BODIES.delete('dead/dead-pointer');
  });

  it('stores a record that came by a pointer, and removes the object', async () => {
    const record = testRecord();
    const { store } = deps();
    const key = await (store as R2MessageStore).keepOverflow(record.id, message(record).body as Uint8Array);
    const pointer = new Message(JSON.stringify({ v: 1, overflow: key }));
    await consumeRecords([pointer], deps());
    expect(pointer.outcome).toBe('ack');
    expect(await findRequest(openDatabase(db()), record.id)).not.toBeNull();
    expect(await bindings.BODIES.head(key)).toBeNull();
    const late = new Message(JSON.stringify({ v: 1, overflow: key }));
    await consumeRecords([late], deps());
    expect(late.outcome).toBe('ack');
  });

  it('sweeps what the queue refused back into it', async () => {
    const [small, large] = [testRecord(), testRecord({ properties: { long: 'x'.repeat(150_000) } })];
    const app = appOf(bindings);
    for (const record of [small, large]) await app.consumer.store.keepOverflow(record.id, message(record).body as Uint8Array);
    expect(await app.consumer.store.sweepOverflow(app.sendMessages, 0)).toBe(2);
    for (const record of [small, large]) await eventually('the swept record', () => findRequest(openDatabase(db()), record.id));
    await eventually('an empty overflow', async () => ((await bindings.BODIES.list({ prefix: 'overflow/' })).objects.length === 0 ? true : null));
  });

  it('is asked for by the cron, each minute', async () => {
    const app = appOf(bindings);
    const swept: number[] = [];
    const store = Object.assign(Object.create(app.consumer.store), {
      sweepOverflow: async (_: unknown, leastAgeMs: number) => {
        swept.push(leastAgeMs);
        return 0;
      },
    });
    await runCron({ ...app, consumer: { ...app.consumer, store } });
    expect(swept).toEqual([60_000]);
    const record = testRecord();
    await app.consumer.store.keepOverflow(record.id, message(record).body as Uint8Array);
    // The entry that the runtime calls: it runs, and leaves what may still be in the hands of its call.
    await worker.scheduled(createScheduledController(), bindings);
    const { objects } = await bindings.BODIES.list({ prefix: 'overflow/' });
    expect(objects.filter(({ key }) => key.includes(record.id))).toHaveLength(1);
    expect(await app.consumer.store.sweepOverflow(app.sendMessages, 0)).toBeGreaterThan(0);
  });

  it('forgets rows and bodies that are older than the retention', async () => {
    const old = testRecord({ startedAt: Date.now() - 31 * 86_400_000 });
    const young = testRecord({ startedAt: Date.now() - 29 * 86_400_000 });
    await consumeRecords([message(old), message(young)], deps());
    await bindings.BODIES.put('bodies/2020-01-01/old', 'x');
    const begunAt = (days: number): D1PreparedStatement =>
      db()
        .prepare("INSERT INTO begun_calls (id, provider, begun_at, call) VALUES (?, 'openai', ?, ?)")
        .bind(`${days} days`, Date.now() - days * 86_400_000, '{}');
    await db().batch([begunAt(31), begunAt(29)]);
    await runCron(appOf(bindings));
    expect((await db().prepare('SELECT id FROM begun_calls').all()).results).toEqual([{ id: '29 days' }]);
    expect(await findRequest(openDatabase(db()), old.id)).toBeNull();
    expect(await findRequest(openDatabase(db()), young.id)).not.toBeNull();
    expect(await bindings.BODIES.head('bodies/2020-01-01/old')).toBeNull();
  });
});
