/** Official SDKs that reach the other vendor's models: the `openai` package gets Claude's answers, `@anthropic-ai/sdk` gets GPT's. */
import Anthropic from '@anthropic-ai/sdk';
import type { LLMock } from '@copilotkit/aimock';
import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { eventually, recordOf } from '../harness/api.ts';
import { readChatStream, readMessagesStream } from '../harness/grammars.ts';
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
import { SAID, startTalkative, talkativeVars } from '../harness/talkative.ts';
import { ADMIN_KEY, type RunningWorker, startWorker } from '../harness/worker.ts';

let upstream: LLMock;
/** Answers as a test needs it, in front of OpenAI's models alone. */
let broken: RawUpstream;
let worker: RunningWorker;
let chained: RunningWorker;
let openai: OpenAI;
let anthropic: Anthropic;

beforeAll(async () => {
  upstream = await startTalkative();
  broken = await startRawUpstream();
  worker = await startWorker({ vars: talkativeVars(upstream) });
  chained = await startWorker({
    vars: {
      ...talkativeVars(upstream),
      OPENAI_BASE_URL: `${broken.url}/v1`,
      GOOGLE_GEMINI_BASE_URL: broken.url,
      PERPLEXITY_API_KEY: 'pplx-provider',
      PERPLEXITY_BASE_URL: `${broken.url}/v1`,
    },
  });
  openai = new OpenAI({ apiKey: ADMIN_KEY, baseURL: `${worker.url}/v1`, maxRetries: 0 });
  anthropic = new Anthropic({ apiKey: ADMIN_KEY, baseURL: worker.url, maxRetries: 0 });
});

beforeEach(() => {
  broken.received.length = 0;
});

afterAll(async () => {
  await Promise.all([worker?.stop(), chained?.stop(), upstream?.stop(), broken?.stop()]);
});

const ask = { model: 'claude-sonnet-4-5', messages: [{ role: 'user' as const, content: 'what is a weir?' }] };
const parameters = { type: 'object' as const, properties: { city: { type: 'string' } } };

