/** `@google/genai` against the running Worker, for Gemini's own models and for those of others; and the other vendors' SDKs for Gemini's. */
import Anthropic from '@anthropic-ai/sdk';
import type { LLMock } from '@copilotkit/aimock';
import { ApiError, FunctionCallingConfigMode, GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Json, recordOf } from '../harness/api.ts';
import { readGeminiStream } from '../harness/grammars.ts';
import { SAID, startTalkative, talkativeVars } from '../harness/talkative.ts';
import { ADMIN_KEY, type RunningWorker, startWorker } from '../harness/worker.ts';

let upstream: LLMock;
let worker: RunningWorker;
let google: GoogleGenAI;
let openai: OpenAI;
let anthropic: Anthropic;

beforeAll(async () => {
  upstream = await startTalkative();
  worker = await startWorker({ vars: talkativeVars(upstream) });
  google = new GoogleGenAI({ apiKey: ADMIN_KEY, httpOptions: { baseUrl: worker.url } });
  openai = new OpenAI({ apiKey: ADMIN_KEY, baseURL: `${worker.url}/v1`, maxRetries: 0 });
  anthropic = new Anthropic({ apiKey: ADMIN_KEY, baseURL: worker.url, maxRetries: 0 });
});

afterAll(async () => {
  await Promise.all([worker?.stop(), upstream?.stop()]);
});

const schema = { type: 'object', properties: { city: { type: 'string' } } };
const tools = [{ functionDeclarations: [{ name: 'get_weather', parametersJsonSchema: schema }] }];

describe.each(['gemini-2.5-flash', 'gpt-4o-mini', 'claude-sonnet-4-5', 'mistral/mistral-small-latest'])('@google/genai, answered by %s', (model) => {
  it('generates, and the call is logged', async () => {
    const answer = await google.models.generateContent({
      model,
      contents: 'what is a weir?',
      config: { systemInstruction: 'be brief', maxOutputTokens: 50 },
    });
    expect(answer.text).toBe(SAID);
    expect(answer.candidates?.[0]?.finishReason).toBe('STOP');
    const id = answer.sdkHttpResponse?.headers?.['helicone-id'] ?? null;
    expect(await recordOf(worker, id)).toMatchObject({ outcome: 'ok', request_model: model, usage_source: 'provider' });
  });

  it('streams', async () => {
    let text = '';
    let last: string | undefined;
    for await (const chunk of await google.models.generateContentStream({ model, contents: 'what is a weir?' })) {
      text += chunk.text ?? '';
      last = chunk.candidates?.[0]?.finishReason ?? last;
    }
    expect([text, last]).toEqual([SAID, 'STOP']);
  });

  it('calls functions', async () => {
    const config = { tools, toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.ANY } } };
    const answer = await google.models.generateContent({ model, contents: 'weather in Oslo?', config });
    expect(answer.functionCalls?.[0]).toMatchObject({ name: 'get_weather', args: { city: 'Oslo' } });
  });
});

describe('gemini-2.5-flash', () => {
  const model = 'gemini-2.5-flash';
  const ask = { model, messages: [{ role: 'user' as const, content: 'what is a weir?' }] };

  it('answers the openai SDK, whole, streamed and with tools', async () => {
    const { data, response } = await openai.chat.completions.create(ask).withResponse();
    expect(data.choices[0]).toMatchObject({ message: { content: SAID }, finish_reason: 'stop' });
    expect(await recordOf(worker, response.headers.get('helicone-id'))).toMatchObject({
      provider: 'google',
      outcome: 'ok',
      price_source: 'catalogue',
    });
    const streamed = await openai.chat.completions.stream(ask).finalChatCompletion();
    expect(streamed.choices[0]?.message.content).toBe(SAID);
    const question = {
      ...ask,
      messages: [{ role: 'user' as const, content: 'weather in Oslo?' }],
      tools: [{ type: 'function' as const, function: { name: 'get_weather', parameters: schema } }],
    };
    const called = await openai.chat.completions.create(question);
    expect(called.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { tool_calls: [{ function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } }] },
    });
  });

  it('answers the Anthropic SDK', async () => {
    const hello = { ...ask, max_tokens: 100 };
    expect(await anthropic.messages.create(hello)).toMatchObject({ content: [{ type: 'text', text: SAID }], stop_reason: 'end_turn' });
    expect(await anthropic.messages.stream(hello).finalMessage()).toMatchObject({ content: [{ type: 'text', text: SAID }], stop_reason: 'end_turn' });
  });

  it('is one of a chain like any other', async () => {
    const { data, response } = await openai.chat.completions.create({ ...ask, model: 'mock/error-500, gemini-2.5-flash' }).withResponse();
    expect([data.choices[0]?.message.content, response.headers.get('weir-attempts')]).toEqual([
      SAID,
      'mock/error-500 500, google/gemini-2.5-flash 200',
    ]);
  });
});

