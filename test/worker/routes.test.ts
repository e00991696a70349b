/** Stored routes on a real D1: chains with a name, their versions, and what they bring along. */
import { beforeEach, describe, expect, it } from 'vitest';
import { appOf } from '../../src/deps';
import { bindings, call, eventually } from './calls';

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
type Json = any;

const api = async (method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }> => {
  const response = await call(method, `/api/routes${path}`, body);
  return { status: response.status, body: await response.json() };
};
const chat = (model: string, headers: Record<string, string> = {}, key?: string): Promise<Response> =>
  call('POST', '/v1/chat/completions', { model, messages: [{ role: 'user', content: 'hi' }] }, key, headers);
const recordOf = (response: Response): Promise<Json> =>
  eventually('the record', async () => {
    const answer = await call('GET', `/v1/request/${response.headers.get('helicone-id')}`);
    return answer.status === 200 ? ((await answer.json()) as Json).data : null;
  });

describe('a stored route', () => {
  it('is a chain with a name: the next target is asked when the first fails, and the record says by which route', async () => {
    const made = await api('PUT', '/Main.v1', { targets: ['mock/error-500', 'mock/echo'] });
    expect([made.status, made.body.data.version]).toEqual([201, 1]);
    const response = await chat('route/main.v1');
    expect([response.status, response.headers.get('weir-attempts')]).toEqual([200, 'mock/error-500 500, mock/echo 200']);
    expect(await recordOf(response)).toMatchObject({ route: 'main.v1@1', request_model: 'route/main.v1', provider: 'mock' });
  });

  it('keeps its versions, the newest counts at once, and a removal is one too', async () => {
    await api('PUT', '/versions', { targets: ['mock/error-500'] });
    expect((await chat('route/versions')).status).toBe(500);
    const changed = await api('PUT', '/versions', { targets: ['mock/echo'] });
    expect([changed.status, changed.body.data.version, (await chat('route/versions')).status]).toEqual([200, 2, 200]);
    expect((await api('DELETE', '/versions')).body.data).toEqual({ name: 'versions', version: 3 });
    const gone = await chat('route/versions');
    expect([gone.status, await gone.text()]).toEqual([404, expect.stringContaining('No route `versions` is stored')]);
    expect((await api('GET', '/versions')).body.data.map((each: Json) => [each.version, each.definition?.targets ?? null])).toEqual([
      [3, null],
      [2, ['mock/echo']],
      [1, ['mock/error-500']],
    ]);
    expect((await api('GET', '')).body.data.map((each: Json) => each.name)).not.toContain('versions');
    expect((await api('DELETE', '/versions')).status).toBe(404);
  });

  it('brings headers along, which count before those of the key and after those of the call', async () => {
    const { body } = await call('POST', '/api/keys', {
      name: 'k',
      scopes: ['proxy'],
      defaults: { 'Helicone-Retry-Enabled': 'false', 'Helicone-Property-From': 'key' },
    }).then(async (response) => ({ body: (await response.json()) as Json }));
    const defaults = {
      'Helicone-Retry-Enabled': 'true',
      'Helicone-Retry-Num': '1',
      'Helicone-Retry-Min-Timeout': '1',
      'Helicone-Retry-Max-Timeout': '2',
    };
    await api('PUT', '/retrying', { targets: ['mock/error-500', 'mock/echo'], defaults });
    const tries = async (headers: Record<string, string> = {}) =>
      (await chat('route/retrying', headers, body.data.key)).headers.get('weir-attempts')?.split(', ').length;
    expect(await tries()).toBe(3);
    expect(await tries({ 'Helicone-Retry-Enabled': 'false' })).toBe(2);
    const response = await chat('route/retrying', {}, body.data.key);
    expect((await recordOf(response)).request_properties).toMatchObject({ from: 'key' });
  });

  it('draws its first target by weight, the same one for a session', async () => {
    const targets = [{ model: 'mock/echo', weight: 1 }, { model: 'mock/slow-1', weight: 1 }, 'mock/slow-2'];
    await api('PUT', '/canary', { targets, sticky: 'session' });
    const first = async (session: string) => (await chat('route/canary', { 'Helicone-Session-Id': session })).headers.get('weir-attempts');
    const seen = await Promise.all(Array.from({ length: 24 }, (_, index) => first(`s${index}`)));
    expect(new Set(seen)).toEqual(new Set(['mock/echo 200', 'mock/slow-1 200']));
    for (let index = 0; index < 4; index++) expect(await first(`s${index}`)).toBe(seen[index]);
  });

  it('draws evenly for each session where there are no weights', async () => {
    await api('PUT', '/stays', { targets: ['mock/one', 'mock/two'], sticky: 'session' });
    const first = async (session: string) => (await chat('route/stays', { 'Helicone-Session-Id': session })).headers.get('weir-attempts');
    const seen = await Promise.all(Array.from({ length: 16 }, (_, index) => first(`s${index}`)));
    expect(new Set(seen)).toEqual(new Set(['mock/one 200', 'mock/two 200']));
    expect(await Promise.all(Array.from({ length: 16 }, (_, index) => first(`s${index}`)))).toEqual(seen);
  });

  it('names what is wrong with it', async () => {
    for (const [path, body, said] of [
      ['/x', { targets: [] }, 'targets'],
      ['/x', { targets: ['a, b'] }, 'expected one model each'],
      ['/x', { targets: ['route/other'] }, 'expected one model each'],
      ['/x', { targets: ['mock/echo'], defaults: { 'X-Other': '1' } }, 'no header that Weir knows'],
      ['/x', { targets: ['mock/echo'], defaults: { 'Helicone-Retry-Num': 'many' } }, 'Helicone-Retry-Num'],
      ['/x', { targets: ['mock/echo'], strategy: 'random' }, 'strategy'],
      ['/x', { targets: [{ model: 'mock/echo', weight: -1 }] }, 'targets'],
      ['/x', { targets: ['mock/echo'], sticky: 'key' }, 'sticky'],
      ['/a%20b', { targets: ['mock/echo'] }, 'name'],
    ] as const) {
      const refused = await api('PUT', path, body);
      expect([refused.status, refused.body.error]).toEqual([400, expect.stringContaining(said)]);
    }
    const doubtful = await api('PUT', '/doubtful', { targets: ['mock/echo', 'nonsense-model-q', 'groq/llama-3.3-70b-versatile'] });
    expect(doubtful.body.data.warnings).toEqual([expect.stringContaining('No provider serves'), expect.stringContaining('GROQ_API_KEY')]);
    await api('PUT', '/nearby', { targets: ['mock/echo'] });
    expect(await (await chat('route/nearbi')).text()).toContain('Nearest: nearby');
  });
});