describe('openai, answered by Claude', () => {
  it('chats, and the call is logged with tokens and cost of the model that answered', async () => {
    const { data, response } = await openai.chat.completions.create(ask).withResponse();
    expect(data).toMatchObject({
      object: 'chat.completion',
      model: 'claude-sonnet-4-5',
      choices: [{ message: { role: 'assistant', content: SAID }, finish_reason: 'stop' }],
    });
    expect(data.id).toMatch(/^chatcmpl-/);
    expect(data.usage?.total_tokens).toBe((data.usage?.prompt_tokens ?? 0) + (data.usage?.completion_tokens ?? 0));
    const record = await recordOf(worker, response.headers.get('helicone-id'));
    expect(record).toMatchObject({ provider: 'anthropic', outcome: 'ok', prompt_tokens: data.usage?.prompt_tokens, price_source: 'catalogue' });
    expect(record.cost_nano_usd).toBe(3_000 * record.prompt_tokens + 15_000 * record.completion_tokens);
  });

  it('streams through the helper, with usage only where it was asked for', async () => {
    const stream = openai.chat.completions.stream({ ...ask, stream_options: { include_usage: true } });
    const final = await stream.finalChatCompletion();
    expect(final.choices[0]).toMatchObject({ message: { content: SAID }, finish_reason: 'stop' });
    expect(final.usage).toMatchObject({ prompt_tokens: 12, completion_tokens: 6, total_tokens: 18 });
    const { data, response } = await openai.chat.completions.create({ ...ask, stream: true }).withResponse();
    const usages: unknown[] = [];
    for await (const chunk of data) if (chunk.usage !== undefined && chunk.usage !== null) usages.push(chunk.usage);
    expect(usages).toEqual([]);
    expect(await recordOf(worker, response.headers.get('helicone-id'))).toMatchObject({
      outcome: 'ok',
      completion_tokens: final.usage?.completion_tokens,
    });
  });

  it('streams by the grammar, event by event', async () => {
    const response = await fetch(`${worker.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
      body: JSON.stringify({ ...ask, stream: true, stream_options: { include_usage: true } }),
    });
    expect(readChatStream(await response.text())).toMatchObject({ text: SAID, finish: 'stop', usage: { prompt_tokens: 12 } });
  });

  it('calls tools, whole and streamed, and takes their results', async () => {
    const tools = [{ type: 'function' as const, function: { name: 'get_weather', parameters } }];
    const question = { ...ask, tools, messages: [{ role: 'user' as const, content: 'weather in Oslo?' }] };
    const answer = await openai.chat.completions.create(question);
    const [call] = answer.choices[0]?.message.tool_calls ?? [];
    expect(answer.choices[0]?.finish_reason).toBe('tool_calls');
    expect(call).toMatchObject({ type: 'function', function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } });
    const streamed = await openai.chat.completions.stream(question).finalChatCompletion();
    expect(streamed.choices[0]?.message.tool_calls?.[0]).toMatchObject({ function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } });
    const messages = [
      ...question.messages,
      {
        role: 'assistant' as const,
        content: null,
        tool_calls: [{ id: 'call_1', type: 'function' as const, function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } }],
      },
      { role: 'tool' as const, tool_call_id: 'call_1', content: 'snow' },
      { role: 'user' as const, content: 'and a weir?' },
    ];
    expect((await openai.chat.completions.create({ ...question, messages })).choices[0]?.message.content).toBe(SAID);
    const sent = upstream.getRequests().at(-1);
    expect(sent?.path).toBe('/v1/messages');
    expect(sent?.headers).toMatchObject({ 'anthropic-version': '2023-06-01', 'x-api-key': expect.any(String) });
    expect(JSON.stringify(sent?.headers)).not.toContain(ADMIN_KEY);
  });

  it('keeps a system prompt that stands beside the messages', async () => {
    const { response } = await openai.chat.completions.create({ ...ask, system: 'be brief' } as typeof ask).withResponse();
    expect(upstream.getRequests().at(-1)?.body).toMatchObject({ messages: [{ role: 'system', content: 'be brief' }, ...ask.messages] });
    expect(response.headers.get('weir-warnings')).toBeNull();
  });

  it('reads a body at the path of chats as Helicone’s header for it says', async () => {
    const post = (mapping: string, body: object, more: Record<string, string> = {}) =>
      fetch(`${worker.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ADMIN_KEY}`, 'helicone-gateway-body-mapping': mapping, ...more },
        body: JSON.stringify({ model: ask.model, ...body }),
      });
    const responses = await post('RESPONSES', { input: 'what is a weir?' });
    expect(await responses.json()).toMatchObject({ object: 'response', output: [{ type: 'message' }] });
    const native = { max_tokens: 99, system: 'be brief', messages: ask.messages };
    const message = await post('NO_MAPPING', native, { 'anthropic-version': '2023-06-01' });
    expect(await message.json()).toMatchObject({ type: 'message', content: [{ type: 'text', text: SAID }] });
    expect(responses.headers.get('weir-warnings') ?? message.headers.get('weir-warnings')).toBeNull();
    const chat = await post('OPENAI', { messages: ask.messages });
    expect(await chat.json()).toMatchObject({ object: 'chat.completion' });
  });

  it('names what was left out, and refuses what would change the meaning', async () => {
    const { response } = await openai.chat.completions.create({ ...ask, seed: 7 }).withResponse();
    expect(response.headers.get('weir-warnings')).toMatch(/left out, anthropic has no counterpart: seed/);
    const strict = openai.chat.completions.create({ ...ask, seed: 7 }, { headers: { 'Weir-Strict': 'true' } });
    await expect(strict).rejects.toMatchObject({ status: 400, code: 'not_translated', param: 'seed' });
    const refused = openai.chat.completions.create({ ...ask, n: 3 });
    await expect(refused).rejects.toThrow(OpenAI.BadRequestError);
    await expect(refused).rejects.toMatchObject({ code: 'not_translated', param: 'n' });
  });
});

describe.each([
  ['gpt-4o-mini', 'openai'],
  ['gemini-2.5-flash', 'google'],
  ['groq/llama-3.3-70b-versatile', 'groq'],
])('@anthropic-ai/sdk, answered by %s', (model, provider) => {
  const hello = { model, max_tokens: 100, messages: ask.messages };

  it('creates messages, whole and streamed', async () => {
    const { data, response } = await anthropic.messages.create(hello).withResponse();
    expect(data).toMatchObject({ type: 'message', role: 'assistant', content: [{ type: 'text', text: SAID }], stop_reason: 'end_turn' });
    expect(data.id).toMatch(/^msg_/);
    expect(await recordOf(worker, response.headers.get('helicone-id'))).toMatchObject({
      provider,
      outcome: 'ok',
      prompt_tokens: data.usage.input_tokens,
    });
    const stream = anthropic.messages.stream(hello);
    const final = await stream.finalMessage();
    expect(final).toMatchObject({
      content: [{ type: 'text', text: SAID }],
      stop_reason: 'end_turn',
      usage: { output_tokens: data.usage.output_tokens },
    });
    const record = await recordOf(worker, stream.response?.headers.get('helicone-id') ?? null);
    expect(record).toMatchObject({ outcome: 'ok', completion_tokens: data.usage.output_tokens });
  });

  it('calls tools, whole and streamed, and takes their results', async () => {
    const tools = [{ name: 'get_weather', input_schema: { type: 'object' as const, properties: { city: { type: 'string' } } } }];
    const question = { ...hello, tools, messages: [{ role: 'user' as const, content: 'weather in Oslo?' }] };
    const called = { type: 'tool_use', name: 'get_weather', input: { city: 'Oslo' } };
    const answer = await anthropic.messages.create(question);
    expect([answer.stop_reason, answer.content.at(-1)]).toEqual(['tool_use', expect.objectContaining(called)]);
    const streamed = await anthropic.messages.stream(question).finalMessage();
    expect([streamed.stop_reason, streamed.content.at(-1)]).toEqual(['tool_use', expect.objectContaining(called)]);
    const use = answer.content.at(-1);
    const content = [{ type: 'tool_result' as const, tool_use_id: use?.type === 'tool_use' ? use.id : '', content: 'what is snow' }];
    const messages = [...question.messages, { role: 'assistant' as const, content: answer.content }, { role: 'user' as const, content }];
    expect((await anthropic.messages.create({ ...question, messages })).type).toBe('message');
  });

  it('streams by the grammar', async () => {
    const response = await fetch(`${worker.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': ADMIN_KEY },
      body: JSON.stringify({ ...hello, stream: true }),
    });
    expect(readMessagesStream(await response.text())).toMatchObject({
      text: SAID,
      finish: 'end_turn',
      usage: { input_tokens: 12, output_tokens: 6 },
    });
  });

  it('counts tokens, by an estimate that says so', async () => {
    const { data, response } = await anthropic.messages.countTokens({ model: 'gpt-4o-mini', messages: ask.messages }).withResponse();
    expect(data.input_tokens).toBeGreaterThan(3);
    expect(response.headers.get('weir-warnings')).toContain('estimated by tokenx');
    expect(await recordOf(worker, response.headers.get('helicone-id'))).toMatchObject({ outcome: 'ok', provider: 'weir', cost: 0 });
  });
});

