/** `parallel_tool_calls: false` and its like, where the model may call several tools at once whatever it is told. */
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordOf } from '../harness/api.ts';
import { type Answer, NATIVE } from '../harness/native-answers.ts';
import { JSON_HEADERS, type RawUpstream, respond, SSE_HEADERS, startRawUpstream } from '../harness/raw-upstream.ts';
import { ADMIN_KEY, type RunningWorker, startWorker } from '../harness/worker.ts';

let upstream: RawUpstream;
let worker: RunningWorker;
let openai: OpenAI;
let anthropic: Anthropic;

const call = (id: string, city: string) => ({ kind: 'call', id, name: 'get_weather', input: JSON.stringify({ city }) }) as const;
const ANSWER: Answer = { said: [call('a', 'Oslo'), call('b', 'Bergen')], end: 'stop' };

beforeAll(async () => {
  upstream = await startRawUpstream();
  upstream.handler = ({ socket, head }) => {
    if (head.includes(':streamGenerateContent')) return respond(socket, 200, SSE_HEADERS, NATIVE.gemini.stream(ANSWER));
    respond(socket, 200, JSON_HEADERS, JSON.stringify(NATIVE.gemini.whole(ANSWER)));
  };
  worker = await startWorker({ vars: { GEMINI_API_KEY: 'google', GOOGLE_GEMINI_BASE_URL: upstream.url } });
  openai = new OpenAI({ apiKey: ADMIN_KEY, baseURL: `${worker.url}/v1`, maxRetries: 0 });
  anthropic = new Anthropic({ apiKey: ADMIN_KEY, baseURL: worker.url, maxRetries: 0 });
});
afterAll(async () => {
  await Promise.all([worker?.stop(), upstream?.stop()]);
});

const model = 'gemini-2.5-flash';
const schema = { type: 'object' as const, properties: { city: { type: 'string' } } };
const question = 'weather in Oslo and Bergen?';
const chat = {
  model,
  messages: [{ role: 'user' as const, content: question }],
  tools: [{ type: 'function' as const, function: { name: 'get_weather', parameters: schema } }],
};
const strict = { headers: { 'weir-strict': 'true' } };
const OSLO = { type: 'function', function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } };

describe('one call of a tool at a time', () => {
  it('is all that a chat gets, and nothing of it is lost on the way', async () => {
    const asked = { ...chat, parallel_tool_calls: false };
    const { data, response } = await openai.chat.completions.create(asked, strict).withResponse();
    expect(data.choices[0]).toMatchObject({ message: { tool_calls: [OSLO] }, finish_reason: 'tool_calls' });
    expect(response.headers.get('weir-warnings')).toBeNull();
    const streamed = await openai.chat.completions.stream(asked, strict).finalChatCompletion();
    expect(streamed.choices[0]).toMatchObject({ message: { tool_calls: [OSLO] }, finish_reason: 'tool_calls' });
    expect(data.choices[0]?.message.tool_calls).toHaveLength(1);
    expect(streamed.choices[0]?.message.tool_calls).toHaveLength(1);
    const record = await recordOf(worker, response.headers.get('helicone-id'));
    expect(record).toMatchObject({ completion_tokens: data.usage?.completion_tokens, usage_source: 'provider' });
  });

  it('is all that a message gets', async () => {
    const asked = {
      model,
      max_tokens: 99,
      messages: [{ role: 'user' as const, content: question }],
      tools: [{ name: 'get_weather', input_schema: schema }],
      tool_choice: { type: 'auto' as const, disable_parallel_tool_use: true },
    };
    for (const message of [await anthropic.messages.create(asked), await anthropic.messages.stream(asked).finalMessage()]) {
      expect(message.content).toEqual([expect.objectContaining({ type: 'tool_use', input: { city: 'Oslo' } })]);
    }
  });

  it('is not what others get', async () => {
    expect((await openai.chat.completions.create(chat)).choices[0]?.message.tool_calls).toHaveLength(2);
  });
});