describe('a route that chooses', () => {
  // What one test did to a target is not the next one's concern.
  beforeEach(async () => {
    await call('DELETE', '/api/health');
  });

  it('goes round, and the record says whose turn it was', async () => {
    await api('PUT', '/round', { targets: ['mock/echo', 'mock/slow'], strategy: 'round-robin' });
    const first = await chat('route/round');
    const second = await chat('route/round');
    expect([first, second].map((each) => each.headers.get('weir-attempts'))).toEqual(['mock/echo 200', 'mock/slow 200']);
    expect((await recordOf(second)).routing).toBe('round-robin: the turn is at mock/slow');
  });

  it('leaves out what is dearer than the route allows, and draws the same for a user where it is to', async () => {
    await call('PUT', '/api/prices', { provider: 'mock', model: 'dear', inputUsdPerMillion: 100_000, outputUsdPerMillion: 100_000 });
    await call('PUT', '/api/prices', { provider: 'mock', model: 'cheap', inputUsdPerMillion: 0.001, outputUsdPerMillion: 0.001 });
    await api('PUT', '/bounded', { targets: ['mock/dear', 'mock/cheap'], maxCostUsd: 0.01 });
    expect((await chat('route/bounded')).headers.get('weir-attempts')).toBe('mock/cheap 200');
    for (const model of ['dear', 'cheap']) await call('DELETE', `/api/prices?provider=mock&model=${model}`);
    const even = ['mock/one', 'mock/two', 'mock/three'].map((model) => ({ model, weight: 1 }));
    await api('PUT', '/by-user', { targets: even, sticky: 'user' });
    const drawn = async (user: string) => (await chat('route/by-user', { 'Helicone-User-Id': user })).headers.get('weir-attempts');
    const firsts = await Promise.all(Array.from({ length: 12 }, (_, index) => drawn(`user ${index}`)));
    expect(await Promise.all(Array.from({ length: 12 }, (_, index) => drawn(`user ${index}`)))).toEqual(firsts);
    expect(new Set(firsts).size).toBeGreaterThan(1);
  });

  it('draws the same for an agent’s session, by whichever header it says it', async () => {
    const even = ['mock/one', 'mock/two', 'mock/three'].map((model) => ({ model, weight: 1 }));
    await api('PUT', '/by-session', { targets: even, sticky: 'session' });
    for (const header of ['session-id', 'x-claude-code-session-id', 'Helicone-Session-Id']) {
      const drawn = new Set<string | null>();
      for (let index = 0; index < 8; index++) drawn.add((await chat('route/by-session', { [header]: 's1' })).headers.get('weir-attempts'));
      expect([header, drawn.size]).toEqual([header, 1]);
    }
  });

  it('leaves out the providers that a call excludes', async () => {
    await api('PUT', '/barred', { targets: ['mock/one'] });
    expect((await chat('route/barred, !openai')).status).toBe(200);
    const refused = await chat('route/barred, !mock');
    expect([refused.status, await refused.text()]).toEqual([404, expect.stringContaining('the call excludes all of them')]);
    expect((await chat('route/barred, gpt-4o')).status).toBe(400);
  });

  it('asks the one with the best score, and the call’s own word counts before the route’s', async () => {
    const targets = [
      { model: 'mock/error-500', score: 0.2 },
      { model: 'mock/echo', score: 0.9 },
    ];
    await api('PUT', '/best', { targets, strategy: 'quality' });
    expect((await chat('route/best')).headers.get('weir-attempts')).toBe('mock/echo 200');
    expect((await chat('route/best', { 'Weir-Routing': 'failover' })).headers.get('weir-attempts')).toBe('mock/error-500 500, mock/echo 200');
  });

  it('asks the one that users like, once they have said so, and says why', async () => {
    await api('PUT', '/liked', { targets: ['mock/alpha', 'mock/beta'], strategy: 'quality' });
    const first = await chat('route/liked');
    expect(first.headers.get('weir-attempts')).toBe('mock/alpha 200');
    await first.text();
    const id = first.headers.get('helicone-id');
    const rated = await call('POST', `/v1/request/${id}/feedback`, { rating: false });
    expect([rated.status, await rated.json()]).toEqual([200, { data: null, error: null }]);
    await eventually('the other target', async () => {
      appOf(bindings).likingCache.forget();
      const next = await chat('route/liked');
      await next.text();
      return next.headers.get('weir-attempts') === 'mock/beta 200' ? true : null;
    });
    expect((await recordOf(await chat('route/liked'))).routing).toBe('quality: mock/beta (not known) before mock/alpha (users liked 0 of 1 answers)');
  });

  it('knows a score by whatever name the route gives the target', async () => {
    const targets = [
      { model: 'mock/error-500', score: 0.2 },
      { model: 'echo/mock', score: 0.9 },
    ];
    await api('PUT', '/named', { targets, strategy: 'quality' });
    expect((await chat('route/named')).headers.get('weir-attempts')).toBe('mock/echo 200');
  });

  it('draws by its weights and sticks to whom it drew for, and only where that is asked for', async () => {
    const targets = [
      { model: 'mock/echo', weight: 1 },
      { model: 'mock/slow', weight: 99 },
    ];
    await api('PUT', '/drawn', { targets, sticky: 'session' });
    const first = async (headers: Record<string, string> = {}) => {
      const response = await chat('route/drawn', headers);
      await response.text();
      return response.headers.get('weir-attempts');
    };
    expect(await first({ 'Weir-Routing': 'failover' })).toBe('mock/echo 200');
    const session = { 'Helicone-Session-Id': 'one', 'Weir-Routing': 'weighted' };
    expect([await first(session), await first(session), await first(session)]).toEqual(Array(3).fill(await first(session)));
    await api('PUT', '/even', { targets: ['mock/echo', 'mock/slow'], strategy: 'weighted', sticky: 'session' });
    const even = await Promise.all(
      Array.from({ length: 6 }, async (_, index) => {
        const ask = () => chat('route/even', { 'Helicone-Session-Id': `s${index % 3}` });
        const response = await ask();
        await response.text();
        return [index % 3, response.headers.get('weir-attempts')] as const;
      }),
    );
    for (const [session, seen] of even) expect(even.filter(([other]) => other === session).every(([, it]) => it === seen)).toBe(true);
  });

  it('does not ask one first again that failed, for want of knowing it', async () => {
    await api('PUT', '/failing', { targets: ['mock/error-404', 'mock/echo'], strategy: 'latency' });
    await (await chat('route/failing')).text();
    await eventually('the one that works', async () => {
      const response = await chat('route/failing');
      await response.text();
      return response.headers.get('weir-attempts') === 'mock/echo 200' ? true : null;
    });
  });

  it('asks the quickest, once all have been asked', async () => {
    await api('PUT', '/quick', { targets: ['mock/slow', 'mock/echo'], strategy: 'latency' });
    for (const _ of [1, 2]) await (await chat('route/quick')).text();
    await eventually('the quicker one', async () => {
      const response = await chat('route/quick');
      await response.text();
      return response.headers.get('weir-attempts') === 'mock/echo 200' ? true : null;
    });
  });

  it('asks the cheapest for this very call, and none that is too dear', async () => {
    await call('PUT', '/api/prices', { provider: 'mock', model: 'echo', inputUsdPerMillion: 1_000, outputUsdPerMillion: 1_000 });
    await call('PUT', '/api/prices', { provider: 'mock', model: 'slow', inputUsdPerMillion: 1, outputUsdPerMillion: 1 });
    await api('PUT', '/cheap', { targets: ['mock/echo', 'mock/slow', 'mock/error-500'], strategy: 'cost' });
    const listed = await (await call('GET', '/v1/models/mock/echo')).json<Json>();
    expect(listed.pricing).toEqual({ input_usd_per_million: 1_000, output_usd_per_million: 1_000 });
    await eventually('the prices', async () => ((await chat('route/cheap')).headers.get('weir-attempts') === 'mock/slow 200' ? true : null));
    const response = await chat('route/cheap', { 'Weir-Max-Cost': '0.01' });
    expect(response.headers.get('weir-warnings')).toMatch(
      /dearer than 0\.01 USD: mock\/echo \(up to [\d.]+ USD\), mock\/error-500 \(no known price\)/,
    );
    expect((await recordOf(response)).routing).toMatch(/^cost: /);
    const refused = await chat('mock/echo', { 'Weir-Max-Cost': '0.000001' });
    expect([refused.status, await refused.text()]).toEqual([
      400,
      expect.stringContaining('no target serves this call within 0.000001 USD: mock/echo'),
    ]);
    expect((await chat('mock/echo', { 'Weir-Max-Cost': 'cheap' })).status).toBe(400);
    const proxied = await call('POST', '/mock/v1/chat/completions', { model: 'echo', messages: [] }, undefined, { 'Weir-Max-Cost': '0.000001' });
    expect([proxied.status, await proxied.text()]).toEqual([400, expect.stringContaining('within 0.000001 USD: mock/echo')]);
    for (const model of ['echo', 'slow']) await call('DELETE', `/api/prices?provider=mock&model=${model}`);
  });

  it('decides by rules, in order, and tells which', async () => {
    const rules = [
      { when: 'properties.team == "red"', use: ['mock/error-500', 'mock/echo'] },
      { when: 'tokens > 500', refuse: 'Prompts this long go to the batch queue.' },
      { when: 'stream', use: ['mock/slow'] },
    ];
    expect((await api('PUT', '/ruled', { targets: ['mock/echo'], rules })).status).toBe(201);
    const plain = await chat('route/ruled');
    expect([plain.headers.get('weir-attempts'), plain.headers.get('weir-warnings')]).toEqual([
      'mock/echo 200',
      expect.stringMatching(/rule 1 of route ruled was passed over: .*team/),
    ]);
    const red = await chat('route/ruled', { 'Helicone-Property-Team': 'red' });
    expect(red.headers.get('weir-attempts')).toBe('mock/error-500 500, mock/echo 200');
    expect((await recordOf(red)).routing).toBe('rule 1 of the route: properties.team == "red"');
    const long = await call('POST', '/v1/chat/completions', { model: 'route/ruled', messages: [{ role: 'user', content: 'word '.repeat(2_000) }] });
    expect([long.status, (await long.json<Json>()).error]).toEqual([
      403,
      expect.objectContaining({ code: 'refused_by_rule', message: 'Rule 2 of route `ruled`: Prompts this long go to the batch queue.' }),
    ]);
    const streamed = await call('POST', '/v1/chat/completions', { model: 'route/ruled', stream: true, messages: [{ role: 'user', content: 'hi' }] });
    expect(streamed.headers.get('weir-attempts')).toBe('mock/slow 200');
    await streamed.text();
  });

  it('serves a call whose rule names what nobody serves, and refuses to stick to what is not drawn', async () => {
    const rules = [{ when: 'true', use: ['no-such-model-anywhere'] }];
    expect((await api('PUT', '/gone', { targets: ['mock/echo'], rules })).status).toBe(201);
    const answered = await chat('route/gone');
    expect([answered.headers.get('weir-attempts'), answered.headers.get('weir-warnings')]).toEqual([
      'mock/echo 200',
      expect.stringMatching(/a rule of route gone was passed over: /),
    ]);
    expect((await recordOf(answered)).routing).toBeNull();
    const stuck = await api('PUT', '/stuck', { targets: ['mock/echo'], strategy: 'latency', sticky: 'session' });
    expect([stuck.status, stuck.body.error]).toEqual([400, expect.stringContaining('sticky: nothing is drawn with the strategy latency')]);
  });

  it('names what is wrong in the form that was meant', async () => {
    const wrong = await api('PUT', '/wrong', { targets: [{ model: 'gpt-4o', weight: -1, score: 'x' }] });
    expect([wrong.status, wrong.body.error]).toEqual([400, expect.stringMatching(/targets\.0\.weight: .*; targets\.0\.score: /)]);
  });

  it('takes no rule that it cannot read, and says where', async () => {
    const bad = await api('PUT', '/bad', { targets: ['mock/echo'], rules: [{ when: 'tokens > 1 && nope', use: ['mock/slow'] }] });
    expect([bad.status, bad.body.error]).toEqual([400, expect.stringMatching(/rules\[0\]\.when: .*nope.*, at position 14/)]);
    const endless = await api('PUT', '/bad', { targets: ['mock/echo'], rules: [{ when: 'user.matches("^(a+)+$")', refuse: 'no' }] });
    expect([endless.status, endless.body.error]).toEqual([400, expect.stringContaining('`matches` is not allowed here')]);
  });
});
