/** The road of a request inside workerd: refusals, clients that leave before an answer, bodies that may not be kept. */
import { exports } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { ADMIN, bindings, call, db, eventually } from './calls';

// biome-ignore lint/suspicious/noExplicitAny: answers of any shape
type Json = any;

const chatBody = (model: string, extra: Record<string, unknown> = {}) => ({
  model,
  messages: [{ role: 'user', content: 'the secret plan' }],
  ...extra,
});
const record = (id: string | null): Promise<Json> =>
  eventually(`record ${id}`, async () => {
    const response = await call('GET', `/v1/request/${id}`);
    return response.status === 200 ? (await response.json<Json>()).data : null;
  });

describe('every outcome has a record', () => {
  it.each([
    ['a call that went well', 'mock/echo', 200, 'ok'],
    ["a provider's error", 'mock/error-418', 418, 'provider_error'],
    ['an unknown model', 'no-such-model-anywhere', 404, 'refused'],
    ['a model without a key', 'gpt-4o-mini', 400, 'refused'],
    ['a cut answer', 'mock/cut', 502, 'cut'],
  ])('%s', async (_, model, status, outcome) => {
    const response = await call('POST', '/v1/chat/completions', chatBody(model));
    expect(response.status).toBe(status);
    await response.text();
    expect(await record(response.headers.get('helicone-id'))).toMatchObject({
      outcome,
      response_status: status,
      request_model: model,
      key_id: 'admin',
    });
  });

  it('a refused header and broken JSON, with line and column', async () => {
    const header = await call('POST', '/v1/chat/completions', chatBody('mock/echo'), ADMIN, { 'Helicone-Retry-Num': '-1' });
    expect(header.status).toBe(400);
    expect(await record(header.headers.get('helicone-id'))).toMatchObject({ outcome: 'refused', error_code: 'bad_header' });
    const broken = await call('POST', '/v1/chat/completions', '{"model": "mock/echo",\n  "messages": [}', ADMIN);
    expect([broken.status, (await broken.json<Json>()).error.message]).toEqual([400, 'The body is no JSON: value expected at line 2, column 16.']);
    expect(await record(broken.headers.get('helicone-id'))).toMatchObject({ error_code: 'invalid_json' });
  });

  it('a completion of the legacy kind, whole and streamed', async () => {
    const whole = await call('POST', '/v1/completions', { model: 'mock/echo', prompt: 'three little words' });
    expect((await whole.json<Json>()).choices[0]).toMatchObject({ text: 'three little words', finish_reason: 'stop' });
    const streamed = await call('POST', '/v1/completions', { model: 'mock/echo', prompt: 'three little words', stream: true });
    expect(await streamed.text()).toMatch(/data: \[DONE\]\n\n$/);
    // The mock has no price, and what a stream will cost nobody knows yet.
    expect([whole, streamed].map((each) => each.headers.get('weir-cost'))).toEqual([null, null]);
    for (const { headers } of [whole, streamed]) {
      expect(await record(headers.get('helicone-id'))).toMatchObject({ outcome: 'ok', prompt_tokens: 3, completion_tokens: 3 });
    }
  });

  it('and holds no key that stands where the model belongs, nor does any header', async () => {
    const response = await call('POST', '/mock/v1/chat/completions', chatBody(ADMIN), ADMIN);
    expect(response.headers.get('weir-attempts')).toBe('mock/[redacted] 200');
    const id = response.headers.get('helicone-id');
    expect(await record(id)).toMatchObject({ request_model: '[redacted]', attempts: [{ model: '[redacted]' }] });
  });

  it('and holds no secret of its headers, wherever the caller put one', async () => {
    const headers = {
      'Helicone-Auth': `Bearer ${ADMIN}`,
      'x-my-token': 'tok_0123456789abcdef',
      cookie: 'session=0123456789abcdef',
      'x-note': 'with sk-proj-0123456789abcdefghij in it',
      'x-plain': 'kept',
    };
    const response = await call('POST', '/v1/chat/completions', chatBody('mock/echo'), ADMIN, headers);
    const id = response.headers.get('helicone-id');
    await record(id);
    const row = await db().prepare('SELECT * FROM requests WHERE request_id = ?').bind(id).first<{ headers: string }>();
    expect(JSON.parse(row?.headers ?? '')).toMatchObject({
      authorization: '[redacted]',
      'helicone-auth': '[redacted]',
      'x-my-token': '[redacted]',
      cookie: '[redacted]',
      'x-note': 'with [redacted] in it',
      'x-plain': 'kept',
    });
    for (const secret of [ADMIN, 'tok_0123456789abcdef', 'session=0123456789abcdef', 'sk-proj-0123456789'])
      expect(JSON.stringify(row)).not.toContain(secret);
  });

  it('a method, or a path under one, that is not served', async () => {
    const got = await call('GET', '/v1/chat/completions');
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST']);
    const gemini = await call('POST', '/v1beta/models/gemini-2.5-flash:sing', {});
    expect([gemini.status, (await gemini.json<Json>()).error.status]).toEqual([404, 'NOT_FOUND']);
    const stored = await call('PATCH', '/v1/responses/resp_1');
    expect(stored.status).toBe(404);
    for (const [{ headers, status }, code] of [
      [got, 'method_not_allowed'],
      [gemini, 'not_found'],
      [stored, 'not_found'],
    ] as const) {
      expect(await record(headers.get('helicone-id'))).toMatchObject({ outcome: 'refused', response_status: status, error_code: code });
    }
  });

  it('a key without the scope', async () => {
    const { data } = await (await call('POST', '/api/keys', { name: 'reader', scopes: ['read'] })).json<Json>();
    const response = await call('POST', '/v1/chat/completions', chatBody('mock/echo'), data.key);
    expect(response.status).toBe(403);
    expect(await record(response.headers.get('helicone-id'))).toMatchObject({ outcome: 'refused', error_code: 'out_of_scope', key_id: data.id });
  });

  it('but not a stranger: those are counted', async () => {
    const before = (await (await call('GET', '/api/status')).json<Json>()).data;
    const response = await call('POST', '/v1/chat/completions', chatBody('mock/echo'), 'sk-weir-stranger-stranger-x');
    expect(response.status).toBe(401);
    await eventually('the count', async () => {
      const now = (await (await call('GET', '/api/status')).json<Json>()).data;
      return now.unauthenticated > before.unauthenticated ? now : null;
    });
  });
});

