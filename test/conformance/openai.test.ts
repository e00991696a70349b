/** The official `openai` SDK against the running Worker; behind it `@copilotkit/aimock`, which others wrote. */
import { LLMock } from '@copilotkit/aimock';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeKey, recordOf } from '../harness/api.ts';
import { ADMIN_KEY, type RunningWorker, startWorker } from '../harness/worker.ts';

let upstream: LLMock;
let worker: RunningWorker;
let client: OpenAI;

beforeAll(async () => {
  upstream = new LLMock({ port: 0 });
  upstream.onMessage(/weather/, { toolCalls: [{ id: 'call_1', name: 'get_weather', arguments: '{"city":"Oslo"}' }] });
  upstream.onMessage(/./, {
    content: 'A weir regulates and measures.',
    usage: { prompt_tokens: 12, completion_tokens: 7, input_tokens: 12, output_tokens: 7 },
  });
  upstream.onEmbedding(/./, { embedding: [0.25, -0.5, 0.75] });
  upstream.onModerate(/./, { flagged: false, categories: { violence: false } });
  await upstream.start();
  worker = await startWorker({ vars: { OPENAI_API_KEY: 'sk-provider-secret-000000', OPENAI_BASE_URL: `${upstream.url}/v1` } });
  client = new OpenAI({ apiKey: ADMIN_KEY, baseURL: `${worker.url}/v1`, maxRetries: 0 });
});

afterAll(async () => {
  await worker?.stop();
  await upstream?.stop();
});

