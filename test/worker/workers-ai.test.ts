/** Workers AI by its binding: OpenAI's SDK gets OpenAI's answers, whichever form the binding speaks. */
import { createExecutionContext } from 'cloudflare:test';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import type { AiBinding } from '../../src/edge/workers-ai';
import { serve } from '../../src/http/app';
import type { JsonObject } from '../../src/wires/wire';
import { ADMIN, bindings, call, eventually } from './calls';

interface Asked {
  readonly model: string;
  readonly inputs: JsonObject;
}

/** The official SDK against a deployment where the binding answers so. */
function open(answer: (asked: Asked) => Response): { readonly client: OpenAI; readonly asked: Asked[] } {
  const asked: Asked[] = [];
  const AI: AiBinding = {
    run: async (model, inputs, options) => {
      expect(options.returnRawResponse).toBe(true);
      asked.push({ model, inputs });
      return answer({ model, inputs });
    },
  };
  const env = { ...bindings, AI };
  const fetch = async (url: string | URL | Request, init?: RequestInit): Promise<Response> =>
    serve(new Request(url as string, init), env, createExecutionContext());
  const client = new OpenAI({ apiKey: ADMIN, baseURL: 'https://weir.dev/v1', fetch: fetch as typeof globalThis.fetch, maxRetries: 0 });
  return { client, asked };
}

const MODEL = '@cf/meta/llama-3.3-70b-instruct-fp8-fast';
const model = `workers-ai/${MODEL}`;
const messages = [{ role: 'user' as const, content: 'What is the weather in Oslo?' }];
const usage = { prompt_tokens: 12, completion_tokens: 5, total_tokens: 17 };
const events = (...parts: readonly (JsonObject | string)[]): Response =>
  new Response(parts.map((part) => `data: ${typeof part === 'string' ? part : JSON.stringify(part)}\n\n`).join(''), {
    headers: { 'content-type': 'text/event-stream' },
  });

