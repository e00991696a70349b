/** The official `@anthropic-ai/sdk` against the running Worker. */
import Anthropic from '@anthropic-ai/sdk';
import { LLMock } from '@copilotkit/aimock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordOf } from '../harness/api.ts';
import { JSON_HEADERS, type RawUpstream, respond, startRawUpstream } from '../harness/raw-upstream.ts';
import { ADMIN_KEY, type RunningWorker, startWorker } from '../harness/worker.ts';

let upstream: LLMock;
let counting: RawUpstream;
let worker: RunningWorker;
let counter: RunningWorker;
let client: Anthropic;

beforeAll(async () => {
  upstream = new LLMock({ port: 0 });
  upstream.onMessage(/weather/, { toolCalls: [{ id: 'toolu_1', name: 'get_weather', arguments: '{"city":"Oslo"}' }] });
  upstream.onMessage(/./, { content: 'A weir regulates and measures.' });
  await upstream.start();
  // aimock has no count_tokens; the answer is the one of Anthropic's API reference.
  counting = await startRawUpstream(({ socket }) => respond(socket, 200, JSON_HEADERS, '{"input_tokens":2095}'));
  worker = await startWorker({ vars: { ANTHROPIC_API_KEY: 'sk-ant-provider-secret', ANTHROPIC_BASE_URL: upstream.url } });
  counter = await startWorker({ vars: { ANTHROPIC_API_KEY: 'sk-ant-provider-secret', ANTHROPIC_BASE_URL: counting.url } });
  client = new Anthropic({ apiKey: ADMIN_KEY, baseURL: worker.url, maxRetries: 0 });
});

afterAll(async () => {
  await Promise.all([worker?.stop(), counter?.stop(), upstream?.stop(), counting?.stop()]);
});

const hello = { model: 'claude-sonnet-4-5', max_tokens: 100, messages: [{ role: 'user' as const, content: 'what is a weir?' }] };

describe('@anthropic-ai/sdk', () => {
  it('asks for messages and the call is logged with tokens and cost', async () => {
    const { data, response } = await client.messages.create(hello).withResponse();
    expect(data.content[0]).toMatchObject({ type: 'text', text: 'A weir regulates and measures.' });
    const record = await recordOf(worker, response.headers.get('helicone-id'));
    expect(record).toMatchObject({ provider: 'anthropic', outcome: 'ok', prompt_tokens: data.usage.input_tokens, price_source: 'catalogue' });
    expect(record.cost_nano_usd).toBe(3_000 * data.usage.input_tokens + 15_000 * data.usage.output_tokens);
  });

  it('streams messages event by event', async () => {
    const stream = client.messages.stream(hello);
    const final = await stream.finalMessage();
    expect(final.content[0]).toMatchObject({ type: 'text', text: 'A weir regulates and measures.' });
    const record = await recordOf(worker, stream.response?.headers.get('helicone-id') ?? null);
    expect(record).toMatchObject({ outcome: 'ok', prompt_tokens: final.usage.input_tokens, completion_tokens: final.usage.output_tokens });
  });

  it('passes tools through', async () => {
    const tools = [{ name: 'get_weather', input_schema: { type: 'object' as const, properties: { city: { type: 'string' } } } }];
    const answer = await client.messages.create({ ...hello, tools, messages: [{ role: 'user', content: 'weather in Oslo?' }] });
    expect(answer.content.find((block) => block.type === 'tool_use')).toMatchObject({ name: 'get_weather', input: { city: 'Oslo' } });
  });

  it('goes on from what others thought without it, for its vendor would refuse the call', async () => {
    const own = { type: 'thinking' as const, thinking: 'of Claude', signature: 'ErUB' };
    const theirs = { type: 'thinking' as const, thinking: 'of Gemini', signature: 'weir-signature:google:CiQB' };
    const said = { type: 'text' as const, text: 'ho' };
    const messages = [...hello.messages, { role: 'assistant' as const, content: [theirs, own, said] }, { role: 'user' as const, content: 'and?' }];
    const sdk = new Anthropic({ apiKey: ADMIN_KEY, baseURL: counter.url, maxRetries: 0 });
    const { response } = await sdk.messages.create({ ...hello, messages }).withResponse();
    expect(response.headers.get('weir-warnings')).toContain('thinking of earlier turns');
    const sent = JSON.parse(counting.received.at(-1)?.body ?? '');
    expect(sent).toEqual({ ...hello, messages: messages.map((each, index) => (index === 1 ? { ...each, content: [own, said] } : each)) });
  });

  it('counts tokens, at the provider and free of charge', async () => {
    const sdk = new Anthropic({ apiKey: ADMIN_KEY, baseURL: counter.url, maxRetries: 0 });
    const { data, response } = await sdk.messages.countTokens({ model: hello.model, messages: hello.messages }).withResponse();
    expect(data.input_tokens).toBe(2095);
    expect(counting.received.at(-1)?.head).toMatch(/^POST \/v1\/messages\/count_tokens/);
    expect(await recordOf(counter, response.headers.get('helicone-id'))).toMatchObject({ outcome: 'ok', cost_nano_usd: 0 });
  });

  it('works as a provider proxy with the provider key as Bearer or x-api-key beside Helicone-Auth', async () => {
    for (const own of [{ apiKey: 'sk-ant-of-the-caller' }, { apiKey: null, authToken: 'sk-ant-of-the-caller' }]) {
      const proxied = new Anthropic({
        ...own,
        baseURL: `${counter.url}/anthropic`,
        defaultHeaders: { 'Helicone-Auth': `Bearer ${ADMIN_KEY}` },
        maxRetries: 0,
      });
      await proxied.messages.countTokens({ model: hello.model, messages: hello.messages });
      const head = counting.received.at(-1)?.head ?? '';
      expect(head).toContain('sk-ant-of-the-caller');
      expect(head).not.toContain(ADMIN_KEY);
      expect(head).not.toContain('sk-ant-provider-secret');
    }
  });

  it('raises typed errors in its own dialect', async () => {
    const stranger = new Anthropic({ apiKey: 'sk-weir-unknown-unknown-unknown', baseURL: worker.url, maxRetries: 0 });
    await expect(stranger.messages.create(hello)).rejects.toBeInstanceOf(Anthropic.AuthenticationError);
    const unknown = await client.messages.create({ ...hello, model: 'claude-sonet-4-5' }).catch((it) => it);
    expect(unknown).toBeInstanceOf(Anthropic.NotFoundError);
    expect(unknown.error).toMatchObject({ type: 'error', error: { type: 'not_found_error' } });
    const limited = await client.messages.create({ ...hello, model: 'mock/error-429' }).catch((it) => it);
    expect(limited).toBeInstanceOf(Anthropic.RateLimitError);
    const foreign = await client.messages.create({ ...hello, model: 'gpt-4o-mini' }).catch((it) => it);
    expect(foreign).toBeInstanceOf(Anthropic.BadRequestError);
    expect(foreign.message).toContain('Set OPENAI_API_KEY');
  });

  it('raises APIError inside a stream that is cut', async () => {
    const stream = client.messages.stream({ ...hello, model: 'mock/cut' });
    await expect(stream.finalMessage()).rejects.toBeInstanceOf(Anthropic.APIError);
  });
});
