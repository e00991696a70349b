/** Answers that are no streams, and providers that give none. */
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AS_ADMIN, recordOf } from '../harness/api.ts';
import { JSON_HEADERS, openChunked, type RawUpstream, respond, SSE_HEADERS, startRawUpstream, writeChunk } from '../harness/raw-upstream.ts';
import { freePort, type RunningWorker, startWorker } from '../harness/worker.ts';

let upstream: RawUpstream;
let worker: RunningWorker;

beforeAll(async () => {
  upstream = await startRawUpstream();
  worker = await startWorker({
    vars: {
      OPENAI_API_KEY: 'sk-provider-held-by-weir',
      OPENAI_BASE_URL: `${upstream.url}/v1`,
      GROQ_API_KEY: 'gsk_held',
      GROQ_BASE_URL: `http://127.0.0.1:${await freePort()}/openai/v1`,
    },
  });
});

afterAll(async () => {
  await worker?.stop();
  await upstream?.stop();
});

const WHOLE = JSON.stringify({
  id: 'c',
  object: 'chat.completion',
  model: 'gpt-4o-mini',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 1 },
});

async function chat(headers: Record<string, string> = {}, model = 'gpt-4o-mini', path = '/v1/chat/completions') {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'hi' }] });
  const response = await fetch(worker.url + path, { method: 'POST', headers: { ...AS_ADMIN, ...headers }, body });
  const text = await response.text();
  return { status: response.status, headers: response.headers, id: response.headers.get('helicone-id'), text };
}

describe('a whole answer', () => {
  it.each([
    ['gzip', gzipSync(WHOLE)],
    ['br', brotliCompressSync(WHOLE)],
  ])('is read when it comes as %s', async (encoding, bytes) => {
    upstream.handler = ({ socket }) => respond(socket, 200, { ...JSON_HEADERS, 'content-encoding': encoding }, bytes);
    const seen = await chat();
    expect(seen.text).toBe(WHOLE);
    expect(await recordOf(worker, seen.id)).toMatchObject({ outcome: 'ok', prompt_tokens: 3 });
  });

  it('is read as a gzipped stream', async () => {
    const events =
      'data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]}\n\ndata: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';
    upstream.handler = ({ socket }) => respond(socket, 200, { ...SSE_HEADERS, 'content-encoding': 'gzip' }, gzipSync(events));
    const response = await fetch(`${worker.url}/v1/chat/completions`, {
      method: 'POST',
      headers: AS_ADMIN,
      body: '{"model":"gpt-4o-mini","stream":true,"messages":[]}',
    });
    expect(await response.text()).toBe(events);
  });

  it("keeps a provider error's status, body and headers", async () => {
    const body = '{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded","param":null}}';
    upstream.handler = ({ socket }) =>
      respond(socket, 429, { ...JSON_HEADERS, 'retry-after': '7', 'x-request-id': 'req_1', 'x-ratelimit-remaining-requests': '0' }, body);
    const seen = await chat();
    expect([seen.status, seen.text]).toEqual([429, body]);
    expect(seen.headers.get('retry-after')).toBe('7');
    expect(seen.headers.get('x-request-id')).toBe('req_1');
    expect(seen.headers.get('x-ratelimit-remaining-requests')).toBe('0');
    expect(seen.headers.get('weir-attempts')).toBe('openai/gpt-4o-mini 429');
    expect(await recordOf(worker, seen.id)).toMatchObject({
      outcome: 'provider_error',
      response_status: 429,
      response_body: { error: { message: 'slow down' } },
    });
  });

  it('counts an error body under status 200 as a 502, and keeps the body', async () => {
    const body = '{"error":{"message":"upstream model failed","code":502}}';
    upstream.handler = ({ socket }) => respond(socket, 200, JSON_HEADERS, body);
    const seen = await chat();
    expect([seen.status, seen.text]).toEqual([502, body]);
    expect(await recordOf(worker, seen.id)).toMatchObject({ outcome: 'provider_error', response_status: 502 });
  });

  it('is refused when it is no JSON on the AI Gateway, and passes on a proxy', async () => {
    upstream.handler = ({ socket }) => respond(socket, 200, { 'content-type': 'application/json' }, '<html>');
    const seen = await chat();
    expect([seen.status, JSON.parse(seen.text).error.code]).toEqual([502, 'provider_malformed']);
    expect((await chat({}, 'gpt-4o-mini', '/openai/v1/chat/completions')).text).toBe('<html>');
  });

  it.each([
    ['text/html', 200, '<html>'],
    ['application/json', 302, ''],
    ['application/json', 204, ''],
    ['application/json', 999, '{}'],
  ])('of %s, status %i, %j is no answer on the AI Gateway', async (type, status, body) => {
    upstream.handler = ({ socket }) => respond(socket, status, { 'content-type': type }, body);
    const seen = await chat();
    expect([seen.status, JSON.parse(seen.text).error.code]).toEqual([502, 'provider_malformed']);
    expect(await recordOf(worker, seen.id)).toMatchObject({ response_status: 502, error_code: 'provider_malformed' });
  });

  it('is taken for JSON whatever the provider calls it, if it is', async () => {
    upstream.handler = ({ socket }) => respond(socket, 200, { 'content-type': 'text/plain' }, WHOLE);
    const seen = await chat();
    expect(seen.text).toBe(WHOLE);
    expect(await recordOf(worker, seen.id)).toMatchObject({ outcome: 'ok', prompt_tokens: 3 });
  });

  it('whose counts no model can have is logged without them', async () => {
    const odd = WHOLE.replace('"prompt_tokens":3', '"prompt_tokens":9000000000000000000');
    upstream.handler = ({ socket }) => respond(socket, 200, JSON_HEADERS, odd);
    const seen = await chat();
    expect(seen.text).toBe(odd);
    expect(await recordOf(worker, seen.id)).toMatchObject({ outcome: 'ok', prompt_tokens: 0, completion_tokens: 1 });
  });

  it('is never half a body: a cut answer is a 502', async () => {
    upstream.handler = ({ socket }) => {
      openChunked(socket, 200, JSON_HEADERS);
      writeChunk(socket, WHOLE.slice(0, 40));
      socket.end();
    };
    const seen = await chat();
    expect([seen.status, JSON.parse(seen.text).error.code]).toEqual([502, 'provider_cut']);
    expect(await recordOf(worker, seen.id)).toMatchObject({ outcome: 'cut', response_status: 502 });
  });

  it('breaks off on a proxy when the provider stalls amid a body without a dialect', async () => {
    upstream.handler = ({ socket }) => {
      openChunked(socket, 200, { 'content-type': 'audio/mpeg' });
      writeChunk(socket, 'half');
    };
    const response = await fetch(`${worker.url}/openai/v1/audio/speech`, {
      method: 'POST',
      headers: { ...AS_ADMIN, 'Weir-Timeout-Idle': '300ms' },
      body: '{}',
    });
    await expect(response.arrayBuffer()).rejects.toThrow();
    expect(await recordOf(worker, response.headers.get('helicone-id'))).toMatchObject({ outcome: 'timeout' });
    await upstream.received.at(-1)?.closed;
  });

  it('passes large headers and binary bodies on a proxy', async () => {
    const bytes = Buffer.from(Array.from({ length: 5_000 }, (_, index) => index % 256));
    upstream.handler = ({ socket }) => respond(socket, 200, { 'content-type': 'audio/mpeg', 'x-large': 'x'.repeat(12_000) }, bytes);
    const response = await fetch(`${worker.url}/openai/v1/audio/speech?voice=a%20b&x=1`, {
      method: 'POST',
      headers: { ...AS_ADMIN, 'content-type': 'application/octet-stream' },
      body: bytes,
    });
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
    expect(upstream.received.at(-1)?.head).toContain('POST /v1/audio/speech?voice=a%20b&x=1 ');
    expect(await recordOf(worker, response.headers.get('helicone-id'))).toMatchObject({
      outcome: 'ok',
      response_bytes: 5_000,
      response_body: '[5000 bytes that are no text]',
    });
  });
});