describe('a client that leaves before there is an answer', () => {
  it('cancels the upstream at once, and the record says so', async () => {
    const id = crypto.randomUUID();
    const controller = new AbortController();
    const headers = { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json', 'helicone-request-id': id };
    const request = new Request('https://weir.dev/v1/chat/completions', {
      method: 'POST',
      headers,
      body: JSON.stringify(chatBody('mock/slow-60000')),
      signal: controller.signal,
    });
    const answer = exports.default.fetch(request).catch(() => null);
    setTimeout(() => controller.abort(), 100);
    await answer;
    const stored = await record(id);
    expect(stored).toMatchObject({ outcome: 'cancelled', response_status: -3 });
    expect(stored.delay_ms).toBeLessThan(2_000);
  });
});

describe('bodies', () => {
  const everything = async (): Promise<string> => {
    const { objects } = await bindings.BODIES.list();
    const texts = await Promise.all(
      objects.map(async ({ key }) => {
        const bytes = new Uint8Array((await (await bindings.BODIES.get(key))?.arrayBuffer()) ?? new ArrayBuffer(0));
        if (!key.startsWith('bodies/')) return new TextDecoder().decode(bytes);
        return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).text().catch(() => '');
      }),
    );
    const rows = await bindings.DB.prepare('SELECT * FROM requests').all();
    return texts.join() + JSON.stringify(rows.results);
  };

  it('that are omitted by header exist nowhere; the other one is kept', async () => {
    const [question, answer] = [crypto.randomUUID(), crypto.randomUUID()];
    const ask = (text: string, headers: Record<string, string>) =>
      call('POST', '/v1/chat/completions', { model: 'mock/echo', messages: [{ role: 'user', content: text }] }, ADMIN, headers);
    const withoutBoth = await ask(question, { 'Helicone-Omit-Request': 'true', 'Helicone-Omit-Response': 'true' });
    const withoutRequest = await ask(answer, { 'Helicone-Omit-Request': 'true' });
    expect(await record(withoutBoth.headers.get('helicone-id'))).toMatchObject({ request_body: null, response_body: null, prompt_tokens: 1 });
    const kept = await record(withoutRequest.headers.get('helicone-id'));
    expect(kept.request_body).toBeNull();
    expect(kept.response_body.choices[0].message.content).toBe(answer);
    expect(await everything()).not.toContain(question);
  });
});

