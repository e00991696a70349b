/** Dead dependencies: no call fails for them, no record is lost or doubled, the status page tells. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AS_ADMIN, api, eventually, status } from '../harness/api.ts';
import { type RunningWorker, startWorker } from '../harness/worker.ts';

let worker: RunningWorker;

beforeAll(async () => {
  worker = await startWorker();
});

afterAll(async () => {
  await worker?.stop();
});

async function chat(text = 'hello'): Promise<string | null> {
  const body = JSON.stringify({ model: 'mock/echo', messages: [{ role: 'user', content: text }] });
  const response = await fetch(`${worker.url}/v1/chat/completions`, { method: 'POST', headers: AS_ADMIN, body });
  expect(response.status).toBe(200);
  await response.text();
  return response.headers.get('helicone-id');
}

const count = async (): Promise<number> => (await api(worker, 'POST', '/v1/request/count/query', { filter: 'all' })).body.data;
/** The ledger is told up to a quarter of a second after the queue, so rows can stand in D1 before they are counted as accepted. */
const settled = (stored: number) =>
  eventually(`${stored} records stored and counted`, async () => {
    const now = await status(worker);
    return now.stored >= stored && now.accepted >= now.stored && now.waiting === 0 ? now : null;
  });

describe('the record pipeline', () => {
  it('gives each of 500 concurrent calls exactly one record', async () => {
    const before = await status(worker);
    const ids = await Promise.all(Array.from({ length: 500 }, (_, index) => chat(`call ${index}`)));
    expect(new Set(ids).size).toBe(500);
    const after = await settled(before.stored + 500);
    expect(after.stored).toBe(before.stored + 500);
    expect(after.accepted).toBe(before.accepted + 500);
    expect(await count()).toBe(after.stored);
    const db = await worker.miniflare.getD1Database('DB', 'weir');
    expect(await db.prepare('SELECT sum(calls) AS calls FROM rollups').first('calls')).toBe(after.stored);
  });

  it('puts a 90 kB call of a coding agent into the log as soon as a small one', async () => {
    const text = 'x'.repeat(90_000);
    const id = await chat(text);
    const record = await eventually('the large record', async () => {
      const { status: code, body } = await api(worker, 'GET', `/v1/request/${id}`);
      return code === 200 ? body.data : null;
    });
    expect(record.request_body.messages[0].content).toBe(text);
    expect(Date.parse(record.response_created_at)).toBeGreaterThan(Date.now() - 5_000);
  });

  it('goes on while D1 is down, and stores everything once it is back', async () => {
    const before = await status(worker);
    const db = await worker.miniflare.getD1Database('DB', 'weir');
    await db.prepare('ALTER TABLE requests RENAME TO requests_away').run();
    const ids = await Promise.all(Array.from({ length: 20 }, () => chat()));
    await eventually('records waiting', async () => ((await status(worker)).waiting >= 20 ? true : null));
    await db.prepare('ALTER TABLE requests_away RENAME TO requests').run();
    const after = await settled(before.stored + 20);
    expect(after).toMatchObject({ stored: before.stored + 20, dead: before.dead });
    for (const id of ids) expect((await api(worker, 'GET', `/v1/request/${id}`)).status).toBe(200);
  });

  it('serves stored routes that it knows while D1 is down, and says when it knows none yet', async () => {
    const ask = async (at: RunningWorker, model = 'route/steady') => {
      const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'hi' }] });
      const response = await fetch(`${at.url}/v1/chat/completions`, { method: 'POST', headers: AS_ADMIN, body });
      return { status: response.status, text: await response.text(), retryAfter: response.headers.get('retry-after') };
    };
    const away = async (at: RunningWorker) => {
      const db = await at.miniflare.getD1Database('DB', 'weir');
      await db.prepare('ALTER TABLE routes RENAME TO routes_away').run();
      return () => db.prepare('ALTER TABLE routes_away RENAME TO routes').run();
    };
    expect((await api(worker, 'PUT', '/api/routes/steady', { targets: ['mock/echo'] })).status).toBe(201);
    expect((await ask(worker)).status).toBe(200);
    const back = await away(worker);
    // Longer than what it knows counts as fresh.
    await sleep(11_000);
    for (let index = 0; index < 3; index++) expect((await ask(worker)).status).toBe(200);
    await back();
    const cold = await startWorker();
    try {
      const restore = await away(cold);
      expect(await ask(cold)).toMatchObject({ status: 503, retryAfter: '1', text: expect.stringContaining('The stored routes cannot be read now') });
      expect((await ask(cold, 'mock/echo')).status).toBe(200);
      await restore();
      await api(cold, 'PUT', '/api/routes/steady', { targets: ['mock/echo'] });
      await eventually('the route', async () => ((await ask(cold)).status === 200 ? true : null));
    } finally {
      await cold.stop();
    }
  }, 40_000);

  it('keeps in R2 what the consumer gives up on, counts it, and stores it after the command', async () => {
    const dying = await startWorker({ maxRetries: 1 });
    try {
      const db = await dying.miniflare.getD1Database('DB', 'weir');
      await db.prepare('ALTER TABLE requests RENAME TO requests_away').run();
      const body = JSON.stringify({ model: 'mock/echo', messages: [{ role: 'user', content: 'hi' }] });
      const response = await fetch(`${dying.url}/v1/chat/completions`, { method: 'POST', headers: AS_ADMIN, body });
      expect(response.status).toBe(200);
      await eventually('a dead record', async () => ((await status(dying)).dead === 1 ? true : null));
      await db.prepare('ALTER TABLE requests_away RENAME TO requests').run();
      expect((await api(dying, 'POST', '/api/dead/revive')).body).toEqual({ data: { revived: 1 }, error: null });
      await eventually('its row', async () =>
        (await api(dying, 'GET', `/v1/request/${response.headers.get('helicone-id')}`)).status === 200 ? true : null,
      );
      expect(await status(dying)).toMatchObject({ accepted: 1, stored: 1, waiting: 0, dead: 0 });
    } finally {
      await dying.stop();
    }
  });
});