describe('a model that is to search the web', () => {
  it('gets its vendor’s tool for it beside the caller’s, in the caller’s dialect and in another', async () => {
    const asked = () => (upstream.getRequests().at(-1)?.body as { tools?: unknown })?.tools;
    const tools = [{ type: 'function' as const, function: { name: 'get_weather', parameters } }];
    await openai.chat.completions.create({ ...ask, model: 'claude-sonnet-4-5:online', tools });
    expect(JSON.stringify(asked())).toContain('get_weather');
    expect(JSON.stringify(asked())).toContain('web_search');
    await anthropic.messages.create({ model: 'claude-sonnet-4-5:online', max_tokens: 10, messages: ask.messages });
    expect(JSON.stringify(asked())).toContain('web_search');
  });
});

describe('an answer by a schema', () => {
  const Weir = z.object({ height: z.number() });
  const high = [{ role: 'user' as const, content: 'how high is a weir?' }];

  it('is had from a model that keeps to one in a tool alone, whole and streamed', async () => {
    const question = { model: 'anthropic/claude-sonnet-4-20250514', messages: high, response_format: zodResponseFormat(Weir, 'weir') };
    const { choices } = await openai.chat.completions.parse(question);
    expect(choices[0]).toMatchObject({ finish_reason: 'stop', message: { parsed: { height: 3 } } });
    expect(upstream.getRequests().at(-1)?.body).toMatchObject({ tools: [{ function: { name: 'weir_final_answer' } }] });
    const streamed = await openai.chat.completions.stream(question).finalChatCompletion();
    expect(streamed.choices[0]).toMatchObject({ finish_reason: 'stop', message: { parsed: { height: 3 } } });
    expect(streamed.choices[0]?.message.tool_calls).toBeUndefined();
  });

  it('is any JSON, where the caller has no schema and the vendor no such mode', async () => {
    const question = { model: 'claude-sonnet-4-5', messages: high, response_format: { type: 'json_object' as const } };
    const { choices } = await openai.chat.completions.create(question);
    expect([choices[0]?.finish_reason, JSON.parse(choices[0]?.message.content ?? '')]).toEqual(['stop', { height: 3 }]);
  });

  it('is asked for by the vendor’s own word where it has one', async () => {
    await openai.chat.completions
      .create({ model: 'claude-sonnet-4-5', messages: high, response_format: zodResponseFormat(Weir, 'weir') })
      .catch(() => {});
    expect(JSON.stringify(upstream.getRequests().at(-1)?.body)).not.toContain('weir_final_answer');
  });
});

