/** Keys on the real D1: what a key may do, how soon it works, and how soon a revoked one is dead. */
import { exports } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/edge/d1/database';
import type { StoredKey } from '../../src/edge/d1/keys';
import { findKey } from '../../src/edge/d1/keys';
import { CachedKeyStore } from '../../src/edge/keys-cached';
import { KeyDigester } from '../../src/edge/vault';
import { FakeClock } from '../fakes/clock';
import { ADMIN, call, db } from './calls';

const make = async (body: Record<string, unknown>) =>
  (await call('POST', '/api/keys', { name: 'k', scopes: ['proxy'], ...body })).json<{ data: { id: string; key: string }; error: string | null }>();
const chat = (key: string) => call('POST', '/v1/chat/completions', { model: 'mock/echo', messages: [{ role: 'user', content: 'hi' }] }, key);

describe('/api/keys', () => {
  it('makes a key whose secret is shown once, kept nowhere, and works at once', async () => {
    const { data, error } = await make({ name: 'first' });
    expect(error).toBeNull();
    expect(data.key).toMatch(/^sk-weir-[0-9a-f]{48}$/);
    expect((await chat(data.key)).status).toBe(200);
    const rows = await db().prepare('SELECT * FROM keys').all();
    expect(JSON.stringify(rows.results)).not.toContain(data.key);
    const listed = await (await call('GET', '/api/keys')).text();
    expect(listed).toContain(data.id);
    expect(listed).not.toContain(data.key);
  });

  it('refuses to import what it could not tell from a provider key, and would hand on to one', async () => {
    const refused = await call('POST', '/api/keys', { name: 'x', scopes: ['proxy'], key: 'acme-team-key-2024-very-long' });
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringMatching(/^(?!.*acme).*in a form of Weir's/)]);
  });

  it('takes a Helicone key by its text, once, and it works in every place', async () => {
    const key = 'sk-helicone-abcdefg-1234567-hijklmn-7654321';
    expect((await make({ key })).data.key).toBe(key);
    const again = await call('POST', '/api/keys', { name: 'again', scopes: ['proxy'], key });
    const admin = await call('POST', '/api/keys', { name: 'admin', scopes: ['proxy'], key: ADMIN });
    expect([admin.status, await admin.json()]).toEqual([409, { data: null, error: 'key: this secret is the admin key.' }]);
    expect([again.status, await again.json()]).toEqual([409, { data: null, error: 'key: this secret is a key of this deployment already.' }]);
    const body = JSON.stringify({ model: 'mock/echo', messages: [{ role: 'user', content: 'hi' }] });
    for (const [path, headers] of [
      ['/v1/chat/completions', { authorization: `Bearer ${key}` }],
      ['/v1/chat/completions', { 'x-api-key': key }],
      ['/v1/chat/completions', { 'x-goog-api-key': key }],
      ['/v1/chat/completions', { 'helicone-auth': `Bearer ${key}` }],
      [`/${key}/v1/chat/completions`, {}],
      [`/mock/${key}/v1/chat/completions`, {}],
    ] as const) {
      const response = await exports.default.fetch(`https://weir.dev${path}`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body,
      });
      expect(response.status, `${path} ${Object.keys(headers)}`).toBe(200);
    }
  });

  it('applies its defaults where a call is silent, and refuses defaults that no header takes', async () => {
    const { data } = await make({ defaults: { 'Helicone-User-Id': 'from-the-key', 'Helicone-Property-Team': 'blue' } });
    expect((await chat(data.key)).status).toBe(200);
    const unknown = await call('POST', '/api/keys', { name: 'k', scopes: ['proxy'], defaults: { 'X-Other': '1' } });
    expect([unknown.status, await unknown.text()]).toEqual([400, expect.stringContaining('`x-other` is no header')]);
    const bad = await call('POST', '/api/keys', { name: 'k', scopes: ['proxy'], defaults: { 'Helicone-Retry-Num': 'many' } });
    expect([bad.status, await bad.text()]).toEqual([400, expect.stringContaining('Helicone-Retry-Num: got `many`')]);
  });

  it('names what is wrong with a body', async () => {
    const bad = await call('POST', '/api/keys', { name: '', scopes: ['root'], extra: 1 });
    expect(bad.status).toBe(400);
    const { error } = await bad.json<{ error: string }>();
    expect(error).toMatch(/name: .*scopes\.0: .*extra/s);
  });

  it.each([
    ['proxy', 200, 403, 403],
    ['read', 403, 200, 403],
    ['write', 403, 403, 403],
    ['admin', 200, 200, 200],
  ])('gives the scope %s its own reach', async (scope, proxied, read, admin) => {
    const { data } = await make({ scopes: [scope] });
    expect((await chat(data.key)).status).toBe(proxied);
    expect((await call('POST', '/v1/request/query', {}, data.key)).status).toBe(read);
    expect((await call('GET', '/api/keys', undefined, data.key)).status).toBe(admin);
  });

  it('refuses strangers in the dialect of the path', async () => {
    const openai = await chat('sk-weir-nobody-nobody-nobody');
    expect([openai.status, (await openai.json<{ error: { code: string } }>()).error.code]).toEqual([401, 'unauthenticated']);
    const rest = await call('GET', '/api/keys', undefined, 'sk-weir-nobody-nobody-nobody');
    expect([rest.status, await rest.json()]).toEqual([401, { data: null, error: 'The Weir key is unknown or revoked.' }]);
    expect((await exports.default.fetch('https://weir.dev/openai/v1/models')).status).toBe(401);
  });
});

