/** Bedrock's Converse: requests as the vendor's own SDK writes them, answers and frames as its documents show them. */
import { BedrockRuntimeClient, ConverseCommand, type ConverseCommandInput } from '@aws-sdk/client-bedrock-runtime';
import { EventStreamCodec } from '@smithy/eventstream-codec';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anthropicMessages } from '../../src/wires/anthropic-messages/wire';
import { FrameError, FrameReader } from '../../src/wires/aws-frames';
import { bedrockConverse } from '../../src/wires/bedrock-converse/wire';
import { type Conversation, type StreamPart, Untranslatable, type WriteOptions } from '../../src/wires/canonical';
import { openAiChat } from '../../src/wires/openai-chat/wire';
import { eventsOf } from '../../src/wires/sse';
import type { JsonObject, Wire } from '../../src/wires/wire';
import { WRITE_OPTIONS } from '../harness/write-options';

const { outbound } = bedrockConverse;
if (outbound === null) throw new Error('bedrock-converse is written for');
const read = (wire: Wire, body: JsonObject): Conversation => {
  if (wire.inbound === null) throw new Error(wire.name);
  return wire.inbound.readConversation(body, wire.readRequest(body, ''));
};
const options: WriteOptions = { ...WRITE_OPTIONS, model: 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0', reasoning: 'budget' };
const write = (it: Conversation, more: Partial<WriteOptions> = {}) => outbound.writeConversation(it, { ...options, ...more });

/** The body that the SDK sends. */
async function sdkBody(input: ConverseCommandInput): Promise<JsonObject> {
  let body = '';
  const client = new BedrockRuntimeClient({
    region: 'eu-central-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    requestHandler: {
      handle: async (request: { body: Uint8Array }) => {
        body = new TextDecoder().decode(request.body);
        throw new Error('seen');
      },
    },
  });
  await client.send(new ConverseCommand(input)).catch((error: unknown) => {
    if (body === '') throw error;
  });
  return JSON.parse(body);
}

const PNG = 'iVBORw0KGgo=';
const bytes = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