describe('gpt-4o/claude-sonnet-4 in one call', () => {
  const question = { ...ask, model: 'gpt-4o/claude-sonnet-4' };
  const client = (): OpenAI => new OpenAI({ apiKey: ADMIN_KEY, baseURL: `${chained.url}/v1`, maxRetries: 0 });

  it('is answered by Claude when OpenAI fails, whole and streamed', async () => {
    broken.handler = ({ socket }) => respond(socket, 503, JSON_HEADERS, '{"error":{"message":"down"}}');
    const { data, response } = await client().chat.completions.create(question).withResponse();
    expect(data.choices[0]?.message.content).toBe(SAID);
    expect(response.headers.get('weir-attempts')).toBe('openai/gpt-4o 503, anthropic/claude-sonnet-4 200');
    expect((await client().chat.completions.stream(question).finalChatCompletion()).choices[0]?.message.content).toBe(SAID);
    expect(broken.received).toHaveLength(2);
  });

  it('hears of the last failure in its own dialect', async () => {
    broken.handler = ({ socket }) =>
      respond(socket, 429, { ...JSON_HEADERS, 'retry-after': '7' }, '{"error":{"message":"slow down","code":"rate_limit_exceeded"}}');
    const sdk = new Anthropic({ apiKey: ADMIN_KEY, baseURL: chained.url, maxRetries: 0 });
    const refused = sdk.messages.create({ model: 'gpt-4o', max_tokens: 10, messages: ask.messages });
    await expect(refused).rejects.toThrow(Anthropic.RateLimitError);
    await expect(refused).rejects.toMatchObject({ status: 429, error: { error: { message: 'slow down', code: 'rate_limit_exceeded' } } });
  });
});