describe('Workers AI by its binding', () => {
  it('answers in the form of its own, and is logged with its usage and price', async () => {
    const { client, asked } = open(() => Response.json({ response: 'Cold.', tool_calls: [], usage }));
    const { data, response } = await client.chat.completions.create({ model, messages, temperature: 0 }).withResponse();
    expect(data.choices).toEqual([{ index: 0, message: { role: 'assistant', content: 'Cold.' }, finish_reason: 'stop', logprobs: null }]);
    expect(data.usage).toEqual(usage);
    expect(asked).toEqual([{ model: MODEL, inputs: { messages, temperature: 0 } }]);
    const record = await eventually('the record', async () => {
      const found = await call('GET', `/v1/request/${response.headers.get('helicone-id')}`);
      return found.status === 200 ? (await found.json<{ data: JsonObject }>()).data : null;
    });
    expect(record).toMatchObject({ provider: 'workers-ai', model: MODEL, prompt_tokens: 12, completion_tokens: 5, usage_source: 'provider' });
    expect(Number(record['cost'])).toBeGreaterThan(0);
  });

  it("passes what is in OpenAI's form already", async () => {
    const whole = { id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: MODEL, usage };
    const choices = [{ index: 0, message: { role: 'assistant', content: 'Cold.', reasoning_content: 'Norway.' }, finish_reason: 'length' }];
    const { client } = open(() => Response.json({ ...whole, choices }));
    expect(await client.chat.completions.create({ model, messages })).toMatchObject({ ...whole, choices });
  });

  it('calls tools, and takes their results', async () => {
    const { client, asked } = open(() => Response.json({ response: null, tool_calls: [{ name: 'weather', arguments: { city: 'Oslo' } }], usage }));
    const tools = [{ type: 'function' as const, function: { name: 'weather', parameters: { type: 'object', properties: {} } } }];
    const first = await client.chat.completions.create({ model, messages, tools });
    const [choice] = first.choices;
    expect(choice).toMatchObject({ finish_reason: 'tool_calls', message: { content: null } });
    const [toolCall] = choice?.message.tool_calls ?? [];
    expect(toolCall).toMatchObject({ type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } });
    const result = { role: 'tool' as const, tool_call_id: toolCall?.id ?? '', content: '-3' };
    await client.chat.completions.create({ model, messages: [...messages, choice?.message ?? result, result], tools });
    expect(asked[1]?.inputs['messages']).toMatchObject([messages[0], { role: 'assistant', content: '' }, { role: 'tool', content: '-3' }]);
  });

  it.each([true, false])('streams in the form of its own; usage wished for: %s', async (wished) => {
    const { client, asked } = open(() => events({ response: 'Co' }, { response: 'ld.' }, { response: '', usage }, '[DONE]'));
    const stream = await client.chat.completions.create({
      model,
      messages,
      stream: true,
      ...(wished && { stream_options: { include_usage: true } }),
    });
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    const deltas = chunks.flatMap((each) => each.choices.map((choice) => choice.delta));
    expect(deltas).toEqual([{ role: 'assistant', content: '' }, { content: 'Co' }, { content: 'ld.' }, {}]);
    expect(chunks.flatMap((each) => each.choices.map((choice) => choice.finish_reason))).toEqual([null, null, null, 'stop']);
    expect(chunks.at(-1)?.usage ?? null).toEqual(wished ? usage : null);
    expect(asked[0]?.inputs).toEqual({ messages, stream: true, stream_options: { include_usage: true } });
  });

  it("streams tools, and what is in OpenAI's form already", async () => {
    const calls = [
      { name: 'weather', arguments: { city: 'Oslo' } },
      { name: 'weather', arguments: { city: 'Rome' } },
    ];
    const own = open(() => events({ response: '', tool_calls: calls }, '[DONE]'));
    const streamed = await own.client.chat.completions.stream({ model, messages }).finalChatCompletion();
    expect(streamed.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { tool_calls: calls.map((each) => ({ function: { name: 'weather', arguments: JSON.stringify(each.arguments) } })) },
    });
    const head = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: MODEL };
    const chunk = (delta: JsonObject, finish: string | null) => ({ ...head, choices: [{ index: 0, delta, finish_reason: finish }] });
    const theirs = open(() => events(chunk({ role: 'assistant', content: 'Cold.' }, null), chunk({}, 'stop'), '[DONE]'));
    expect((await theirs.client.chat.completions.stream({ model, messages }).finalChatCompletion()).choices[0]?.message.content).toBe('Cold.');
  });

  it('streams tools in pieces', async () => {
    const pieces = [
      { id: 'call_1', type: 'function', index: 0, function: { name: 'weather' } },
      { index: 0, function: { arguments: '{"city":' } },
      { index: 0, function: { arguments: '"Oslo"}' } },
      { id: null, type: null, index: 0, function: { name: null, arguments: '' } },
    ];
    const { client } = open(() => events(...pieces.map((each) => ({ response: null, tool_calls: [each] })), '[DONE]'));
    const { choices } = await client.chat.completions.stream({ model, messages }).finalChatCompletion();
    expect(choices[0]?.message.tool_calls).toMatchObject([{ id: 'call_1', function: { name: 'weather', arguments: '{"city":"Oslo"}' } }]);
    expect(choices[0]?.message.tool_calls).toHaveLength(1);
  });

  it('says that it was cut short, and streams what came whole', async () => {
    const short = { response: 'cut off he', finish_reason: 'length', usage };
    const { client } = open(({ inputs }) => (inputs['max_tokens'] === 3 ? events(short, '[DONE]') : Response.json(short)));
    expect((await client.chat.completions.create({ model, messages })).choices[0]?.finish_reason).toBe('length');
    for (const limit of [3, 4]) {
      const streamed = await client.chat.completions
        .stream({ model, messages, max_tokens: limit, stream_options: { include_usage: true } })
        .finalChatCompletion();
      expect(streamed).toMatchObject({ choices: [{ finish_reason: 'length', message: { content: 'cut off he' } }], usage });
    }
  });

  it('is cut where its stream ends early, and says what failed', async () => {
    const cut = open(() => events({ response: 'Co' }));
    await expect(cut.client.chat.completions.stream({ model, messages }).finalChatCompletion()).rejects.toThrow(/ended its answer before/);
    const failing = open(() =>
      Response.json({ internalCode: 3040, name: 'InferenceUpstreamError', description: 'Capacity temporarily exceeded' }, { status: 429 }),
    );
    await expect(failing.client.chat.completions.create({ model, messages })).rejects.toMatchObject({
      status: 429,
      code: 3040,
      message: expect.stringContaining('Capacity'),
    });
  });

  it('embeds, as numbers and as base64', async () => {
    const { client, asked } = open(() =>
      Response.json({
        shape: [2, 2],
        data: [
          [0.5, -1],
          [0.25, 2],
        ],
        pooling: 'cls',
      }),
    );
    const wish = { model: 'workers-ai/@cf/baai/bge-m3', input: ['a', 'b'] };
    // The SDK wishes for base64 by itself and reads it.
    const vectors = async (format?: 'float') => (await client.embeddings.create({ ...wish, ...(format && { encoding_format: format }) })).data;
    expect((await vectors()).map((each) => [...each.embedding])).toEqual([
      [0.5, -1],
      [0.25, 2],
    ]);
    expect((await vectors('float')).map((each) => each.embedding)).toEqual([
      [0.5, -1],
      [0.25, 2],
    ]);
    expect(asked[0]).toEqual({ model: '@cf/baai/bge-m3', inputs: { text: ['a', 'b'] } });
  });

  it('lists its models, and has no other endpoint', async () => {
    const { client } = open(() => Response.json({}));
    expect((await client.models.list()).data.some((each) => each.id.includes('@cf/'))).toBe(true);
    await expect(client.responses.create({ model, input: 'Hello' })).resolves.toMatchObject({ object: 'response' });
    await expect(client.completions.create({ model, prompt: 'Hello' })).rejects.toMatchObject({ status: 400 });
  });
});