describe('CachedKeyStore', () => {
  const digester = new KeyDigester(new Uint8Array(32).fill(7));
  const open = () => {
    const clock = new FakeClock();
    const state = { down: false, lookUps: 0 };
    const database = openDatabase(db());
    const lookUp = async (digest: string) => {
      state.lookUps++;
      if (state.down) throw new Error('D1 is down');
      return findKey(database, digest);
    };
    const behind: Promise<unknown>[] = [];
    const keys = new CachedKeyStore(digester, lookUp, clock, (promise) => void behind.push(promise), 'sk-weir-admin-of-this-store');
    return { clock, state, keys, settle: () => Promise.all(behind) };
  };

  it('waits 300 ms for D1 that hangs, and no longer: the old entry is served then', async () => {
    const { data } = await make({});
    const database = openDatabase(db());
    const clock = new FakeClock();
    let hangs = false;
    const lookUp = (digest: string): Promise<StoredKey | null> => (hangs ? new Promise(() => {}) : findKey(database, digest));
    const keys = new CachedKeyStore(new KeyDigester(new Uint8Array(32)), lookUp, clock, () => {}, 'sk-weir-admin-of-this-store');
    const digest = await new KeyDigester(new Uint8Array(32)).digest(data.key);
    await database.run(sql`UPDATE keys SET digest = ${digest} WHERE id = ${data.id}`);
    expect(await keys.find(data.key)).toMatchObject({ id: data.id });
    hangs = true;
    clock.pass(20_000);
    let found: unknown = 'waiting';
    const finding = keys.find(data.key).then((it) => {
      found = it;
    });
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
    clock.pass(299);
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
    expect(found).toBe('waiting');
    clock.pass(1);
    await finding;
    expect(found).toMatchObject({ id: data.id });
  });

  it('asks D1 once in ten seconds, and refreshes behind the call after that', async () => {
    const { data } = await make({});
    const { clock, state, keys, settle } = open();
    for (let index = 0; index < 5; index++) expect(await keys.find(data.key)).toMatchObject({ id: data.id });
    expect(state.lookUps).toBe(1);
    clock.pass(12_000);
    expect(await keys.find(data.key)).toMatchObject({ id: data.id });
    await settle();
    expect(state.lookUps).toBe(2);
  });

  it('binds a revocation within 15 seconds', async () => {
    const { data } = await make({});
    const { clock, keys } = open();
    expect(await keys.find(data.key)).not.toBeNull();
    expect((await call('DELETE', `/api/keys/${data.id}`)).status).toBe(200);
    clock.pass(15_000);
    expect(await keys.find(data.key)).toBeNull();
    expect((await call('DELETE', `/api/keys/${data.id}`)).status).toBe(404);
  });

  it('binds one that came while D1 was thinking, as if it had answered at once', async () => {
    const clock = new FakeClock();
    const answers: ((key: StoredKey | null) => void)[] = [];
    const digest = await digester.digest('sk-weir-slow-slow-slow-slow');
    const stored: StoredKey = { id: 'k', name: 'n', scopes: ['proxy'], defaults: {}, digest };
    const lookUp = () => new Promise<StoredKey | null>((resolve) => answers.push(resolve));
    const keys = new CachedKeyStore(digester, lookUp, clock, () => {}, 'sk-weir-admin-of-this-store');
    const turns = async () => {
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
    };
    const first = keys.find('sk-weir-slow-slow-slow-slow');
    await turns();
    answers.shift()?.(stored);
    expect(await first).not.toBeNull();
    clock.pass(11_000);
    expect(await keys.find('sk-weir-slow-slow-slow-slow')).not.toBeNull();
    // Revoked now; what D1 read before that arrives late.
    clock.pass(2_900);
    answers.shift()?.(stored);
    await turns();
    clock.pass(12_200);
    const late = keys.find('sk-weir-slow-slow-slow-slow');
    await turns();
    answers.shift()?.(null);
    expect(await late).toBeNull();
  });

  it('serves a key for an hour while D1 is down, and never answers 401 for it', async () => {
    const { data } = await make({});
    const { clock, state, keys } = open();
    await keys.find(data.key);
    state.down = true;
    clock.pass(59 * 60_000);
    expect(await keys.find(data.key)).toMatchObject({ id: data.id });
    await expect(keys.find('sk-weir-never-seen-before-by-this')).rejects.toMatchObject({ code: 'unavailable', retryAfterSeconds: 2 });
    clock.pass(2 * 60_000);
    await expect(keys.find(data.key)).rejects.toMatchObject({ code: 'unavailable' });
    expect(await keys.find('sk-weir-admin-of-this-store')).toMatchObject({ scopes: ['admin'] });
  });

  it('does not ask D1 each time for a key that it knows to be unknown', async () => {
    const { clock, state, keys } = open();
    for (let index = 0; index < 10; index++) expect(await keys.find('sk-weir-unknown-unknown-unknown')).toBeNull();
    expect(state.lookUps).toBe(1);
    clock.pass(2_000);
    await keys.find('sk-weir-unknown-unknown-unknown');
    expect(state.lookUps).toBe(2);
  });
});