describe('requests', () => {
  it('are what the vendor’s SDK writes', async () => {
    const { body, dropped } = write(
      read(openAiChat, {
        model: 'm',
        messages: [
          { role: 'system', content: 'Be brief.' },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'weather?' },
              { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } },
              { type: 'file', file: { filename: 'a_b.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' } },
            ],
          },
          {
            role: 'assistant',
            content: 'Let me see.',
            tool_calls: [
              { id: 'call.1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } },
              { id: 'call.2', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Bergen"}' } },
            ],
          },
          { role: 'tool', tool_call_id: 'call.1', content: 'snow' },
          { role: 'tool', tool_call_id: 'call.2', content: 'rain' },
          { role: 'user', content: 'and?' },
        ],
        max_tokens: 100,
        temperature: 0.5,
        stop: ['END'],
        tools: [{ type: 'function', function: { name: 'get_weather', description: 'Weather', parameters: { type: 'object', properties: {} } } }],
        tool_choice: { type: 'function', function: { name: 'get_weather' } },
        response_format: { type: 'json_schema', json_schema: { name: 'out', schema: { type: 'object' }, strict: true } },
      }),
    );
    const same: ConverseCommandInput = {
      modelId: 'm',
      system: [{ text: 'Be brief.' }],
      messages: [
        {
          role: 'user',
          content: [
            { text: 'weather?' },
            { image: { format: 'png', source: { bytes: bytes(PNG) } } },
            { document: { format: 'pdf', name: 'a b pdf 1', source: { bytes: bytes('JVBERi0=') } } },
          ],
        },
        {
          role: 'assistant',
          content: [
            { text: 'Let me see.' },
            { toolUse: { toolUseId: 'call_1', name: 'get_weather', input: { city: 'Oslo' } } },
            { toolUse: { toolUseId: 'call_2', name: 'get_weather', input: { city: 'Bergen' } } },
          ],
        },
        {
          role: 'user',
          content: [
            { toolResult: { toolUseId: 'call_1', content: [{ text: 'snow' }] } },
            { toolResult: { toolUseId: 'call_2', content: [{ text: 'rain' }] } },
            { text: 'and?' },
          ],
        },
      ],
      inferenceConfig: { maxTokens: 100, temperature: 0.5, stopSequences: ['END'] },
      toolConfig: {
        tools: [{ toolSpec: { name: 'get_weather', description: 'Weather', inputSchema: { json: { type: 'object', properties: {} } } } }],
        toolChoice: { tool: { name: 'get_weather' } },
      },
      outputConfig: {
        textFormat: { type: 'json_schema', structure: { jsonSchema: { name: 'out', schema: '{"type":"object","additionalProperties":false}' } } },
      },
    };
    expect(body).toEqual(await sdkBody(same));
    expect(dropped).toEqual([]);
  });

  it('carry signed thinking, errors of tools and what Claude alone takes', async () => {
    const asked = read(anthropicMessages, {
      model: 'm',
      max_tokens: 20_000,
      thinking: { type: 'enabled', budget_tokens: 2_000 },
      top_k: 5,
      messages: [
        { role: 'user', content: 'hi' },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'hm', signature: 'sig' },
            { type: 'text', text: 'ho' },
          ],
        },
        { role: 'user', content: 'again' },
      ],
    });
    expect(write(asked)).toEqual({
      body: await sdkBody({
        modelId: 'm',
        messages: [
          { role: 'user', content: [{ text: 'hi' }] },
          { role: 'assistant', content: [{ reasoningContent: { reasoningText: { text: 'hm', signature: 'sig' } } }, { text: 'ho' }] },
          { role: 'user', content: [{ text: 'again' }] },
        ],
        inferenceConfig: { maxTokens: 20_000 },
        additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 2_000 } },
      }),
      dropped: ['sampling beside thinking'],
    });
    const nova = write(asked, { model: 'amazon.nova-pro-v1:0', reasoning: null });
    expect([nova.body['additionalModelRequestFields'], nova.dropped]).toEqual([undefined, ['reasoning effort', 'top_k']]);
  });

  it('keep to what Converse takes', () => {
    const hi = { role: 'user', content: 'hi' };
    const chat = (body: JsonObject) => write(read(openAiChat, { model: 'm', ...body }));
    expect(chat({ messages: [{ role: 'system', content: ' ' }, hi] }).body['system']).toBeUndefined();
    expect(chat({ messages: [hi], temperature: 1.5, top_p: 0.9 })).toMatchObject({
      body: { inferenceConfig: { temperature: 1 } },
      dropped: ['temperature above 1', 'top_p beside temperature'],
    });
    const called = { role: 'assistant', tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }] };
    const again = chat({ messages: [hi, called, { role: 'tool', tool_call_id: 'a', content: 'x' }] });
    expect(again.body['toolConfig']).toEqual({ tools: [{ toolSpec: { name: 'f', inputSchema: { json: { type: 'object' } } } }] });
    expect(again.dropped).toHaveLength(1);
    const file = { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' } };
    expect(chat({ messages: [{ role: 'user', content: [file] }] }).body['messages']).toMatchObject([
      { content: [{ document: {} }, { text: 'a pdf 1' }] },
    ]);
    expect(() => chat({ messages: [hi], tools: [{ type: 'function', function: { name: 'a.b', parameters: {} } }] })).toThrow(/a\.b/);
    const drawn = { role: 'assistant', content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } }] };
    expect(() => write(read(anthropicMessages, { model: 'm', max_tokens: 9, messages: [hi, drawn] }))).toThrow(/of the assistant/);
  });

  it('make a model call a tool as far as it can be made to', () => {
    const tools = [{ type: 'function', function: { name: 'f', parameters: {} } }];
    const chosen = (model: string, choice: unknown, all = tools) =>
      write(read(openAiChat, { model: 'm', messages: [{ role: 'user', content: 'x' }], tools: all, tool_choice: choice }), { model }).body[
        'toolConfig'
      ];
    const named = { type: 'function', function: { name: 'f' } };
    expect(chosen('mistral.mistral-large-2407-v1:0', 'required')).toMatchObject({ toolChoice: { any: {} } });
    expect(chosen('mistral.mistral-large-2407-v1:0', named)).toMatchObject({ toolChoice: { any: {} } });
    expect(chosen('amazon.nova-pro-v1:0', named)).toMatchObject({ toolChoice: { tool: { name: 'f' } } });
    expect(chosen('meta.llama3-3-70b-instruct-v1:0', 'auto')).not.toHaveProperty('toolChoice');
    expect(() => chosen('meta.llama3-3-70b-instruct-v1:0', 'required')).toThrow(/cannot be made to call/);
  });

  it('are refused where their meaning would change', () => {
    const user = (content: unknown): Conversation => read(openAiChat, { model: 'm', messages: [{ role: 'user', content }] });
    const image = (url: string) => user([{ type: 'image_url', image_url: { url } }]);
    expect(() => write(image('https://example.com/a.png'))).toThrow(/an image by its URL/);
    expect(() => write(image('data:image/tiff;base64,AAAA'))).toThrow(/image\/tiff/);
    expect(() =>
      write(read(openAiChat, { model: 'm', messages: [{ role: 'user', content: 'x' }], response_format: { type: 'json_object' } })),
    ).toThrow(Untranslatable);
    const tools = [{ type: 'function', function: { name: 'f', parameters: {} } }];
    const none = { model: 'm', tools, tool_choice: 'none' };
    expect(write(read(openAiChat, { ...none, messages: [{ role: 'user', content: 'x' }] })).body['toolConfig']).toBeUndefined();
    const used = [
      { role: 'user', content: 'x' },
      { role: 'assistant', tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }] },
    ];
    expect(() => write(read(openAiChat, { ...none, messages: [...used, { role: 'tool', tool_call_id: 'a', content: 'y' }] }))).toThrow(/tool_choice/);
  });
});

