/**
 * A wall of faults in front of a chain of two targets, each asked up to three times: what the client sees, how often each target is
 * asked, and what the record says.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AS_ADMIN, api, type Json, recordOf } from '../harness/api.ts';
import { answers, chunk, error, inTurn, opens, reset, STREAM } from '../harness/provider-answers.ts';
import {
  endChunked,
  JSON_HEADERS,
  openChunked,
  type RawUpstream,
  respond,
  SSE_HEADERS,
  startRawUpstream,
  writeChunk,
} from '../harness/raw-upstream.ts';
import { freePort, type RunningWorker, startWorker } from '../harness/worker.ts';

const WHOLE = JSON.stringify({
  id: 'c',
  object: 'chat.completion',
  model: 'gpt-4o-mini',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
});

let first: RawUpstream;
let second: RawUpstream;
let worker: RunningWorker;

beforeAll(async () => {
  first = await startRawUpstream();
  second = await startRawUpstream();
  worker = await startWorker({
    vars: {
      OPENAI_API_KEY: 'sk-first',
      OPENAI_BASE_URL: `${first.url}/v1`,
      GROQ_API_KEY: 'gsk-second',
      GROQ_BASE_URL: `${second.url}/openai/v1`,
      DEEPSEEK_API_KEY: 'sk-nobody',
      DEEPSEEK_BASE_URL: `http://127.0.0.1:${await freePort()}`,
      WEIR_ALLOWED_TARGETS: [first.url, second.url].map((url) => new URL(url).host).join(','),
    },
  });
});

afterAll(async () => {
  await worker?.stop();
  await first?.stop();
  await second?.stop();
});

const CHAIN = 'openai/gpt-4o-mini, groq/llama-3.3-70b-versatile';
const RETRIES = {
  'Helicone-Retry-Enabled': 'true',
  'Helicone-Retry-Num': '2',
  'Helicone-Retry-Min-Timeout': '10',
  'Helicone-Retry-Max-Timeout': '20',
  'Weir-Timeout-First-Byte': '400ms',
  'Weir-Stream-Rescue': 'splice',
};

interface Seen {
  readonly status: number;
  readonly text: string;
  readonly attempts: string;
  readonly headers: Headers;
  readonly record: Json;
  readonly asked: readonly [number, number];
  readonly ms: number;
}

async function ask(options: { stream?: boolean; model?: string; headers?: Record<string, string>; path?: string } = {}): Promise<Seen> {
  const body = JSON.stringify({
    model: options.model ?? CHAIN,
    ...(options.stream === true ? { stream: true } : {}),
    messages: [{ role: 'user', content: 'hi' }],
  });
  const startedAt = Date.now();
  const response = await fetch(worker.url + (options.path ?? '/v1/chat/completions'), {
    method: 'POST',
    headers: { ...AS_ADMIN, ...RETRIES, ...options.headers },
    body,
  });
  const text = await response.text();
  const ms = Date.now() - startedAt;
  return {
    status: response.status,
    text,
    ms,
    headers: response.headers,
    attempts: response.headers.get('weir-attempts') ?? '',
    record: await recordOf(worker, response.headers.get('helicone-id')),
    asked: [first.received.length, second.received.length],
  };
}

beforeEach(async () => {
  // What one test did to a target is not the next one's concern.
  await api(worker, 'DELETE', '/api/health');
  first.received.length = 0;
  second.received.length = 0;
  second.handler = answers;
});

describe('a chain of two targets', () => {
  it.each<[string, RawUpstream['handler'], boolean, number, string | null]>([
    ['503 for ever', error(503), false, 3, 'status 503'],
    ['503 for ever, streamed', error(503), true, 3, 'status 503'],
    ['429 that asks for more than three seconds', error(429, {}, { 'retry-after': '9' }), false, 1, 'status 429'],
    ['429 for ever', error(429), false, 3, 'status 429'],
    ['a reset before the headers', reset, false, 3, 'provider_unreachable'],
    ['a key that is refused', error(401), false, 1, 'status 401'],
    ['a model that is not there', error(404), false, 1, 'status 404'],
    ['an error body under 200', error(200, { error: { message: 'upstream failed' } }), false, 3, 'error under a success status'],
    ['a body that is no JSON', ({ socket }) => respond(socket, 200, JSON_HEADERS, '<html>'), false, 3, 'provider_malformed'],
    [
      'a cut answer',
      ({ socket }) => {
        openChunked(socket, 200, JSON_HEADERS);
        writeChunk(socket, '{"id');
        socket.end();
      },
      false,
      3,
      'provider_cut',
    ],
    ['headers and no content', opens(chunk({ role: 'assistant', content: '' }), () => {}), true, 1, 'provider_timeout'],
    ['no answer at all', () => {}, true, 1, 'provider_timeout'],
    ['a stream that ends before its content', opens(chunk({ role: 'assistant' }), ({ socket }) => endChunked(socket)), true, 3, 'provider_cut'],
    ['a stream that is cut before its content', opens(chunk({ role: 'assistant' }), ({ socket }) => void socket.end()), true, 3, 'provider_cut'],
    ['a malformed first event', opens('data: {"id\n\n', ({ socket }) => endChunked(socket)), true, 3, 'provider_malformed'],
    [
      'an error event before the content',
      opens('data: {"error":{"message":"busy"}}\n\n', ({ socket }) => endChunked(socket)),
      true,
      3,
      'provider_error',
    ],
    ['a prompt too large for its window', error(400, { error: { message: 'too long', code: 'context_length_exceeded' } }), false, 1, 'status 400'],
    [
      'headers of 64 KB, then a reset',
      ({ socket }) => void socket.write(`HTTP/1.1 200 OK\r\nx-large: ${'x'.repeat(65_536)}\r\n`, () => socket.resetAndDestroy()),
      false,
      3,
      'provider_unreachable',
    ],
  ])('is rescued from %s', async (_, fault, stream, tries, reason) => {
    first.handler = fault;
    const seen = await ask({ stream });
    expect([seen.status, seen.asked]).toEqual([200, [tries, 1]]);
    expect(seen.text).toContain('hello');
    expect(seen.text).not.toContain('"error"');
    expect(seen.attempts).toMatch(/groq\/llama-3.3-70b-versatile 200$/);
    expect(seen.record).toMatchObject({ outcome: 'ok', provider: 'groq', response_model: 'second' });
    expect(seen.record.attempts.map((each: Json) => each.provider)).toEqual([...Array(tries).fill('openai'), 'groq']);
    expect(seen.record.attempts[0].error).toBe(reason);
    if (!stream) expect(seen.record.prompt_tokens).toBe(5);
  });

  it('asks the same target again after one 500, and the next one not at all', async () => {
    first.handler = inTurn(error(500), answers);
    const seen = await ask();
    expect([seen.status, seen.asked]).toEqual([200, [2, 0]]);
    expect(seen.record.attempts).toMatchObject([
      { status: 500, error: 'status 500' },
      { status: 200, error: null },
    ]);
  });

  it('waits as long as a 429 asks for, if that is short', async () => {
    first.handler = inTurn(error(429, {}, { 'retry-after-ms': '600' }), answers);
    const seen = await ask();
    expect([seen.status, seen.asked]).toEqual([200, [2, 0]]);
    expect(seen.record.delay_ms).toBeGreaterThanOrEqual(600);
  });

  it.each([400, 403])("gives a content filter's refusal as the answer, asked once, with the provider's reason: %i", async (status) => {
    const refusal = { error: { message: 'refused', code: 'content_filter' } };
    first.handler = error(status, refusal);
    const seen = await ask();
    expect([seen.status, seen.asked, JSON.parse(seen.text)]).toEqual([status, [1, 0], refusal]);
    expect(seen.record).toMatchObject({ outcome: 'provider_error', response_status: status, provider: 'openai', attempts: [{ status }] });
    // The key is fine, and so is the target.
    expect(JSON.stringify(await api(worker, 'GET', '/api/health'))).not.toContain('openai');
  });

  it('gives the whole answer under headers that no client could read, without those', async () => {
    first.handler = ({ socket }) => respond(socket, 200, { ...JSON_HEADERS, 'x-large': 'x'.repeat(65_536), 'x-request-id': 'kept' }, WHOLE);
    const seen = await ask();
    expect([seen.status, seen.asked, seen.text, seen.headers.get('x-request-id')]).toEqual([200, [1, 0], WHOLE, 'kept']);
    expect(seen.headers.get('weir-warnings')).toContain('header x-large of 65536 characters');
  });

  it('notes of a stream what came of it, and how much', async () => {
    first.handler = answers;
    const whole = await ask({ stream: true });
    expect(whole.record.attempts).toMatchObject([{ status: 200, bytes: Buffer.byteLength(whole.text), error: null, durationMs: expect.any(Number) }]);
    first.handler = opens(chunk({ content: 'half' }), ({ socket }) => void socket.end());
    const cut = await ask({ stream: true, headers: { 'Weir-Stream-Rescue': 'off', 'Helicone-Retry-Enabled': 'false' } });
    expect(cut.record.attempts).toMatchObject([{ status: 200, bytes: Buffer.byteLength(cut.text), error: 'provider_cut' }]);
    first.handler = async ({ socket }) => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      respond(socket, 200, JSON_HEADERS, WHOLE);
    };
    const [attempt] = (await ask()).record.attempts;
    expect([attempt.bytes, attempt.durationMs >= 50]).toEqual([Buffer.byteLength(WHOLE), true]);
  });

  it.each([
    ['gpt-4o', 'gpt-4o-mini', [1, 0]],
    ['gpt-4', 'gpt-4o-mini', [2, 0]],
    ['gpt-4o', 'whatever-new', [2, 0]],
  ])('a prompt too long for %s goes on to %s only if its window is larger, or not known', async (small, next, asked) => {
    first.handler = inTurn(error(400, { error: { code: 'context_length_exceeded', message: 'too long' } }), answers);
    const seen = await ask({ model: `openai/${small}, openai/${next}` });
    expect([seen.status, seen.asked]).toEqual([asked[0] === 1 ? 400 : 200, asked]);
  });

  it('does not send a broken request to everybody', async () => {
    first.handler = error(422, { error: { message: 'temperature' } });
    expect(await ask()).toMatchObject({ status: 422, asked: [1, 0] });
  });

  it("ends with the last target's own answer when all fail", async () => {
    first.handler = error(503);
    second.handler = error(529, { error: { message: 'overloaded' } }, { 'retry-after': '0' });
    const seen = await ask();
    expect([seen.status, seen.asked, JSON.parse(seen.text).error.message]).toEqual([529, [3, 3], 'overloaded']);
    expect(seen.record.outcome).toBe('provider_error');
  });

  it('says in JSON what is wrong when no stream could begin', async () => {
    first.handler = opens('', ({ socket }) => void socket.end());
    second.handler = () => {};
    const seen = await ask({ stream: true, headers: { 'Helicone-Retry-Enabled': 'false' } });
    expect([seen.status, JSON.parse(seen.text).error.code, seen.asked]).toEqual([504, 'provider_timeout', [1, 1]]);
  });

  it('moves past a refused connection', async () => {
    const seen = await ask({ model: 'deepseek/deepseek-chat, groq/llama-3.3-70b-versatile' });
    expect([seen.status, seen.asked]).toEqual([200, [0, 1]]);
    expect(seen.record.attempts.map(({ provider, error: why }: Json) => [provider, why])).toEqual([
      ['deepseek', 'provider_unreachable'],
      ['deepseek', 'provider_unreachable'],
      ['deepseek', 'provider_unreachable'],
      ['groq', null],
    ]);
  });

  it('uses its first target again as soon as that is back', async () => {
    first.handler = error(503);
    expect((await ask()).asked).toEqual([3, 1]);
    first.handler = answers;
    expect((await ask()).asked).toEqual([4, 1]);
  });

  it.each<[string, RawUpstream['handler']]>([
    ['cut', opens(chunk({ content: 'half' }), ({ socket }) => void socket.end())],
    ['stalled', opens(chunk({ content: 'half' }), () => {})],
    ['malformed', opens(`${chunk({ content: 'half' })}data: {"id\n\n`, ({ socket }) => endChunked(socket))],
  ])('rescues a stream that is %s after its first content, if it was held back whole', async (_, fault) => {
    first.handler = fault;
    const headers = { 'Weir-Stream-Rescue': 'buffer', 'Weir-Timeout-Idle': '300ms', 'Helicone-Retry-Enabled': 'false' };
    const seen = await ask({ stream: true, headers });
    expect([seen.status, seen.text, seen.asked]).toEqual([200, STREAM, [1, 1]]);
    const { text } = await ask({ stream: true, headers: { ...headers, 'Weir-Stream-Rescue': 'off' } });
    expect(text).toMatch(/half.*"error"/s);
  });

  it('passes a stream byte for byte once it has begun, from its first event on', async () => {
    first.handler = ({ socket }) => respond(socket, 200, SSE_HEADERS, STREAM);
    const seen = await ask({ stream: true });
    expect([seen.text, seen.asked]).toEqual([STREAM, [1, 0]]);
  });

  it('asks its first target alone when fallback is off', async () => {
    first.handler = error(503);
    expect(await ask({ headers: { 'Helicone-Fallback-Enabled': 'false' } })).toMatchObject({ status: 503, asked: [3, 0] });
  });
});

describe('one target', () => {
  const alone = (headers: Record<string, string> = {}, stream = false) => ask({ model: 'openai/gpt-4o-mini', headers, stream });

  it('is asked once unless retries are asked for', async () => {
    first.handler = error(503);
    expect(await alone({ 'Helicone-Retry-Enabled': 'false' })).toMatchObject({ status: 503, asked: [1, 0] });
    first.received.length = 0;
    expect(await alone()).toMatchObject({ status: 503, asked: [3, 0] });
  });

  it('is not asked again for what is the caller’s fault, or for a key that is refused', async () => {
    for (const [status, shown] of [
      [400, 400],
      [401, 502],
      [404, 404],
      [413, 413],
    ] as const) {
      first.received.length = 0;
      first.handler = error(status);
      expect(await alone()).toMatchObject({ status: shown, asked: [1, 0] });
    }
  });

  it('fails now when the wait it asks for outlasts the call', async () => {
    first.handler = error(429, { error: { message: 'slow down' } }, { 'retry-after': '30' });
    const seen = await alone({ 'Weir-Timeout-Total': '5s' });
    expect([seen.status, seen.asked, seen.headers.get('retry-after')]).toEqual([429, [1, 0], '30']);
    expect(seen.record.delay_ms).toBeLessThan(2_000);
  });

  it('is asked again when it stayed silent and nobody else is left', async () => {
    first.handler = inTurn(() => {}, answers);
    expect(await alone({}, true)).toMatchObject({ status: 200, asked: [2, 0] });
  });

  it('is asked again behind a proxy too, with the same body', async () => {
    first.handler = inTurn(error(500), answers);
    const seen = await ask({ path: '/openai/v1/chat/completions', model: 'gpt-4o-mini' });
    expect([seen.status, seen.asked]).toEqual([200, [2, 0]]);
    expect(first.received[0]?.body).toBe(first.received[1]?.body);
  });

  it('that gave its finish reason and no last word is whole, with a warning', async () => {
    first.handler = ({ socket }) => respond(socket, 200, SSE_HEADERS, STREAM.replace('data: [DONE]\n\n', ''));
    const seen = await alone({}, true);
    expect(seen.record).toMatchObject({ outcome: 'ok' });
    expect(seen.record.warnings.join()).toContain('without its last word');
  });
});

describe('Helicone-Fallbacks', () => {
  const entry = (url: string, more: Record<string, unknown> = {}) => ({
    'target-url': url,
    headers: { authorization: 'Bearer sk-of-the-target', 'x-mine': '1' },
    onCodes: [429, { from: 500, to: 599 }],
    ...more,
  });
  const through = (entries: unknown) =>
    ask({ path: '/gateway/v1/chat/completions', headers: { 'Helicone-Retry-Enabled': 'false', 'Helicone-Fallbacks': JSON.stringify(entries) } });

  it('moves on by its codes, with headers and body of each entry', async () => {
    first.handler = error(503);
    const seen = await through([entry(first.url), entry(second.url, { bodyKeyOverride: { model: 'other', temperature: 0 } })]);
    expect([seen.status, seen.asked, seen.headers.get('helicone-fallback-index')]).toEqual([200, [1, 1], '1']);
    expect(second.received[0]?.head).toMatch(/authorization: Bearer sk-of-the-target/i);
    expect(second.received[0]?.head).toMatch(/x-mine: 1/i);
    expect(second.received[0]?.head).not.toMatch(/helicone/i);
    expect(JSON.parse(second.received[0]?.body ?? '')).toMatchObject({ model: 'other', temperature: 0, messages: [{ content: 'hi' }] });
  });

  it('ends with a status that it does not name, and with the last entry whatever it says', async () => {
    first.handler = error(418);
    expect(await through([entry(first.url), entry(second.url)])).toMatchObject({ status: 418, asked: [1, 0] });
    second.handler = error(503);
    const seen = await through([entry(second.url)]);
    expect([seen.status, seen.headers.get('helicone-fallback-index')]).toEqual([503, '0']);
  });

  it('that cannot be read is a 400 that says where, and shows no key', async () => {
    const response = await fetch(`${worker.url}/gateway/v1/x`, {
      method: 'POST',
      headers: {
        ...AS_ADMIN,
        'Helicone-Fallbacks': JSON.stringify([{ 'target-url': 'nowhere', headers: { authorization: 'sk-secret' }, onCodes: [] }]),
      },
    });
    const text = await response.text();
    expect([response.status, text]).toEqual([400, expect.stringContaining('0.target-url')]);
    expect(text).not.toContain('sk-secret');
  });
});

describe('a prompt larger than the window', () => {
  const long = `first words ${Array.from({ length: 12_000 }, (_, index) => `word${index}`).join(' ')} last words`;
  const send = async (path: string, model: string, handler: string, extra: Record<string, string> = {}) => {
    first.handler = answers;
    const response = await fetch(worker.url + path, {
      method: 'POST',
      headers: { ...AS_ADMIN, ...extra, 'Helicone-Token-Limit-Exception-Handler': handler },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: long }] }),
    });
    const sent = JSON.parse(first.received.at(-1)?.body ?? '{}');
    return { response, sent, content: String(sent.messages?.[0]?.content) };
  };

  it('loses its middle on the way, and the call is told', async () => {
    const { response, content } = await send('/v1/chat/completions', 'openai/gpt-4', 'middle-out');
    expect(response.status).toBe(200);
    expect(content).toMatch(/^first words .*….* last words$/s);
    expect(content.length).toBeLessThan(long.length / 2);
    expect(response.headers.get('weir-warnings')).toMatch(/cut from \d+ to \d+ characters \(middle-out\)/);
  });

  it('loses it under the provider’s own path, too', async () => {
    const own = { 'Helicone-Auth': AS_ADMIN.authorization, authorization: 'Bearer sk-own' };
    const { response, content } = await send('/openai/v1/chat/completions', 'gpt-4', 'truncate', own);
    expect([response.status, content.endsWith(' last words'), content.startsWith('…')]).toEqual([200, true, true]);
  });

  it('goes to the model whose window is large enough', async () => {
    const gateway = await send('/v1/chat/completions', 'openai/gpt-4, openai/gpt-4o', 'fallback');
    expect([gateway.sent.model, gateway.content]).toEqual(['gpt-4o', long]);
    expect(gateway.response.headers.get('weir-warnings')).toMatch(/larger than their window: openai\/gpt-4/);
    const own = { 'Helicone-Auth': AS_ADMIN.authorization, authorization: 'Bearer sk-own' };
    const proxied = await send('/openai/v1/chat/completions', 'gpt-4, gpt-4o', 'fallback', own);
    expect([proxied.sent.model, proxied.content]).toEqual(['gpt-4o', long]);
  });
});
