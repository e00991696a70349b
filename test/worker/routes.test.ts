/** Stored routes on a real D1: chains with a name, their versions, and what they bring along. */
import { describe, expect, it } from 'vitest';
import { call, eventually } from './calls';

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