describe('answers', () => {
  it('are read with their thinking, calls, reason and usage', () => {
    // https://docs.aws.amazon.com/bedrock/latest/userguide/tool-use-inference-call.html, with fields of API_runtime_TokenUsage
    const answer = {
      metrics: { latencyMs: 123 },
      output: {
        message: {
          role: 'assistant',
          content: [
            { reasoningContent: { reasoningText: { text: 'hm', signature: 'sig' } } },
            { text: 'Here.' },
            { toolUse: { toolUseId: 'tooluse_kZJMlvQmRJ6eAyJE5GIl7Q', name: 'top_song', input: { sign: 'WZPZ' } } },
          ],
        },
      },
      stopReason: 'tool_use',
      usage: { inputTokens: 10, outputTokens: 5, totalTokens: 135, cacheReadInputTokens: 100, cacheWriteInputTokens: 20 },
    };
    const completion = outbound.readCompletion(answer);
    expect(completion).toMatchObject({ finish: 'tool-calls', usage: { input: 130, output: 5, cacheRead: 100, cacheWrite: 20 } });
    expect(completion.parts).toEqual([
      { kind: 'thinking', text: 'hm', signature: { by: 'anthropic', text: 'sig' } },
      { kind: 'text', text: 'Here.' },
      { kind: 'tool-call', id: 'tooluse_kZJMlvQmRJ6eAyJE5GIl7Q', name: 'top_song', input: '{"sign":"WZPZ"}' },
    ]);
    expect(bedrockConverse.readAnswer(answer).usage?.input).toBe(130);
    expect(outbound.readFailure({ message: 'Too many tokens' })).toEqual({ message: 'Too many tokens', code: 'error' });
    const cited = { output: { message: { content: [{ citationsContent: { content: [{ text: 'so ' }, { text: 'it is' }], citations: [] } }] } } };
    expect(outbound.readCompletion(cited).parts).toEqual([{ kind: 'text', text: 'so it is' }]);
    expect(() => outbound.readCompletion({})).toThrow(Untranslatable);
  });
});

const codec = new EventStreamCodec(
  (it) => (typeof it === 'string' ? it : Buffer.from(it).toString('utf8')),
  (it) => new Uint8Array(Buffer.from(it, 'utf8')),
);
const frame = (headers: Record<string, string>, body: unknown): Uint8Array =>
  codec.encode({
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [`:${name}`, { type: 'string', value }])),
    body: new Uint8Array(Buffer.from(JSON.stringify(body), 'utf8')),
  });
const event = (type: string, body: unknown): Uint8Array =>
  frame({ 'message-type': 'event', 'event-type': type, 'content-type': 'application/json' }, body);

