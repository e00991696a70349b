/** The responses endpoint with other vendors' models behind it: the `openai` package and the `ai` package, which uses it by default. */
import { createOpenAI } from '@ai-sdk/openai';
import Anthropic from '@anthropic-ai/sdk';
import type { LLMock } from '@copilotkit/aimock';
import { tool as aiTool, generateObject, generateText, stepCountIs, streamText } from 'ai';
import OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { recordOf } from '../harness/api.ts';
import { readResponsesStream } from '../harness/grammars.ts';
import { SAID, startTalkative, talkativeVars } from '../harness/talkative.ts';
import { ADMIN_KEY, type RunningWorker, startWorker } from '../harness/worker.ts';

let upstream: LLMock;
let worker: RunningWorker;
let client: OpenAI;

const turn = (content: string) => [{ role: 'user' as const, content }];
const schema = { type: 'object', properties: { city: { type: 'string' } } };
const tool = { type: 'function' as const, name: 'get_weather', parameters: schema, strict: false };

beforeAll(async () => {
  upstream = await startTalkative();
  worker = await startWorker({ vars: talkativeVars(upstream) });
  client = new OpenAI({ apiKey: ADMIN_KEY, baseURL: `${worker.url}/v1`, maxRetries: 0 });
});

afterAll(async () => {
  await Promise.all([worker?.stop(), upstream?.stop()]);
});

describe.each(['claude-sonnet-4-5', 'gemini-2.5-flash', 'mistral/mistral-small-latest'])('responses, answered by %s', (model) => {
  it('come whole, and the call is logged', async () => {
    const { data, response } = await client.responses
      .create({ model, instructions: 'be brief', input: 'what is a weir?', store: false })
      .withResponse();
    expect([data.output_text, data.status, data.object]).toEqual([SAID, 'completed', 'response']);
    expect(data.id).toMatch(/^resp_/);
    expect(data.instructions).toBe('be brief');
    expect(await recordOf(worker, response.headers.get('helicone-id'))).toMatchObject({ outcome: 'ok', prompt_tokens: data.usage?.input_tokens });
  });

  it('stream through the helper', async () => {
    const stream = client.responses.stream({ model, input: 'what is a weir?' });
    const final = await stream.finalResponse();
    expect([final.output_text, final.status]).toEqual([SAID, 'completed']);
  });

  it('call functions, whole and streamed, and take their results', async () => {
    const question = { model, tools: [tool], input: 'weather in Oslo?' };
    const called = { type: 'function_call', name: 'get_weather', arguments: '{"city":"Oslo"}' };
    const answer = await client.responses.create(question);
    expect(answer.output[0]).toMatchObject(called);
    const streamed = await client.responses.stream(question).finalResponse();
    expect(streamed.output[0]).toMatchObject(called);
    const [call] = answer.output;
    if (call?.type !== 'function_call') throw new Error('no call');
    const input = [
      { role: 'user' as const, content: 'where am I?' },
      call,
      { type: 'function_call_output' as const, call_id: call.call_id, output: 'snow' },
      { role: 'user' as const, content: 'and a weir?' },
    ];
    expect((await client.responses.create({ ...question, input })).output_text).toBe(SAID);
  });

  it('keep to a schema, by the helper of the openai package and by the ai package', async () => {
    const Weir = z.object({ height: z.number() });
    const parsed = await client.responses.parse({ model, input: 'how tall is a weir?', text: { format: zodTextFormat(Weir, 'weir') } });
    expect(parsed.output_parsed).toEqual({ height: 4 });
    const openai = createOpenAI({ apiKey: ADMIN_KEY, baseURL: `${worker.url}/v1` });
    for (const asked of [openai(model), openai.chat(model)]) {
      expect((await generateObject({ model: asked, schema: Weir, prompt: 'how tall is a weir?' })).object).toEqual({ height: 4 });
    }
  });

  it('serve the ai package', async () => {
    const openai = createOpenAI({ apiKey: ADMIN_KEY, baseURL: `${worker.url}/v1` });
    expect((await generateText({ model: openai(model), prompt: 'what is a weir?' })).text).toBe(SAID);
    const streamed = streamText({ model: openai(model), prompt: 'what is a weir?' });
    expect(await streamed.text).toBe(SAID);
  });

  it('serve the ai package over several turns and calls, by chat and, with nothing stored, by responses', async () => {
    const openai = createOpenAI({ apiKey: ADMIN_KEY, baseURL: `${worker.url}/v1` });
    const get_weather = aiTool({ inputSchema: z.object({ city: z.string() }), execute: ({ city }) => `snow in ${city}` });
    const stateless = { openai: { store: false } };
    for (const asked of [openai.chat(model), openai(model)]) {
      const first = await generateText({ model: asked, providerOptions: stateless, prompt: 'what is a weir?' });
      const messages = [...turn('what is a weir?'), ...first.response.messages, ...turn('and why?')];
      expect((await generateText({ model: asked, providerOptions: stateless, messages })).text).toBe(SAID);
      expect(JSON.stringify(upstream.getRequests().at(-1)?.body)).toContain(SAID);
      const looped = await generateText({
        model: asked,
        providerOptions: stateless,
        tools: { get_weather },
        stopWhen: stepCountIs(2),
        prompt: 'weather in Oslo?',
      });
      expect(looped.steps).toHaveLength(2);
      expect(JSON.stringify(upstream.getRequests().at(-1)?.body)).toContain('snow in Oslo');
    }
    const stored = await generateText({ model: openai(model), prompt: 'what is a weir?' });
    const again = generateText({ model: openai(model), maxRetries: 0, messages: [...stored.response.messages, ...turn('and why?')] });
    await expect(again).rejects.toThrow(/`store: false` makes SDKs send it/);
  });
});

