/** The table "Combinations" of docs/architecture.md, a test a row. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AS_ADMIN, api, type Json, recordOf } from '../harness/api.ts';
import { answers, chunk, error, type Handler, opens } from '../harness/provider-answers.ts';
import { JSON_HEADERS, type RawUpstream, respond, SSE_HEADERS, startRawUpstream } from '../harness/raw-upstream.ts';
import { type RunningWorker, startWorker } from '../harness/worker.ts';

let first: RawUpstream;
let second: RawUpstream;
let worker: RunningWorker;

beforeAll(async () => {
  [first, second] = await Promise.all([startRawUpstream(), startRawUpstream()]);
  worker = await startWorker({
    vars: {
      OPENAI_API_KEY: 'sk-first',
      OPENAI_BASE_URL: `${first.url}/v1`,
      GROQ_API_KEY: 'gsk-second',
      GROQ_BASE_URL: `${second.url}/openai/v1`,
    },
  });
});

afterAll(async () => {
  await Promise.all([worker?.stop(), first?.stop(), second?.stop()]);
});

let question = 0;
beforeEach(async () => {
  // What one test did to a target is not the next one's concern.
  await api(worker, 'DELETE', '/api/health');
  question++;
  first.received.length = 0;
  second.received.length = 0;
  first.handler = error(503);
  second.handler = answers;
});

const RETRIES = {
  'Helicone-Retry-Enabled': 'true',
  'Helicone-Retry-Num': '2',
  'Helicone-Retry-Min-Timeout': '10',
  'Helicone-Retry-Max-Timeout': '20',
};
const CACHED = { 'Helicone-Cache-Enabled': 'true' };
const asked = (): number[] => [first.received.length, second.received.length];

async function ask(headers: Record<string, string>, body: Json = {}): Promise<{ status: number; text: string; headers: Headers; id: string | null }> {
  const response = await fetch(`${worker.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { ...AS_ADMIN, ...headers },
    body: JSON.stringify({
      model: 'openai/gpt-4o, groq/llama-3.3-70b-versatile',
      messages: [{ role: 'user', content: `question ${question}` }],
      ...body,
    }),
  });
  return { status: response.status, text: await response.text(), headers: response.headers, id: response.headers.get('helicone-id') };
}

const END = `${chunk({}, 'stop')}data: [DONE]\n\n`;
const begins: Handler = opens(chunk({ content: 'The answer' }), ({ socket }) => void socket.end());
const streams: Handler = ({ socket }) => respond(socket, 200, SSE_HEADERS, chunk({ content: 'The answer is' }) + chunk({ content: ' 42.' }) + END);

describe('combinations', () => {
  it('however many tries there are, a call takes one permit', async () => {
    const { status, headers } = await ask({
      ...RETRIES,
      'Helicone-RateLimit-Policy': `${100 + question};w=60;s=tries`,
      'Helicone-Property-Tries': 'a',
    });
    expect([status, asked(), headers.get('helicone-ratelimit-remaining')]).toEqual([200, [3, 1], String(99 + question)]);
  });

  it('a budget pays for the target that answered, not for the dearest that was tried', async () => {
    second.handler = ({ socket }) =>
      respond(
        socket,
        200,
        JSON_HEADERS,
        JSON.stringify({
          model: 'llama-3.3-70b-versatile',
          choices: [{ message: { content: 'x' }, finish_reason: 'stop' }],
          usage: { prompt_tokens: 1_000_000, completion_tokens: 0 },
        }),
      );
    const policy = '1000;w=3600;u=cents;s=budget';
    const headers = { 'Helicone-RateLimit-Policy': policy, 'Helicone-Property-Budget': 'b' };
    const { id } = await ask(headers, { max_tokens: 10 });
    const record = await recordOf(worker, id);
    expect(record).toMatchObject({ provider: 'groq', cost_nano_usd: 590_000_000 });
    const query = new URLSearchParams({ policy, 'property.budget': 'b' });
    const check = (await (await fetch(`${worker.url}/api/limits/check?${query}`, { headers: AS_ADMIN })).json()) as Json;
    expect(check.data).toMatchObject({ used: 59 });
  });

  it('the answer that came in the end is kept under the key of the whole chain', async () => {
    expect((await ask({ ...CACHED, ...RETRIES })).headers.get('helicone-cache')).toBe('MISS');
    const again = await ask({ ...CACHED, ...RETRIES });
    expect([again.status, again.headers.get('helicone-cache'), asked()]).toEqual([200, 'HIT', [3, 1]]);
    const alone = await ask({ ...CACHED }, { model: 'groq/llama-3.3-70b-versatile' });
    expect(alone.headers.get('helicone-cache')).toBe('MISS');
  });

  it('a chain whose targets all fail keeps nothing', async () => {
    second.handler = error(500);
    expect((await Promise.all([ask(CACHED), ask(CACHED)])).map(({ status }) => status)).toEqual([500, 500]);
    second.handler = answers;
    const again = await ask(CACHED);
    expect([again.status, again.headers.get('helicone-cache')]).toEqual([200, 'MISS']);
  });

  it('a cached answer comes also when the limit is used up', async () => {
    const headers = { ...CACHED, 'Helicone-RateLimit-Policy': '1;w=60;s=used', 'Helicone-Property-Used': 'c' };
    expect((await ask(headers)).status).toBe(200);
    const hit = await ask(headers);
    expect([hit.status, hit.headers.get('helicone-cache')]).toEqual([200, 'HIT']);
    expect((await ask(headers, { temperature: 1 })).status).toBe(429);
    expect(await recordOf(worker, hit.id)).toMatchObject({ outcome: 'cache_hit', cost: 0 });
  });

  it('a stream that was rescued is kept as the client got it', async () => {
    first.handler = begins;
    second.handler = streams;
    const headers = { ...CACHED, 'Weir-Stream-Rescue': 'splice' };
    const rescued = await ask(headers, { stream: true });
    expect(rescued.text).toMatch(/The answer.* is.* 42\..*\[DONE\]/s);
    const again = await ask(headers, { stream: true });
    expect([again.text, again.headers.get('helicone-cache'), asked()]).toEqual([rescued.text, 'HIT', [1, 1]]);
  });

  it('a stream that broke and was not rescued is not kept, and a budget counts the estimate of its usage', async () => {
    first.handler = begins;
    const policy = '100000;w=1000;u=tokens;s=broken';
    const property = `broken-${question}`;
    const limited = { ...CACHED, 'Helicone-RateLimit-Policy': policy, 'Helicone-Property-Broken': property };
    const broken = await ask(limited, { stream: true, max_tokens: 5_000 });
    expect(broken.text).toContain('"error"');
    const record = await recordOf(worker, broken.id);
    expect(record).toMatchObject({ outcome: 'cut', usage_source: 'estimated' });
    expect(record.completion_tokens).toBeGreaterThan(0);
    const query = new URLSearchParams({ policy, 'property.broken': property });
    const { body } = await api(worker, 'GET', `/api/limits/check?${query}`);
    expect(body.data.left).toBe(100_000 - record.prompt_tokens - record.completion_tokens);
    first.handler = streams;
    expect((await ask(CACHED, { stream: true })).headers.get('helicone-cache')).toBe('MISS');
  });

  it('a wait between tries that would outlast the call ends it now', async () => {
    first.handler = error(429, { error: { message: 'later' } }, { 'retry-after': '60' });
    const startedAt = Date.now();
    const { status } = await ask({ ...RETRIES, 'Weir-Timeout-Total': '5s' }, { model: 'openai/gpt-4o' });
    expect([status, asked(), Date.now() - startedAt < 4_000]).toEqual([429, [1, 0], true]);
  });
});