describe('Gemini’s dialect at the door', () => {
  it('streams by its grammar, under /v1 as under /v1beta, with the key in the query too', async () => {
    for (const path of [
      '/v1beta/models/gpt-4o-mini:streamGenerateContent?alt=sse',
      `/v1/models/gpt-4o-mini:streamGenerateContent?alt=sse&key=${ADMIN_KEY}`,
    ]) {
      const headers: Record<string, string> = path.includes('key=') ? {} : { 'x-goog-api-key': ADMIN_KEY };
      const body = JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'what is a weir?' }] }] });
      const response = await fetch(worker.url + path, { method: 'POST', headers, body });
      expect(response.headers.get('content-type')).toContain('text/event-stream');
      expect(readGeminiStream(await response.text())).toMatchObject({
        text: SAID,
        finish: 'STOP',
        usage: { promptTokenCount: 12, candidatesTokenCount: 6 },
      });
    }
  });

  it('counts tokens of other vendors’ models by an estimate', async () => {
    const { totalTokens } = await google.models.countTokens({ model: 'gpt-4o-mini', contents: 'what is a weir?' });
    expect(totalTokens).toBeGreaterThan(3);
  });

  it('lists what this deployment can reach', async () => {
    const listed: string[] = [];
    for await (const model of await google.models.list()) listed.push(model.name ?? '');
    expect(listed).toEqual(expect.arrayContaining(['models/gemini-2.5-flash', 'models/gpt-4o-mini', 'models/claude-sonnet-4-5']));
    expect(await google.models.get({ model: 'gpt-4o-mini' })).toMatchObject({ name: 'models/gpt-4o-mini', outputTokenLimit: 16_384 });
    const methods = async (model: string) => (await google.models.get({ model })).supportedActions;
    expect(await methods('gpt-4o-mini')).toContain('generateContent');
    expect(await methods('text-embedding-3-small')).toContain('embedContent');
    expect(await methods('omni-moderation-latest')).toEqual([]);
  });

  it('serves the methods that it knows', async () => {
    const response = await fetch(`${worker.url}/v1beta/models/gpt-4o-mini:predictLongRunning`, {
      method: 'POST',
      headers: { 'x-goog-api-key': ADMIN_KEY },
      body: '{}',
    });
    expect([response.status, await response.text()]).toEqual([404, expect.stringContaining('generateContent')]);
  });

  it.each(['gemini-2.5-flash', 'gpt-4o-mini'])('streams as one JSON list of %s where no events are asked for, as Google does', async (model) => {
    const ask = (query: string, body: object = { contents: [{ parts: [{ text: 'what is a weir?' }] }] }) =>
      fetch(`${worker.url}/v1beta/models/${model}:streamGenerateContent${query}`, {
        method: 'POST',
        headers: { 'x-goog-api-key': ADMIN_KEY },
        body: JSON.stringify(body),
      });
    for (const query of ['', '?alt=json', `?key=${ADMIN_KEY}`, '?prettyPrint=false&alt=json', '?%61lt=json&alt=', '?$alt=json']) {
      const response = await ask(query);
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json; charset=UTF-8']);
      const list = (await response.json()) as Json[];
      expect(list.length).toBeGreaterThan(1);
      expect(list.map((each) => each.candidates?.[0]?.content?.parts?.[0]?.text ?? '').join('')).toBe(SAID);
      expect(list.at(-1).usageMetadata.totalTokenCount).toBeGreaterThan(0);
      expect(await recordOf(worker, response.headers.get('helicone-id'))).toMatchObject({ outcome: 'ok', usage_source: 'provider' });
    }
    const events = await ask('?alt=sse');
    expect([events.headers.get('content-type'), (await events.text()).slice(0, 5)]).toEqual([expect.stringContaining('event-stream'), 'data:']);
    const odd = await ask('?alt=proto');
    expect([odd.status, await odd.text()]).toEqual([400, expect.stringContaining('?alt=sse')]);
    const refused = await ask('', { contents: 'nothing' });
    expect([refused.status, ((await refused.json()) as Json).error.code]).toEqual([400, 400]);
  });

  it('lists models as each vendor’s client reads them', async () => {
    const anthropic = new Anthropic({ apiKey: ADMIN_KEY, baseURL: worker.url, maxRetries: 0 });
    const page = await anthropic.models.list();
    expect(page.data.find(({ id }) => id === 'gpt-4o-mini')).toMatchObject({ type: 'model', display_name: 'gpt-4o-mini' });
    expect(page.has_more).toBe(false);
    expect(await anthropic.models.retrieve('gpt-4o-mini')).toMatchObject({ type: 'model', id: 'gpt-4o-mini' });
    const actions = async (model: string) => (await google.models.get({ model })).supportedActions;
    expect(await actions('gpt-4o-mini')).toEqual(['generateContent', 'streamGenerateContent', 'countTokens']);
    expect(await actions('text-embedding-3-small')).toEqual(['embedContent', 'batchEmbedContents']);
  });

  it('raises typed errors', async () => {
    const unknown = google.models.generateContent({ model: 'no-such-model-anywhere', contents: 'hi' });
    await expect(unknown).rejects.toThrow(ApiError);
    await expect(unknown).rejects.toMatchObject({ status: 404 });
    const several = google.models.generateContent({ model: 'gpt-4o-mini', contents: 'hi', config: { candidateCount: 2 } });
    await expect(several).rejects.toThrow(/candidateCount/);
  });
});