describe('what a provider calls otherwise', () => {
  it('Mistral is sent no user, and a seed by its own name', async () => {
    const settings = { metadata: { user_id: 'ada' }, messages: ask.messages, max_tokens: 9 };
    const response = await fetch(`${worker.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': ADMIN_KEY },
      body: JSON.stringify({ model: 'mistral-small-latest', ...settings }),
    });
    expect([response.status, response.headers.get('weir-warnings')]).toEqual([200, 'left out, mistral has no counterpart: user']);
    expect(upstream.getRequests().at(-1)?.body).not.toHaveProperty('user');
    const gemini = await fetch(`${worker.url}/v1beta/models/mistral-small-latest:generateContent`, {
      method: 'POST',
      headers: { 'x-goog-api-key': ADMIN_KEY },
      body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'what is a weir?' }] }], generationConfig: { seed: 7 } }),
    });
    expect(gemini.status).toBe(200);
    expect(upstream.getRequests().at(-1)?.body).toMatchObject({ random_seed: 7 });
    expect(upstream.getRequests().at(-1)?.body).not.toHaveProperty('seed');
  });

  it.each([
    ['sonar', 'fast'],
    ['sonar-pro', 'low'],
    ['perplexity/sonar-deep-research', 'high'],
  ])('Perplexity is asked for %s by its preset, and what it says it cost is the cost', async (model, preset) => {
    const usage = { input_tokens: 10, output_tokens: 5, cost: { currency: 'USD', input_cost: 0.0001, total_cost: 0.0006 } };
    const item = {
      type: 'message',
      role: 'assistant',
      status: 'completed',
      id: 'msg_1',
      content: [{ type: 'output_text', text: 'hi', annotations: [] }],
    };
    const answer = { id: 'resp_1', object: 'response', status: 'completed', model: 'perplexity/sonar', output: [item], usage };
    broken.handler = ({ socket }) => respond(socket, 200, JSON_HEADERS, JSON.stringify(answer));
    const headers = { authorization: `Bearer ${ADMIN_KEY}` };
    const response = await fetch(`${chained.url}/v1/chat/completions`, { method: 'POST', headers, body: JSON.stringify({ ...ask, model }) });
    expect(response.status).toBe(200);
    const [head = '', sent = '{}'] = [broken.received.at(-1)?.head, broken.received.at(-1)?.body];
    expect([head.split('\r\n', 1)[0], JSON.parse(sent)]).toEqual([
      'POST /v1/responses HTTP/1.1',
      expect.objectContaining({ model: 'perplexity/sonar', preset }),
    ]);
    expect((await recordOf(chained, response.headers.get('helicone-id'))).cost_nano_usd).toBe(600_000);
  });
});

describe('a provider of another dialect that misbehaves', () => {
  const ask = (body: Record<string, unknown>, headers: Record<string, string> = {}) =>
    fetch(`${chained.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': ADMIN_KEY, ...headers },
      body: JSON.stringify({ model: 'gpt-4o', max_tokens: 10, messages: [{ role: 'user', content: 'hi' }], ...body }),
    });

  it('and reports an error under 200 is heard as an error, in the caller’s dialect', async () => {
    broken.handler = ({ socket }) => respond(socket, 200, JSON_HEADERS, '{"error":{"message":"overloaded","code":"busy"}}');
    const response = await ask({});
    expect([response.status, await response.json()]).toEqual([
      502,
      expect.objectContaining({ type: 'error', error: expect.objectContaining({ message: 'overloaded' }) }),
    ]);
  });

  it.each([
    // https://docs.mistral.ai/api, and what its API is seen to answer.
    [400, { object: 'error', message: 'Invalid model: foo', type: 'invalid_model', param: null, code: '1500' }, 'Invalid model: foo', '1500'],
    [422, { detail: [{ type: 'missing', loc: ['body', 'messages'], msg: 'Field required' }] }, 'body.messages: Field required', 'error'],
    // https://docs.cohere.com/reference/errors
    [400, { message: 'invalid request: unknown field', id: 'a1' }, 'invalid request: unknown field', 'error'],
    // xAI's.
    [
      400,
      { code: 'Client specified an invalid argument', error: 'Argument not supported: stop' },
      'Argument not supported: stop',
      'Client specified an invalid argument',
    ],
  ])('and fails with %i %j is heard in its own words', async (status, body, message, code) => {
    broken.handler = ({ socket }) => respond(socket, status, JSON_HEADERS, JSON.stringify(body));
    const response = await ask({});
    expect([response.status, ((await response.json()) as { error: unknown }).error]).toEqual([status, expect.objectContaining({ message, code })]);
  });

  it('and says that it ends with each event, and what it used up behind the last, is heard once, and whole', async () => {
    const event = (more: object) => `data: ${JSON.stringify({ modelVersion: 'gemini-2.5-flash', responseId: 'r', ...more })}\n\n`;
    const said = (text: string, more: object = {}) => ({ candidates: [{ index: 0, content: { role: 'model', parts: [{ text }] }, ...more }] });
    broken.handler = ({ socket }) => {
      openChunked(socket, 200, SSE_HEADERS);
      writeChunk(socket, event(said('one ', { finishReason: 'STOP' })));
      writeChunk(socket, event(said('two', { finishReason: 'STOP' })));
      writeChunk(socket, event({ usageMetadata: { promptTokenCount: 50, candidatesTokenCount: 20, totalTokenCount: 70 } }));
      endChunked(socket);
    };
    const response = await fetch(`${chained.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
      body: JSON.stringify({
        ...ask,
        model: 'gemini-2.5-flash',
        stream: true,
        stream_options: { include_usage: true },
        messages: [{ role: 'user', content: 'hi' }],
      }),
    });
    const read = readChatStream(await response.text());
    expect([read.text, read.finish, read.usage.total_tokens]).toEqual(['one two', 'stop', 70]);
    expect(await recordOf(chained, response.headers.get('helicone-id'))).toMatchObject({
      prompt_tokens: 50,
      completion_tokens: 20,
      usage_source: 'provider',
    });
  });

  it.each([false, true])('and is cut by its limit amid a call is told so, without the call (a stream: %s)', async (stream) => {
    const cut = { id: 'call_1', type: 'function', function: { name: 'write', arguments: '{"text":"abc' } };
    const head = { id: 'c', object: 'chat.completion', model: 'gpt-4o', created: 1 };
    const usage = { prompt_tokens: 5, completion_tokens: 9, total_tokens: 14 };
    const delta = { index: 0, delta: { content: 'First.', tool_calls: [{ index: 0, ...cut }] } };
    broken.handler = ({ socket }) => {
      const message = { role: 'assistant', content: 'First.', tool_calls: [cut] };
      if (!stream)
        return respond(socket, 200, JSON_HEADERS, JSON.stringify({ ...head, choices: [{ index: 0, message, finish_reason: 'length' }], usage }));
      openChunked(socket, 200, SSE_HEADERS);
      writeChunk(socket, `data: ${JSON.stringify({ ...head, choices: [delta] })}\n\n`);
      writeChunk(
        socket,
        `data: ${JSON.stringify({ ...head, choices: [{ index: 0, delta: {}, finish_reason: 'length' }], usage })}\n\ndata: [DONE]\n\n`,
      );
      endChunked(socket);
    };
    const tools = [{ functionDeclarations: [{ name: 'write', parameters: { type: 'OBJECT', properties: { text: { type: 'STRING' } } } }] }];
    const google = await fetch(`${chained.url}/v1beta/models/gpt-4o:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`, {
      method: 'POST',
      headers: { 'x-goog-api-key': ADMIN_KEY },
      body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'hi' }] }], tools }),
    });
    const text = await google.text();
    expect([google.status, /First\./.test(text), /"finishReason":"MAX_TOKENS"/.test(text), /functionCall/.test(text)]).toEqual([
      200,
      true,
      true,
      false,
    ]);
    if (stream) return;
    const whole = await (await ask({ tools: [{ name: 'write', input_schema: { type: 'object' } }] })).json();
    expect(whole).toMatchObject({ content: [{ type: 'text', text: 'First.' }], stop_reason: 'max_tokens' });
  });

  it('and names its failure amid a stream is heard by that name', async () => {
    broken.handler = ({ socket }) => {
      openChunked(socket, 200, SSE_HEADERS);
      writeChunk(socket, `data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"half"}}]}\n\n`);
      writeChunk(socket, 'data: {"error":{"message":"busy","type":"overloaded","code":"engine_overloaded"}}\n\n');
      endChunked(socket);
    };
    const text = await (await ask({ stream: true })).text();
    expect(text).toMatch(/event: error\ndata: .*"message":"openai failed amid its answer: busy","code":"engine_overloaded"/);
  });

  it('and refuses a prompt that is too long is heard in the words by which clients know it', async () => {
    const said = "This model's maximum context length is 8192 tokens.";
    const code = 'context_length_exceeded';
    broken.handler = ({ socket }) =>
      respond(socket, 400, JSON_HEADERS, JSON.stringify({ error: { message: said, type: 'invalid_request_error', code } }));
    const response = await ask({});
    expect([response.status, await response.json()]).toEqual([
      400,
      expect.objectContaining({ error: { type: 'invalid_request_error', message: `prompt is too long: ${said}`, code } }),
    ]);
    // And where the vendor has no code for it: Claude's words, heard by OpenAI's SDK.
    const message = 'prompt is too long: 210000 tokens > 200000 maximum';
    upstream.nextRequestError(400, { message, type: 'invalid_request_error' });
    const refused = openai.chat.completions.create({ model: 'claude-sonnet-4-5', messages: [{ role: 'user', content: 'hi' }] });
    await expect(refused).rejects.toMatchObject({ status: 400, code, error: { message } });
  });

  it('has its error in the record in its own words', async () => {
    const original = '{"error":{"message":"quota","type":"insufficient_quota","param":null,"code":429},"trace":"only here"}';
    broken.handler = ({ socket }) => respond(socket, 429, JSON_HEADERS, original);
    const response = await ask({});
    expect(await response.json()).toMatchObject({ type: 'error', error: { message: 'quota', code: 'insufficient_quota' } });
    const id = response.headers.get('helicone-id') ?? '';
    const stored = await eventually('the record', async () => {
      const found = await fetch(`${chained.url}/v1/request/${id}`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } });
      return found.status === 200 ? ((await found.json()) as { data: { response_body: unknown } }).data : null;
    });
    expect(stored.response_body).toEqual(JSON.parse(original));
  });

  it('and answers with nothing is no answer', async () => {
    broken.handler = ({ socket }) => respond(socket, 200, JSON_HEADERS, '{}');
    const response = await ask({});
    expect([response.status, await response.text()]).toEqual([502, expect.stringContaining('provider_malformed')]);
  });

  it('and keeps its connection open after the finish reason has given a whole answer', async () => {
    const chunk = (delta: unknown, finish: string | null = null) =>
      `data: ${JSON.stringify({ id: 'c', model: 'gpt-4o', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
    broken.handler = ({ socket }) => {
      openChunked(socket, 200, SSE_HEADERS);
      writeChunk(socket, chunk({ role: 'assistant', content: 'Hi.' }) + chunk({}, 'stop'));
    };
    const response = await ask({ stream: true }, { 'Weir-Timeout-Idle': '400ms' });
    expect(readMessagesStream(await response.text())).toMatchObject({ text: 'Hi.', finish: 'end_turn' });
    expect(await recordOf(chained, response.headers.get('helicone-id'))).toMatchObject({ outcome: 'ok' });
  });

  it('is heard as it writes: the first words are there before it goes on', async () => {
    const chunk = (delta: unknown, finish: string | null = null) =>
      `data: ${JSON.stringify({ id: 'c', model: 'gpt-4o', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
    let goOn = (): void => {};
    const heard = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    broken.handler = async ({ socket }) => {
      openChunked(socket, 200, SSE_HEADERS);
      writeChunk(socket, chunk({ role: 'assistant', content: 'First' }));
      await heard;
      writeChunk(socket, `${chunk({ content: ' and last.' }) + chunk({}, 'stop')}data: [DONE]\n\n`);
      endChunked(socket);
    };
    const sdk = new Anthropic({ apiKey: ADMIN_KEY, baseURL: chained.url, maxRetries: 0 });
    const stream = sdk.messages.stream({ model: 'gpt-4o', max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] });
    const texts: string[] = [];
    stream.on('text', (text) => {
      texts.push(text);
      goOn();
    });
    expect((await stream.finalMessage()).content).toMatchObject([{ type: 'text', text: 'First and last.' }]);
    expect(texts).toEqual(['First', ' and last.']);
  });

  it('is not asked for what its dialect cannot say, and its neighbour’s failure is the answer', async () => {
    broken.handler = ({ socket }) => respond(socket, 503, JSON_HEADERS, '{"error":{"message":"down"}}');
    const response = await fetch(`${chained.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'Helicone-RateLimit-Policy': '100000;w=60;u=tokens;s=said', 'Helicone-Property-Said': 'x' },
      body: JSON.stringify({ model: 'gpt-4o/claude-sonnet-4', n: 3, max_tokens: 10_000, messages: [{ role: 'user', content: 'hi' }] }),
    });
    expect([response.status, response.headers.get('weir-attempts')]).toEqual([503, 'openai/gpt-4o 503']);
    expect(response.headers.get('weir-warnings')).toContain('left out of the chain');
    const refused = await fetch(`${chained.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'Helicone-RateLimit-Policy': '100000;w=60;u=tokens;s=said', 'Helicone-Property-Said': 'y' },
      body: JSON.stringify({ model: 'claude-sonnet-4', n: 3, max_tokens: 10_000, messages: [{ role: 'user', content: 'hi' }] }),
    });
    // Nothing was taken: the limit was not even asked.
    expect([refused.status, refused.headers.get('helicone-ratelimit-remaining')]).toEqual([400, null]);
  });
});