describe('openai SDK', () => {
  it('chats, and the call stands in the log with tokens, cost, user, session and properties', async () => {
    const { data, response } = await client.chat.completions
      .create(
        { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'what is a weir?' }], user: 'from-the-body' },
        { headers: { 'Helicone-User-Id': 'ada', 'Helicone-Session-Id': 's-1', 'Helicone-Session-Path': '/ask', 'Helicone-Property-App': 'shop' } },
      )
      .withResponse();
    expect(data.choices[0]?.message.content).toBe('A weir regulates and measures.');
    const record = await recordOf(worker, response.headers.get('helicone-id'));
    expect(record).toMatchObject({
      request_user_id: 'ada',
      session_id: 's-1',
      request_properties: { app: 'shop', 'Helicone-Session-Id': 's-1', 'Helicone-Session-Path': '/ask' },
      provider: 'openai',
      request_model: 'gpt-4o-mini',
      response_status: 200,
      outcome: 'ok',
      price_source: 'catalogue',
      request_body: { model: 'gpt-4o-mini' },
      prompt_tokens: data.usage?.prompt_tokens,
      completion_tokens: data.usage?.completion_tokens,
    });
    expect(record.cost_nano_usd).toBe(150 * (data.usage?.prompt_tokens ?? 0) + 600 * (data.usage?.completion_tokens ?? 0));
    expect(Number(response.headers.get('weir-cost'))).toBe(record.cost);
    expect(response.headers.get('weir-cost')).toMatch(/^0\.0\d+$/);
    expect(record.response_body.choices[0].message.content).toBe('A weir regulates and measures.');
    expect(JSON.stringify(record)).not.toContain('sk-provider-secret');
    expect(JSON.stringify(record)).not.toContain(ADMIN_KEY);
  });

  it('streams without a usage chunk that nobody asked for, and logs the usage all the same', async () => {
    const { data: stream, response } = await client.chat.completions
      .create({ model: 'openai/gpt-4o-mini', stream: true, messages: [{ role: 'user', content: 'stream it' }] })
      .withResponse();
    let text = '';
    const usages: unknown[] = [];
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      if (chunk.usage) usages.push(chunk.usage);
    }
    expect(text).toBe('A weir regulates and measures.');
    expect(usages).toEqual([]);
    const record = await recordOf(worker, response.headers.get('helicone-id'));
    expect(record).toMatchObject({ outcome: 'ok', request_model: 'openai/gpt-4o-mini' });
    expect(record.completion_tokens).toBeGreaterThan(0);
    expect(record.time_to_first_token).not.toBeNull();
  });

  it('streams with the usage chunk when the caller asked for it', async () => {
    const stream = await client.chat.completions.create({
      model: 'gpt-4o-mini/openai',
      stream: true,
      stream_options: { include_usage: true },
      messages: [{ role: 'user', content: 'stream it' }],
    });
    const usages: unknown[] = [];
    for await (const chunk of stream) if (chunk.usage) usages.push(chunk.usage);
    expect(usages).toHaveLength(1);
  });

  it('passes tools through, whole and streamed', async () => {
    const tools = [
      { type: 'function' as const, function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } } },
    ];
    const messages = [{ role: 'user' as const, content: 'weather in Oslo?' }];
    const whole = await client.chat.completions.create({ model: 'gpt-4o-mini', tools, messages });
    expect(whole.choices[0]?.message.tool_calls?.[0]).toMatchObject({ function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } });
    const streamed = await client.chat.completions.stream({ model: 'gpt-4o-mini', tools, messages }).finalChatCompletion();
    expect(streamed.choices[0]?.message.tool_calls?.[0]).toMatchObject({ function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } });
    expect(upstream.getLastRequest()?.body).toMatchObject({ tools });
  });

  it('embeds in the encoding that the SDK asks for', async () => {
    const answer = await client.embeddings.create({ model: 'text-embedding-3-small', input: 'hello' });
    expect(answer.data[0]?.embedding).toEqual([0.25, -0.5, 0.75]);
  });

  it('moderates, with and without a model', async () => {
    const named = await client.moderations.create({ model: 'omni-moderation-latest', input: 'hello' });
    expect(named.results[0]?.flagged).toBe(false);
    const unnamed = await client.moderations.create({ input: 'hello' });
    expect(unnamed.results[0]?.flagged).toBe(false);
  });

  it('answers on the Responses wire, whole and streamed, with usage in the log', async () => {
    const whole = await client.responses.create({ model: 'gpt-4o-mini', input: 'what is a weir?' });
    expect(whole.output_text).toBe('A weir regulates and measures.');
    const { data: stream, response } = await client.responses.create({ model: 'gpt-4o-mini', input: 'stream it', stream: true }).withResponse();
    const types: string[] = [];
    for await (const event of stream) types.push(event.type);
    expect(types.at(-1)).toBe('response.completed');
    const record = await recordOf(worker, response.headers.get('helicone-id'));
    expect(record).toMatchObject({ outcome: 'ok', request_path: '/v1/responses' });
    expect(record.prompt_tokens).toBeGreaterThan(0);
  });

  it('works with a base URL without /v1 as well', async () => {
    const bare = new OpenAI({ apiKey: ADMIN_KEY, baseURL: worker.url, maxRetries: 0 });
    const answer = await bare.chat.completions.create({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hi' }] });
    expect(answer.choices[0]?.message.content).toBe('A weir regulates and measures.');
  });

  it('works as a provider proxy: the caller brings its own provider key, which passes, and ours does not', async () => {
    const proxied = new OpenAI({
      apiKey: 'sk-of-the-caller',
      baseURL: `${worker.url}/oai/v1`,
      defaultHeaders: { 'Helicone-Auth': `Bearer ${ADMIN_KEY}` },
      maxRetries: 0,
    });
    const { data, response } = await proxied.chat.completions
      .create({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hi' }] })
      .withResponse();
    expect(data.choices[0]?.message.content).toBe('A weir regulates and measures.');
    const sent = upstream.getLastRequest();
    expect(JSON.stringify(sent?.headers)).not.toContain(ADMIN_KEY);
    const record = await recordOf(worker, response.headers.get('helicone-id'));
    expect(record).toMatchObject({ provider: 'openai', request_path: '/oai/v1/chat/completions', price_source: 'catalogue' });
  });

  it('lists the models that this deployment can reach, with prices', async () => {
    const list = await client.models.list();
    const mini = list.data.find((model) => model.id === 'gpt-4o-mini');
    expect(mini).toMatchObject({ object: 'model', owned_by: 'openai', pricing: { input_usd_per_million: 0.15, output_usd_per_million: 0.6 } });
    expect(list.data.some((model) => model.owned_by === 'groq')).toBe(false);
    expect(await client.models.retrieve('gpt-4o-mini')).toMatchObject({ id: 'gpt-4o-mini' });
    // As a call may name it.
    for (const id of ['openai/gpt-4o-mini', 'oai/gpt-4o-mini', 'gpt-4o-mini/openai'])
      expect(await client.models.retrieve(id)).toMatchObject({ id, owned_by: 'openai', context_window: 128_000 });
    await expect(client.models.retrieve('openai/gpt-5-mega')).rejects.toMatchObject({ status: 404 });
    // The list has one of a model's names; the others are served as well.
    expect(await client.models.retrieve('gpt-4o-2024-08-06')).toMatchObject({
      id: 'gpt-4o-2024-08-06',
      max_output_tokens: 16_384,
      context_window: 128_000,
      architecture: { input_modalities: ['text', 'image', 'pdf'] },
      tools: true,
    });
  });
});

describe('typed errors of the openai SDK', () => {
  const ask = (model: string, using = client) => using.chat.completions.create({ model, messages: [{ role: 'user', content: 'hi' }] });

  it('raises AuthenticationError for an unknown key, without the key in it', async () => {
    const secret = 'sk-weir-0123456789012345678901234567';
    const error = await ask('gpt-4o-mini', new OpenAI({ apiKey: secret, baseURL: `${worker.url}/v1`, maxRetries: 0 })).catch((it) => it);
    expect(error).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(error.code).toBe('unauthenticated');
    expect(JSON.stringify(error) + error.message).not.toContain(secret);
  });

  it('raises PermissionDeniedError for a key without the scope', async () => {
    const { key } = await makeKey(worker, { scopes: ['read'] });
    await expect(ask('gpt-4o-mini', new OpenAI({ apiKey: key, baseURL: `${worker.url}/v1`, maxRetries: 0 }))).rejects.toBeInstanceOf(
      OpenAI.PermissionDeniedError,
    );
  });

  it('raises NotFoundError for an unknown model, with the three nearest names', async () => {
    const error = await ask('gpt-4o-minni').catch((it) => it);
    expect(error).toBeInstanceOf(OpenAI.NotFoundError);
    expect(error.message).toContain('gpt-4o-mini');
    expect(/Nearest: (.+)\. A model/.exec(error.message)?.[1]?.split(', ')).toHaveLength(3);
  });

  it('raises BadRequestError for a known model without a provider key, and names the variable', async () => {
    const error = await ask('llama-3.3-70b-versatile').catch((it) => it);
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error.code).toBe('no_provider_key');
    expect(error.message).toContain('GROQ_API_KEY');
  });

  it('raises BadRequestError for a model of another dialect', async () => {
    const error = await client.completions.create({ model: 'claude-sonnet-4-5', prompt: 'hi' }).catch((it) => it);
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error.code).toBe('not_translated');
  });

  it('raises BadRequestError for a bad header, naming header, value and expectation', async () => {
    const error = await client.chat.completions
      .create({ model: 'gpt-4o-mini', messages: [] }, { headers: { 'Helicone-Cache-Bucket-Max-Size': '50' } })
      .catch((it) => it);
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error.message).toContain('Helicone-Cache-Bucket-Max-Size: got `50`, expected a whole number from 1 to 20');
    expect(error.param).toBe('Helicone-Cache-Bucket-Max-Size');
  });

  it("keeps a provider's own status, message and retry-after", async () => {
    const error = await ask('mock/error-429').catch((it) => it);
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect(error.headers.get('retry-after')).toBe('1');
    expect(error.message).toContain('mock was asked to fail');
  });

  it('raises APIError inside a stream that is cut', async () => {
    const stream = await client.chat.completions.create({
      model: 'mock/cut',
      stream: true,
      messages: [{ role: 'user', content: 'one two three four' }],
    });
    const read = async () => {
      for await (const _ of stream);
    };
    await expect(read()).rejects.toThrow(OpenAI.APIError);
  });
});