describe('a large body', () => {
  it('over 8 MiB streams through a proxy, unstored and with a warning', async () => {
    upstream.handler = ({ socket, body }) => respond(socket, 200, JSON_HEADERS, JSON.stringify({ bytes: body.length }));
    const body = 'x'.repeat(9 * 1024 * 1024);
    const response = await fetch(`${worker.url}/openai/v1/files`, {
      method: 'POST',
      headers: { ...AS_ADMIN, 'content-type': 'application/octet-stream' },
      body,
    });
    expect(await response.json()).toEqual({ bytes: body.length });
    expect(response.headers.get('weir-warnings')).toContain('request body over 8 MiB');
    expect(await recordOf(worker, response.headers.get('helicone-id'))).toMatchObject({ outcome: 'ok', request_body: null });
  });
});

describe('no answer', () => {
  it('is a 504 when the upstream hangs before its headers, and the upstream is let go', async () => {
    upstream.handler = () => {};
    const seen = await chat({ 'Weir-Timeout-Total': '300ms' });
    expect([seen.status, JSON.parse(seen.text).error.code]).toEqual([504, 'provider_timeout']);
    expect(await recordOf(worker, seen.id)).toMatchObject({ outcome: 'timeout', response_status: 504 });
    await upstream.received.at(-1)?.closed;
  });

  it('is a 504 when the connect limit of a streamed call runs out', async () => {
    upstream.handler = () => {};
    const response = await fetch(`${worker.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { ...AS_ADMIN, 'Weir-Timeout-Connect': '200' },
      body: '{"model":"gpt-4o-mini","stream":true,"messages":[]}',
    });
    expect(response.status).toBe(504);
    expect(await response.text()).toContain('connect limit of 200 ms');
  });

  it('is a 502 when the connection is refused or reset, and names the provider', async () => {
    const refused = await chat({}, 'groq/llama-3.3-70b-versatile');
    expect([refused.status, JSON.parse(refused.text).error.code]).toEqual([502, 'provider_unreachable']);
    expect(refused.text).toContain('groq');
    upstream.handler = ({ socket }) => void socket.resetAndDestroy();
    const reset = await chat();
    expect([reset.status, JSON.parse(reset.text).error.code]).toEqual([502, 'provider_unreachable']);
    expect(await recordOf(worker, reset.id)).toMatchObject({ outcome: 'provider_error', response_status: 502 });
  });

  it('is a 502 that names the variable when the provider refuses the key that Weir holds', async () => {
    upstream.handler = ({ socket }) =>
      respond(socket, 401, JSON_HEADERS, '{"error":{"message":"Incorrect API key provided: sk-provider-held-by-weir"}}');
    const seen = await chat();
    expect([seen.status, JSON.parse(seen.text).error.code]).toEqual([502, 'provider_auth']);
    expect(seen.text).toContain('OPENAI_API_KEY');
    expect(seen.text).not.toContain('sk-provider-held');
    const proxied = await chat({}, 'gpt-4o-mini', '/openai/v1/chat/completions');
    expect(proxied.status).toBe(401);
  });
});