describe('the responses dialect', () => {
  const ask = (body: Record<string, unknown>) =>
    fetch(`${worker.url}/v1/responses`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
      body: JSON.stringify({ model: 'claude-sonnet-4-5', input: 'what is a weir?', ...body }),
    });

  it('streams by its grammar', async () => {
    const response = await ask({ stream: true });
    expect(readResponsesStream(await response.text())).toMatchObject({
      text: SAID,
      finish: 'completed',
      usage: { input_tokens: 12, output_tokens: 6 },
    });
  });

  it('keeps a namespace of functions apart, as Codex sends it, with its search', async () => {
    const tools = [
      { type: 'namespace', name: 'geo', description: 'places', tools: [{ type: 'function', name: 'get_weather', parameters: schema }] },
      { type: 'web_search' },
    ];
    const response = await ask({ input: 'forecast for Oslo?', tools, include: ['reasoning.encrypted_content'], store: false, prompt_cache_key: 'x' });
    const { output } = (await response.json()) as { output: unknown[] };
    expect(output[0]).toMatchObject({ type: 'function_call', namespace: 'geo', name: 'get_weather', arguments: '{"city":"Oslo"}' });
    expect(response.headers.get('weir-warnings')).toBeNull();
  });

  it.each([
    ['previous_response_id', { previous_response_id: 'resp_1' }],
    ['background', { background: true }],
    ['store', { store: true }],
    ['tools', { tools: [{ type: 'code_interpreter' }] }],
  ])('refuses what lies or runs at OpenAI: %s', async (param, body) => {
    const response = await ask(body);
    const { error } = (await response.json()) as { error: { param: string; code: string } };
    expect([response.status, error.param, error.code]).toEqual([400, param, 'not_translated']);
  });
});

describe.each(['gpt-5-pro', 'gpt-5.3-codex', 'o3-deep-research'])('%s, which OpenAI serves as responses alone', (model) => {
  const asked = () => upstream.getRequests().at(-1);
  const called = [{ type: 'function' as const, function: { name: 'get_weather', parameters: schema } }];

  it('is reached by chat, whole and streamed, with what OpenAI alone knows', async () => {
    const question = { model, messages: turn('what is a weir?'), verbosity: 'low', service_tier: 'flex', metadata: { run: '7' } } as const;
    expect((await client.chat.completions.create(question)).choices[0]?.message.content).toBe(SAID);
    const { path, body } = asked() ?? {};
    expect([path, body]).toEqual(['/v1/responses', expect.anything()]);
    const stream = client.chat.completions.stream(question);
    expect((await stream.finalChatCompletion()).choices[0]?.message.content).toBe(SAID);
    const { choices } = await client.chat.completions.create({ model, messages: turn('weather in Oslo?'), tools: called });
    expect(choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { tool_calls: [{ function: { name: 'get_weather' } }] } });
  });

  it('is reached by Messages', async () => {
    const anthropic = new Anthropic({ apiKey: ADMIN_KEY, baseURL: worker.url, maxRetries: 0 });
    const message = await anthropic.messages.stream({ model, max_tokens: 100, messages: turn('what is a weir?') }).finalMessage();
    expect(message.content.at(-1)).toMatchObject({ type: 'text', text: SAID });
    expect(asked()?.path).toBe('/v1/responses');
  });
});