describe('what a client sends along', () => {
  it('is kept: request id of any version, labels, model override, warnings', async () => {
    const id = '01926f3a-7b1c-7def-8123-456789abcdef';
    const response = await call('POST', '/v1/chat/completions', chatBody('mock/echo'), ADMIN, {
      'Helicone-Request-Id': id.toUpperCase(),
      'Helicone-Prompt-Id': 'greeting',
      'Helicone-Model-Override': 'my-label',
      'Helicone-Moderations-Enabled': 'true',
      'Helicone-Wrong': 'x',
    });
    expect(response.headers.get('helicone-id')).toBe(id);
    expect(response.headers.get('weir-warnings')).toContain('Helicone-Moderations-Enabled: not active in this version');
    expect(response.headers.get('weir-warnings')).toContain('helicone-wrong: unknown header');
    expect(response.headers.get('server-timing')).toMatch(/auth;dur=\d+.*upstream;dur=\d+/);
    expect(await record(id)).toMatchObject({
      prompt_id: 'greeting',
      model: 'my-label',
      model_override: 'my-label',
      request_properties: { 'Helicone-Prompt-Id': 'greeting' },
    });
  });

  // RFC 9562 names versions up to 8, and none needs them.
  it.each(['123e4567-e89b-12d3-c456-426614174000', '00000000-0000-0000-0000-000000000001', '0195f3a0-1111-9000-8000-000000000001'])(
    'is kept and logged: the request id %s',
    async (id) => {
      const response = await call('POST', '/v1/chat/completions', chatBody('mock/echo'), ADMIN, { 'Helicone-Request-Id': id });
      expect([response.headers.get('helicone-id'), response.headers.get('weir-warnings')]).toEqual([id, null]);
      expect(await record(id)).toMatchObject({ request_id: id });
    },
  );

  it('is replaced with a warning when the request id is none', async () => {
    const response = await call('POST', '/v1/chat/completions', chatBody('mock/echo'), ADMIN, { 'Helicone-Request-Id': 'mine' });
    expect(response.headers.get('helicone-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(response.headers.get('weir-warnings')).toContain('Helicone-Request-Id: no UUID');
  });

  it('over 32 MiB is a 413, with and without a stated length', async () => {
    const large = 'x'.repeat(33 * 1024 * 1024);
    expect((await call('POST', '/v1/chat/completions', `{"model":"mock/echo","x":"${large}"}`)).status).toBe(413);
    const chunks = new ReadableStream({
      start(controller) {
        for (let index = 0; index < 33; index++) controller.enqueue(new Uint8Array(1024 * 1024).fill(120));
        controller.close();
      },
    });
    const response = await exports.default.fetch('https://weir.dev/v1/chat/completions', {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN}` },
      body: chunks,
    });
    expect([response.status, (await response.json<Json>()).error.code]).toEqual([413, 'body_too_large']);
  });

  it('compressed with gzip is read, with anything else a 415', async () => {
    const gzipped = new Blob([JSON.stringify(chatBody('mock/echo'))]).stream().pipeThrough(new CompressionStream('gzip'));
    const send = (body: BodyInit, encoding: string) =>
      exports.default.fetch('https://weir.dev/v1/chat/completions', {
        method: 'POST',
        headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json', 'content-encoding': encoding },
        body,
      });
    expect((await send(gzipped, 'gzip')).status).toBe(200);
    expect((await send('x', 'zstd')).status).toBe(415);
  });
});

describe('paths', () => {
  it('says what is here, and 404 and 405 where nothing is', async () => {
    expect(await (await call('GET', '/')).text()).toContain('This is Weir');
    expect((await call('GET', '/v1/chat/completions')).status).toBe(405);
    expect((await call('POST', '/nowhere')).status).toBe(404);
    expect(await (await call('GET', '/health')).json()).toEqual({ status: 'ok', problems: [] });
    expect((await call('HEAD', '/api/hello')).status).toBe(200);
  });

  it('takes broken percent escapes for a name that nobody has', async () => {
    expect((await call('GET', '/v1/models/%E0%A4%A')).status).toBe(404);
  });

  it('has no CORS unless origins are named', async () => {
    const response = await call('GET', '/health', undefined, ADMIN, { origin: 'https://evil.example' });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('refuses /gateway without a target, with a private one, and with a Weir key alone', async () => {
    const target = (url: string | null, headers: Record<string, string> = {}) =>
      call('POST', '/gateway/v1/x', {}, ADMIN, { ...(url === null ? {} : { 'Helicone-Target-Url': url }), ...headers });
    expect([(await target(null)).status, (await target('https://169.254.169.254')).status, (await target('https://evil.example')).status]).toEqual([
      400, 400, 400,
    ]);
    const keyless = await target('https://api.avian.io');
    expect([keyless.status, (await keyless.json<Json>()).error.code]).toEqual([401, 'missing_provider_key']);
  });
});

it('a body nested beyond measure leaves its record, whatever the provider reports and whatever is counted for it', async () => {
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  const body = `{"model":"mock/cut","stream":true,"metadata":${deep},"messages":[{"role":"user","content":"one two three four"}]}`;
  for (const headers of [
    {},
    { 'Helicone-RateLimit-Policy': '100000;w=60;u=tokens;s=deep' },
    { 'Helicone-Cache-Enabled': 'true', 'Weir-Cache-Debug': 'true' },
  ]) {
    const response = await call('POST', '/v1/chat/completions', body, undefined, headers);
    await response.text().catch(() => '');
    expect(response.status).toBe(200);
    await eventually('the record', async () =>
      (await call('GET', `/v1/request/${response.headers.get('helicone-id')}`)).status === 200 ? true : null,
    );
  }
});

it('who lists models with a key that is none is told so in his dialect', async () => {
  const ask = async (path: string, headers: Record<string, string>) => {
    const response = await exports.default.fetch(`https://weir.dev${path}`, { headers });
    return [response.status, await response.json<Json>()];
  };
  const stranger = 'sk-weir-stranger-stranger-x';
  expect(await ask('/v1/models', { authorization: `Bearer ${stranger}` })).toEqual([
    401,
    { error: expect.objectContaining({ code: 'unauthenticated' }) },
  ]);
  expect(await ask('/v1/models', { 'x-api-key': stranger, 'anthropic-version': '2023-06-01' })).toEqual([
    401,
    expect.objectContaining({ type: 'error', error: expect.objectContaining({ type: 'authentication_error' }) }),
  ]);
  expect(await ask('/v1beta/models', { 'x-goog-api-key': stranger })).toEqual([
    401,
    { error: expect.objectContaining({ code: 401, status: 'UNAUTHENTICATED' }) },
  ]);
  expect(await ask('/v1/models', { 'x-goog-api-key': stranger })).toEqual([
    401,
    { error: expect.objectContaining({ code: 401, status: 'UNAUTHENTICATED' }) },
  ]);
  expect(await ask('/v1/models/nope', { 'x-goog-api-key': ADMIN })).toEqual([404, { error: expect.objectContaining({ status: 'NOT_FOUND' }) }]);
  // A Weir key in the path or the query is one everywhere.
  expect((await ask(`/v1beta/models?key=${ADMIN}`, {}))[0]).toBe(200);
  expect((await ask(`/${ADMIN}/v1/models`, {}))[0]).toBe(200);
  expect((await ask('/v1/models', { 'api-key': ADMIN }))[0]).toBe(200);
});

describe('what has no key', () => {
  const unauthenticated = async (): Promise<number> =>
    (await (await call('GET', '/api/status')).json<{ data: { unauthenticated: number } }>()).data.unauthenticated;

  it('is told what is expected, and counted, wherever it knocks', async () => {
    const before = await unauthenticated();
    const knocks = [
      ['GET', '/v1/models', 'Authorization: Bearer <key>'],
      ['GET', '/api/keys', 'Authorization: Bearer <key>'],
      ['POST', '/v1/messages', 'Authorization (`Bearer <key>`), x-api-key'],
    ] as const;
    for (const [method, path, expected] of knocks) {
      const response = await exports.default.fetch(`https://weir.dev${path}`, { method, ...(method === 'POST' && { body: '{}' }) });
      expect([response.status, await response.text()]).toEqual([401, expect.stringContaining(expected)]);
    }
    await eventually('the counts', async () => ((await unauthenticated()) >= before + knocks.length ? true : null));
  });
});

describe('traces of OpenTelemetry', () => {
  it.each(['/v1/trace/log', '/v1/trace/log-python'])('are refused at %s, and go to nobody', async (path) => {
    const response = await call('POST', path, { resourceSpans: [] });
    expect([response.status, await response.json()]).toEqual([404, { data: null, error: expect.stringContaining('is not served') }]);
  });
});

describe('the mock', () => {
  it('waits as long as the name says, or a header', async () => {
    const waited = async (model: string, headers: Record<string, string> = {}): Promise<number> => {
      const response = await call('POST', '/v1/chat/completions', chatBody(model), ADMIN, headers);
      await response.text();
      return Number(/upstream;dur=(\d+)/.exec(response.headers.get('server-timing') ?? '')?.[1]);
    };
    expect(await waited('mock/slow-60')).toBeGreaterThanOrEqual(55);
    expect(await waited('mock/slow', { 'x-mock-delay-ms': '70' })).toBeGreaterThanOrEqual(65);
  });

  it.each([
    ['/v1/chat/completions', /"code":"provider_timeout"/],
    ['/v1/messages', /event: error\ndata: .*(?:timeout|idle)/],
  ])('stalls at %s until the idle time is up, and the stream says so in its dialect', async (path, said) => {
    const response = await call('POST', path, chatBody('mock/stall', { stream: true, max_tokens: 10 }), ADMIN, { 'Weir-Timeout-Idle': '200ms' });
    expect(await response.text()).toMatch(said);
  });

  it('stalls amid a whole answer until the total is up', async () => {
    const response = await call('POST', '/v1/chat/completions', chatBody('mock/stall'), ADMIN, { 'Weir-Timeout-Total': '300ms' });
    expect([response.status, (await response.json<Json>()).error.code]).toEqual([504, 'provider_timeout']);
  });
});
