/** A deployment that is bound to a region, running: its own objects work, and a call that would leave it is refused before anything is sent. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordOf } from '../harness/api.ts';
import { ADMIN_KEY, type RunningWorker, startWorker } from '../harness/worker.ts';

let worker: RunningWorker;
const asked: string[] = [];
const elsewhere = createServer((request, response) => {
  asked.push(request.url ?? '');
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end('{"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}');
});

beforeAll(async () => {
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  const { port } = elsewhere.address() as AddressInfo;
  worker = await startWorker({
    vars: {
      WEIR_REGION: 'eu',
      ANTHROPIC_API_KEY: 'sk-ant-secret-000000',
      GROQ_API_KEY: 'gsk-secret-000000000',
      GROQ_BASE_URL: `http://127.0.0.1:${port}/openai/v1`,
      WEIR_ALLOWED_TARGETS: `127.0.0.1:${port}`,
      AWS_REGION: 'eu-central-1',
      AWS_BEARER_TOKEN_BEDROCK: 'k',
    },
  });
});
afterAll(async () => {
  await worker?.stop();
  elsewhere.close();
});

const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${worker.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
const chat = (model: string) => ({ model, messages: [{ role: 'user', content: 'hi' }] });

describe('a deployment bound to eu', () => {
  it('serves what stays there, with its limits counted and its record kept', async () => {
    const limited = await post('/v1/chat/completions', chat('groq/llama-3.3-70b-versatile'), { 'Helicone-RateLimit-Policy': '1;w=3600;s=user' });
    expect([limited.status, asked]).toEqual([200, ['/openai/v1/chat/completions']]);
    expect(await recordOf(worker, limited.headers.get('helicone-id'))).toMatchObject({ outcome: 'ok', provider: 'groq' });
    const over = await post('/v1/chat/completions', chat('groq/llama-3.3-70b-versatile'), { 'Helicone-RateLimit-Policy': '1;w=3600;s=user' });
    expect(over.status).toBe(429);
  });

  it.each([
    [
      'a model of a vendor without a place there',
      '/v1/chat/completions',
      chat('claude-sonnet-4-5/anthropic'),
      /asked of anthropic outside of `eu`.*ANTHROPIC_BASE_URL/,
    ],
    ['the same in its own wire', '/v1/messages', { ...chat('anthropic/claude-sonnet-4-5'), max_tokens: 5 }, /outside of `eu`/],
    ['its provider proxy', '/anthropic/v1/messages', { ...chat('claude-sonnet-4-5'), max_tokens: 5 }, /asked of anthropic outside of `eu`/],
    [
      'a profile of the whole world',
      '/v1/chat/completions',
      chat('bedrock/global.anthropic.claude-sonnet-4-5-20250929-v1:0'),
      /bedrock outside of `eu`/,
    ],
    ['the same on the proxy', '/bedrock/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse', {}, /bedrock outside of `eu`/],
    ['one behind a query that names another', '/bedrock/model/global.anthropic.claude/invoke?x=/models/eu.foo:bar', {}, /bedrock outside of `eu`/],
    ['one behind a body that names another', '/bedrock/model/global.anthropic.claude/invoke', { model: 'x' }, /bedrock outside of `eu`/],
    ['one by a path that is written otherwise', '/bedrock/%6Dodel/global.anthropic.claude/%63onverse', {}, /bedrock outside of `eu`/],
    ['one that is only counted', '/bedrock/model/global.anthropic.claude/count-tokens', {}, /bedrock outside of `eu`/],
    ['one in the body', '/bedrock/async-invoke', { modelId: 'global.anthropic.claude' }, /bedrock outside of `eu`/],
  ])('refuses %s with a 400 that says where it would go', async (_, path, body, sentence) => {
    const response = await post(path, body);
    const text = await response.text();
    // Bedrock's own dialect has its message at the top.
    const parsed = JSON.parse(text);
    expect([response.status, (parsed.error ?? parsed).message]).toEqual([400, expect.stringMatching(sentence)]);
    expect(text).not.toContain('secret');
    expect(await recordOf(worker, response.headers.get('helicone-id'))).toMatchObject({ outcome: 'refused', error_code: 'outside_region' });
  });

  it('asks whom the operator names, wherever that is, and with the key of the caller alone', async () => {
    const { port } = elsewhere.address() as AddressInfo;
    const named = { 'Helicone-Target-Url': `http://127.0.0.1:${port}`, 'Helicone-Auth': `Bearer ${ADMIN_KEY}`, authorization: 'Bearer own' };
    expect((await post('/gateway/v1/chat/completions', chat('any'), named)).status).toBe(200);
    const fallbacks = [
      { 'target-url': 'https://bedrock-runtime.eu-central-1.amazonaws.com', headers: {}, onCodes: [500], bodyKeyOverride: { model: 'global.x' } },
    ];
    const away = await post('/gateway/v1/chat/completions', chat('eu.x'), { 'Helicone-Fallbacks': JSON.stringify(fallbacks) });
    expect([away.status, await away.text()]).toEqual([400, expect.stringContaining('outside of `eu`')]);
  });

  it('leaves out of a chain what lies elsewhere, with a warning', async () => {
    const response = await post('/v1/chat/completions', chat('anthropic/claude-sonnet-4-5, groq/llama-3.3-70b-versatile'));
    expect([response.status, response.headers.get('weir-attempts')]).toEqual([200, 'groq/llama-3.3-70b-versatile 200']);
    expect(response.headers.get('weir-warnings')).toMatch(/left out of the chain: .*anthropic outside of `eu`/);
  });

  it('lists no model that it would not ask for', async () => {
    const response = await fetch(`${worker.url}/v1/models`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } });
    const { data } = (await response.json()) as { data: { providers: string[] }[] };
    expect([...new Set(data.flatMap((it) => it.providers))].sort()).toEqual(['bedrock', 'groq', 'mock']);
  });
});