/** In the order of https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-call.html (ConverseStream response) */
const FRAMES = [
  event('messageStart', { role: 'assistant' }),
  event('contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { text: 'hm' } } }),
  event('contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { signature: 'sig' } } }),
  event('contentBlockStop', { contentBlockIndex: 0 }),
  event('contentBlockDelta', { contentBlockIndex: 1, delta: { text: 'Grüße, 世界 🌊' } }),
  event('contentBlockStop', { contentBlockIndex: 1 }),
  event('contentBlockStart', { contentBlockIndex: 2, start: { toolUse: { toolUseId: 't1', name: 'f' } } }),
  event('contentBlockDelta', { contentBlockIndex: 2, delta: { toolUse: { input: '{"a":' } } }),
  event('contentBlockDelta', { contentBlockIndex: 2, delta: { toolUse: { input: '1}' } } }),
  event('contentBlockStop', { contentBlockIndex: 2 }),
  event('messageStop', { stopReason: 'tool_use' }),
  event('metadata', { usage: { inputTokens: 3, outputTokens: 4, totalTokens: 7 }, metrics: { latencyMs: 1 } }),
];
const STREAM = new Uint8Array(Buffer.concat(FRAMES));

function partsOf(text: string): StreamPart[] {
  const reader = outbound?.openReader();
  return eventsOf(text).flatMap((each) => [...(reader?.read(each) ?? [])]);
}

describe('streams', () => {
  it('say the same wherever the binary stream is cut', () => {
    const whole = new FrameReader().push(STREAM);
    expect(partsOf(whole)).toEqual([
      { kind: 'start', id: '', model: '' },
      { kind: 'thinking', text: 'hm' },
      { kind: 'signature', by: 'anthropic', text: 'sig' },
      { kind: 'close' },
      { kind: 'text', text: 'Grüße, 世界 🌊' },
      { kind: 'close' },
      { kind: 'tool-call', tool: 0, id: 't1', name: 'f' },
      { kind: 'tool-input', tool: 0, text: '{"a":' },
      { kind: 'tool-input', tool: 0, text: '1}' },
      { kind: 'close' },
      { kind: 'finish', reason: 'tool-calls' },
      { kind: 'usage', usage: expect.objectContaining({ input: 3, output: 4 }) },
    ]);
    for (let at = 0; at <= STREAM.byteLength; at++) {
      const frames = new FrameReader();
      expect(frames.push(STREAM.slice(0, at)) + frames.push(STREAM.slice(at))).toBe(whole);
      expect(() => frames.flush()).not.toThrow();
    }
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 200 }), (sizes) => {
        const frames = new FrameReader();
        let text = '';
        let at = 0;
        for (const size of [...sizes, STREAM.byteLength]) {
          text += frames.push(STREAM.slice(at, at + size));
          at += size;
        }
        expect(text).toBe(whole);
      }),
    );
  });

  it('give a call without arguments an empty object', () => {
    const frames = [
      event('contentBlockStart', { contentBlockIndex: 0, start: { toolUse: { toolUseId: 't', name: 'f' } } }),
      event('contentBlockStop', { contentBlockIndex: 0 }),
    ];
    expect(partsOf(new FrameReader().push(new Uint8Array(Buffer.concat(frames))))).toEqual([
      { kind: 'tool-call', tool: 0, id: 't', name: 'f' },
      { kind: 'tool-input', tool: 0, text: '{}' },
      { kind: 'close' },
    ]);
  });

  it('are cut where they end within a frame, and broken where a byte is wrong', () => {
    const frames = new FrameReader();
    frames.push(STREAM.slice(0, STREAM.byteLength - 1));
    expect(() => frames.flush()).toThrow();
    for (const at of [0, 5, 9, 30, 100]) {
      const bad = STREAM.slice();
      bad[at] = (bad[at] ?? 0) ^ 0xff;
      const reader = new FrameReader();
      const good = reader.push(bad);
      expect(reader.failure).toBeInstanceOf(FrameError);
      expect(new FrameReader().push(STREAM).startsWith(good)).toBe(true);
    }
  });

  it('end with usage behind the reason, and tell failures in their own words', () => {
    const follow = (...frames: Uint8Array[]) => {
      const reader = bedrockConverse.openStream({ model: null, streamed: true, choices: 1, maxOutputTokens: null, user: null, session: null }, false);
      const facts = eventsOf(new FrameReader().push(new Uint8Array(Buffer.concat(frames)))).map((each) => reader?.read(each));
      return { reader, facts };
    };
    const { reader } = follow(...FRAMES);
    expect([reader?.finished, reader?.ended, reader?.usage?.output]).toEqual([true, true, 4]);
    expect(follow(...FRAMES.slice(0, -1)).reader).toMatchObject({ finished: true, ended: false });
    const thrown = frame(
      { 'message-type': 'exception', 'exception-type': 'throttlingException', 'content-type': 'application/json' },
      { message: 'slow down' },
    );
    expect(follow(thrown).facts).toEqual([{ error: 'slow down' }]);
    const failed = frame({ 'message-type': 'error', 'error-code': 'InternalError', 'error-message': 'An internal server error occurred' }, {});
    expect(follow(failed).facts).toEqual([{ error: 'An internal server error occurred' }]);
  });
});
