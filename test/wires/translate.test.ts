/** Dialect → canonical → dialect, for the wires that translate. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_USAGE } from '../../schema/record';
import type { Effort, ReasoningEntry } from '../../src/providers/provider';
import { anthropicMessages } from '../../src/wires/anthropic-messages/wire';
import { bedrockConverse } from '../../src/wires/bedrock-converse/wire';
import {
  type Completion,
  type Conversation,
  type Inbound,
  type Outbound,
  type Part,
  type ReasoningStyle,
  type StreamPart,
  Untranslatable,
} from '../../src/wires/canonical';
import { FreedReader, forceSchema, freeCompletion } from '../../src/wires/forced-schema';
import { gemini } from '../../src/wires/gemini/wire';
import { openAiChat } from '../../src/wires/openai-chat/wire';
import { openAiResponses } from '../../src/wires/openai-responses/wire';
import { reasoningFor } from '../../src/wires/reasoning';
import { eventsOf } from '../../src/wires/sse';
import type { JsonObject, Wire } from '../../src/wires/wire';
import { call, text, textPart, word } from '../harness/conversations';
import { readChatStream, readGeminiStream, readMessagesStream, readResponsesStream } from '../harness/grammars';
import { WRITE_OPTIONS } from '../harness/write-options';

function translatorOf(wire: Wire): Inbound & Outbound {
  if (wire.inbound === null || wire.outbound === null) throw new Error(wire.name);
  return { ...wire.inbound, ...wire.outbound };
}
const chat = translatorOf(openAiChat);
const messages = translatorOf(anthropicMessages);
const read = (wire: Wire, body: JsonObject, path = ''): Conversation => translatorOf(wire).readConversation(body, wire.readRequest(body, path));
const asChat = (body: JsonObject): Conversation => read(openAiChat, body);
const asMessages = (body: JsonObject): Conversation => read(anthropicMessages, body);
const WIRES = [
  { name: 'openai-chat', wire: openAiChat, readStream: readChatStream },
  { name: 'anthropic-messages', wire: anthropicMessages, readStream: readMessagesStream },
  { name: 'openai-responses', wire: openAiResponses, readStream: readResponsesStream },
  { name: 'gemini', wire: gemini, readStream: readGeminiStream },
] as const;

/** Arguments in fragments, as they are streamed. */
const inPieces = (input: unknown): string[] => JSON.stringify(input).match(/.{1,4}/gsu) ?? [];

/** Fragments of one call's arguments in one piece: not every wire has fragments. */
function joinInputs(parts: readonly StreamPart[]): StreamPart[] {
  const out: StreamPart[] = [];
  for (const part of parts) {
    const last = out.at(-1);
    if (last?.kind === 'tool-input' && part.kind === 'tool-input' && last.tool === part.tool)
      out[out.length - 1] = { ...last, text: last.text + part.text };
    else out.push(part);
  }
  return out;
}

describe.each(WIRES)('$name', ({ wire: spoken, readStream }) => {
  const wire = translatorOf(spoken);
  /** Their last word does not tell calls of tools from text. */
  const endsAlike = spoken.name === 'gemini' || spoken.name === 'openai-responses';

  it('says any answer and reads it back the same', () => {
    const parts = fc.oneof(fc.tuple(textPart), fc.array(call, { minLength: 1, maxLength: 3 }), fc.tuple(textPart, call));
    const usage = fc
      .record({ input: fc.nat(1_000), output: fc.nat(1_000), cacheRead: fc.nat(400) })
      .map((it) => ({ ...NO_USAGE, ...it, input: it.input + it.cacheRead }));
    fc.assert(
      fc.property(parts, usage, fc.constantFrom('stop', 'length', 'tool-calls', 'filter'), (list, used, finish) => {
        const hasTools = list.some((part) => part.kind === 'tool-call');
        // OpenAI ends a forced tool with `stop`, some wires every one.
        const end = hasTools && finish === 'stop' ? 'tool-calls' : endsAlike && !hasTools && finish === 'tool-calls' ? 'stop' : finish;
        const it: Completion = { id: 'x', model: 'm', parts: list, citations: [], finish: end, usage: used };
        const back = wire.readCompletion(JSON.parse(JSON.stringify(wire.writeCompletion(it, 7, {}))));
        expect(back).toEqual(it);
      }),
    );
  });

  it.each(['stop', 'length', 'filter'] as const)(
    'streams an answer that says nothing by the rules of its grammar, and reads it back: %s',
    (reason) => {
      const writer = wire.openWriter(7, {});
      const said: StreamPart[] = [
        { kind: 'start', id: 'x', model: 'm' },
        { kind: 'finish', reason },
        { kind: 'usage', usage: { ...NO_USAGE, input: 3 } },
      ];
      const stream = said.map((part) => writer.write(part)).join('') + writer.end();
      expect(readStream(stream)).toMatchObject({ text: '', tools: [] });
      const reader = wire.openReader();
      const back = eventsOf(stream).flatMap((event) => reader.read(event));
      expect(back.filter(({ kind }) => kind === 'text' || kind === 'refusal')).toEqual([]);
      expect(back).toContainEqual({ kind: 'finish', reason });
    },
  );

  it('streams any answer by the rules of its grammar, and reads it back the same', () => {
    const pieces = fc.array(text, { minLength: 1, maxLength: 5 });
    const streamed = fc.record({
      said: pieces,
      calls: fc.array(fc.record({ id: word.map((it) => `id_${it}`), name: word, input: fc.dictionary(word, text) }), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(streamed, fc.constantFrom('stop', 'length', 'filter'), ({ said, calls }, end) => {
        const parts: StreamPart[] = [
          { kind: 'start', id: 'x', model: 'm' },
          ...said.map((it) => ({ kind: 'text', text: it }) as const),
          ...calls.flatMap(({ id, name, input }, tool) => [
            { kind: 'tool-call', tool, id, name } as const,
            ...inPieces(input).map((it) => ({ kind: 'tool-input', tool, text: it }) as const),
          ]),
          { kind: 'finish', reason: calls.length > 0 && end === 'stop' ? 'tool-calls' : end },
          { kind: 'usage', usage: USED },
        ];
        const writer = wire.openWriter(7, {});
        const written = parts.map((part) => writer.write(part)).join('') + writer.end();
        const read = readStream(written);
        expect(read.text).toBe(said.join(''));
        expect(read.tools).toEqual(calls.map(({ id, name, input }) => ({ id, name, input: JSON.stringify(input) })));
        const reader = wire.openReader();
        const back = eventsOf(written).flatMap((event) => reader.read(event));
        // Usage may come in more than one event; the last one counts.
        const frame = new Set(['usage', 'open', 'close']);
        const content = (list: readonly StreamPart[]) => joinInputs(list.filter((part) => !frame.has(part.kind)));
        expect(content(back)).toEqual(content(parts));
        expect(back.filter((part) => part.kind === 'usage').at(-1)).toEqual(parts.at(-1));
      }),
    );
  });
});

/** All that each wire can tell of what was used up. */
const USED = { ...NO_USAGE, input: 50, output: 20, cacheRead: 30, reasoning: 7 };

describe('a refusal', () => {
  const REFUSED: readonly Part[] = [{ kind: 'refusal', text: 'No.' }];
  const stream: readonly StreamPart[] = [
    { kind: 'start', id: 'x', model: 'm' },
    { kind: 'refusal', text: 'No' },
    { kind: 'refusal', text: '.' },
    { kind: 'finish', reason: 'stop' },
    { kind: 'usage', usage: USED },
  ];
  const whole = (wire: Wire) =>
    translatorOf(wire).writeCompletion({ id: 'x', model: 'm', parts: REFUSED, citations: [], finish: 'stop', usage: null }, 7, {});
  const streamed = (wire: Wire): string => {
    const writer = translatorOf(wire).openWriter(7, {});
    return stream.map((part) => writer.write(part)).join('') + writer.end();
  };

  it.each([openAiChat, openAiResponses])('of $name is one, whole and streamed', (wire) => {
    expect(translatorOf(wire).readCompletion(JSON.parse(JSON.stringify(whole(wire))))).toMatchObject({ parts: REFUSED, finish: 'stop' });
    const reader = translatorOf(wire).openReader();
    const back = eventsOf(streamed(wire)).flatMap((event) => reader.read(event));
    expect(back.filter(({ kind }) => kind === 'refusal')).toEqual(stream.filter(({ kind }) => kind === 'refusal'));
  });

  it('ends as one for callers whose dialect has no content of that kind', () => {
    expect(whole(anthropicMessages)).toMatchObject({ content: [{ type: 'text', text: 'No.' }], stop_reason: 'refusal' });
    expect(whole(gemini)).toMatchObject({ candidates: [{ content: { parts: [{ text: 'No.' }] }, finishReason: 'SAFETY' }] });
    expect(readMessagesStream(streamed(anthropicMessages))).toMatchObject({ text: 'No.', finish: 'refusal' });
    expect(readGeminiStream(streamed(gemini))).toMatchObject({ text: 'No.', finish: 'SAFETY' });
  });
});

describe('usage', () => {
  it.each(WIRES)('of $name tells what was cached and what was reasoned', ({ wire }) => {
    const it: Completion = { id: 'x', model: 'm', parts: [{ kind: 'text', text: 'a' }], citations: [], finish: 'stop', usage: USED };
    const own = translatorOf(wire);
    expect(own.readCompletion(JSON.parse(JSON.stringify(own.writeCompletion(it, 7, {})))).usage).toEqual(USED);
  });

  it.each([openAiChat, anthropicMessages])('of $name tells what was written to a cache', (wire) => {
    const usage = { ...USED, cacheWrite: 10 };
    const own = translatorOf(wire);
    const it: Completion = { id: 'x', model: 'm', parts: [{ kind: 'text', text: 'a' }], citations: [], finish: 'stop', usage };
    expect(own.readCompletion(JSON.parse(JSON.stringify(own.writeCompletion(it, 7, {})))).usage).toEqual(usage);
  });
});

describe('what another wire cannot say', () => {
  it.each<[string, JsonObject]>([
    ['n', { n: 3 }],
    ['logprobs', { logprobs: true }],
    ['modalities', { modalities: ['text', 'audio'] }],
    ['functions', { functions: [] }],
    ['response_format', { response_format: { type: 'grammar' } }],
    ['tools', { tools: [{ type: 'custom', custom: { name: 'x' } }] }],
    ['messages[0].content', { messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: {} }] }] }],
    ['messages[0].role', { messages: [{ role: 'robot', content: 'x' }] }],
  ])('names %s', (param, more) => {
    const reading = () => asChat({ model: 'm', messages: [{ role: 'user', content: 'hi' }], ...more });
    expect(reading).toThrow(Untranslatable);
    expect(reading).toThrow(expect.objectContaining({ param }));
  });

  it.each<[string, JsonObject]>([
    ['thread', { thread: { type: 'create' } }],
    ['mcp_servers', { mcp_servers: [{}] }],
    ['tools', { tools: [{ type: 'code_execution_20250825', name: 'code_execution' }] }],
    ['messages[0].content', { messages: [{ role: 'user', content: [{ type: 'container_upload' }] }] }],
  ])('names %s of Messages', (param, more) => {
    const reading = () => asMessages({ model: 'm', max_tokens: 1, messages: [{ role: 'user', content: 'hi' }], ...more });
    expect(reading).toThrow(expect.objectContaining({ param }));
  });

  it('lists what is lost without harm', () => {
    const { dropped } = asChat({ model: 'm', messages: [], top_logprobs: 1, service_tier: 'flex', metadata: null });
    expect(dropped).toEqual(['top_logprobs']);
    const again = asChat({ model: 'm', messages: [{ role: 'user', content: 'hi' }], seed: 1, frequency_penalty: 0.5 });
    expect(messages.writeConversation(again, WRITE_OPTIONS).dropped).toEqual(['seed', 'frequency_penalty']);
    expect(translatorOf(gemini).writeConversation(again, WRITE_OPTIONS).body).toMatchObject({ generationConfig: { seed: 1, frequencyPenalty: 0.5 } });
    expect(chat.writeConversation(again, { ...WRITE_OPTIONS, isSamplingFixed: true })).toMatchObject({
      body: { seed: 1 },
      dropped: ['frequency_penalty'],
    });
    const hot = { ...asChat({ model: 'm', messages: [{ role: 'user', content: 'hi' }], temperature: 1.7, top_p: 0.5 }) };
    expect(messages.writeConversation(hot, WRITE_OPTIONS).dropped).toEqual(['temperature above 1', 'top_p beside temperature']);
  });

  it('reads the documents of Messages that are words', () => {
    const said = (source: JsonObject) =>
      asMessages({ model: 'm', max_tokens: 1, messages: [{ role: 'user', content: [{ type: 'document', source, title: 'A' }] }] }).messages;
    const text = (it: string): Part => ({ kind: 'text', text: it });
    expect(said({ type: 'text', media_type: 'text/plain', data: 'words' })[0]?.parts).toEqual([text('A\n\n'), text('words')]);
    const pdf = { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' }, title: 'A', context: 'of 1990' };
    const [asked] = asMessages({ model: 'm', max_tokens: 1, messages: [{ role: 'user', content: [pdf] }] }).messages;
    expect(asked?.parts).toEqual([text('of 1990\n\n'), { kind: 'file', source: { mediaType: 'application/pdf', data: 'JVBERi0=' }, name: 'A' }]);
    expect(said({ type: 'content', content: [{ type: 'text', text: 'x' }] })[0]?.parts).toEqual([text('A\n\n'), text('x')]);
  });

  it('shows a caller of Gemini what Claude thought, whole as in streams', () => {
    const parts: Part[] = [
      { kind: 'thinking', text: 'hm', signature: { by: 'anthropic', text: 's' } },
      { kind: 'text', text: 'ho' },
    ];
    const written = translatorOf(gemini).writeCompletion({ id: 'a', model: 'm', parts, citations: [], finish: 'stop', usage: null }, 1, {});
    expect(written).toMatchObject({ candidates: [{ content: { parts: [{ text: 'hm', thought: true }, { text: 'ho' }] } }] });
  });

  it('goes on thinking in a turn that calls tools, where what was thought is signed', () => {
    const turn = (by: 'anthropic' | 'google'): Conversation => ({
      ...asChat({ model: 'm', max_tokens: 8_000, messages: [{ role: 'user', content: 'hi' }] }),
      reasoning: { effort: 'low', budget: 2_000 },
      messages: [
        { role: 'user', parts: [{ kind: 'text', text: 'hi' }] },
        {
          role: 'assistant',
          parts: [
            { kind: 'thinking', text: 'hm', signature: { by, text: 's' } },
            { kind: 'tool-call', id: 'a', name: 'f', input: '{}' },
          ],
        },
        { role: 'user', parts: [{ kind: 'tool-result', id: 'a', parts: [{ kind: 'text', text: '1' }], isError: false }] },
      ],
    });
    const write = (by: 'anthropic' | 'google') => messages.writeConversation(turn(by), { ...WRITE_OPTIONS, reasoning: 'budget' });
    expect(write('anthropic').body).toMatchObject({ thinking: { type: 'enabled', budget_tokens: 2_000 } });
    expect(write('google').body).not.toHaveProperty('thinking');
    expect(write('google').dropped).toContain('reasoning effort');
  });

  it('leaves sampling to models that will not have it set, and says so', () => {
    const set = asChat({ model: 'm', messages: [{ role: 'user', content: 'hi' }], temperature: 0.2, top_p: 0.5 });
    for (const wire of [chat, messages]) {
      const { body, dropped } = wire.writeConversation(set, { ...WRITE_OPTIONS, isSamplingFixed: true });
      expect(Object.keys(body)).not.toContain('temperature');
      expect(Object.keys(body)).not.toContain('top_p');
      expect(dropped).toEqual(['temperature', 'top_p']);
    }
  });

  it('gives Messages the limit that it demands', () => {
    const hi = asChat({ model: 'm', messages: [{ role: 'user', content: 'hi' }] });
    expect(messages.writeConversation(hi, WRITE_OPTIONS).body).toMatchObject({
      max_tokens: 4_096,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
    });
  });
});

describe('answers as they come', () => {
  const readParts = (wire: Outbound, ...bodies: JsonObject[]): StreamPart[] => {
    const reader = wire.openReader();
    return bodies.flatMap((body) => eventsOf(`data: ${JSON.stringify(body)}\n\n`).flatMap((event) => reader.read(event)));
  };
  const delta = (it: JsonObject, finish: string | null = null): JsonObject => ({
    id: 'c',
    model: 'm',
    choices: [{ index: 0, delta: it, finish_reason: finish }],
  });

  it('tool calls without an index are told apart by their ids, and a forced one ends as a call', () => {
    const call = (id: string, name: string, args: string) => ({ tool_calls: [{ id, function: { name, arguments: args } }] });
    const parts = readParts(chat, delta(call('a', 'f', '{"x":1}')), delta(call('b', 'g', '{"y":2}')), delta({}, 'stop'));
    expect(parts.slice(1)).toEqual([
      { kind: 'tool-call', tool: 0, id: 'a', name: 'f' },
      { kind: 'tool-input', tool: 0, text: '{"x":1}' },
      { kind: 'tool-call', tool: 1, id: 'b', name: 'g' },
      { kind: 'tool-input', tool: 1, text: '{"y":2}' },
      { kind: 'finish', reason: 'tool-calls' },
    ]);
    const whole = {
      choices: [
        { message: { content: null, tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }] }, finish_reason: 'stop' },
      ],
    };
    expect(chat.readCompletion(whole).finish).toBe('tool-calls');
  });

  it('content in a list is read like text, and content without a counterpart is named', () => {
    const content = [
      { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
      { type: 'text', text: 'so' },
    ];
    expect(readParts(chat, delta({ content })).slice(1)).toEqual([
      { kind: 'thinking', text: 'hm' },
      { kind: 'text', text: 'so' },
    ]);
    expect(readParts(chat, delta({ audio: { data: 'x' } })).at(-1)).toEqual({ kind: 'other', name: 'audio' });
    expect(() => messages.openWriter(0, {}).write({ kind: 'other', name: 'audio' })).toThrow(Untranslatable);
  });

  it('a tool call without input has an empty object for it, and input that comes with its start is kept', () => {
    const tool = (input: JsonObject, ...more: JsonObject[]) =>
      readParts(messages, { type: 'content_block_start', index: 0, content_block: { type: 'tool_use', id: 't', name: 'f', input } }, ...more, {
        type: 'content_block_stop',
        index: 0,
      }).filter((part) => part.kind === 'tool-input');
    expect(tool({})).toEqual([{ kind: 'tool-input', tool: 0, text: '{}' }]);
    expect(tool({ x: 1 })).toEqual([{ kind: 'tool-input', tool: 0, text: '{"x":1}' }]);
    const fragment = { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '{"y":2}' } };
    expect(tool({}, fragment)).toEqual([{ kind: 'tool-input', tool: 0, text: '{"y":2}' }]);
  });

  it('what did not end well is never a good end', () => {
    expect(() => readParts(chat, delta({}, 'error'))).toThrow(Untranslatable);
    expect(() => chat.readCompletion({})).toThrow(Untranslatable);
    expect(() => messages.readCompletion({ type: 'message' })).toThrow(Untranslatable);
    expect(messages.readCompletion({ content: [], stop_reason: 'pause_turn' }).finish).toBe('length');
  });
});

describe('requests that the other vendor would refuse', () => {
  const user = { role: 'user', content: 'hi' };
  const toMessages = (body: JsonObject, more: { readonly outputLimit?: number } = {}) =>
    messages.writeConversation(asChat({ model: 'm', messages: [user], ...body }), { ...WRITE_OPTIONS, ...more });

  it.each<[string, JsonObject]>([
    ['messages', { messages: null }],
    ['messages', { messages: [{ role: 'system', content: 'only' }] }],
    ['messages', { messages: ['hi'] }],
    ['messages[0].content', { messages: [{ role: 'user', content: 42 }] }],
    ['messages[0].content', { messages: [{ role: 'user', content: ['hi'] }] }],
    ['messages[0].tool_calls', { messages: [{ role: 'assistant', content: 'x', tool_calls: 'x' }] }],
    ['messages', { messages: [{ role: 'system', content: [{ type: 'image_url', image_url: { url: 'https://x/y.png' } }] }, user] }],
    ['messages', { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/svg+xml;base64,eA==' } }] }] }],
    ['tool_choice', { tool_choice: { type: 'allowed_tools', allowed_tools: {} } }],
  ])('%s is named: %j', (param, body) => expect(() => toMessages(body)).toThrow(expect.objectContaining({ param })));

  it('blank text is left out, ids of tools are brought to its alphabet, limits to what the model takes', () => {
    const history = [
      user,
      { role: 'assistant', content: '\n\n', tool_calls: [{ id: 'functions.f:0', type: 'function', function: { name: 'f', arguments: '' } }] },
      { role: 'tool', tool_call_id: 'functions.f:0', content: 'done' },
    ];
    const { body, dropped } = toMessages({ messages: history, max_tokens: 16_000, stop: ['\n', 'END'] }, { outputLimit: 4_096 });
    expect(body['messages']).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'hi' }] },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'functions_f_0', name: 'f', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'functions_f_0', content: [{ type: 'text', text: 'done' }] }] },
    ]);
    expect([body['max_tokens'], body['stop_sequences'], dropped]).toEqual([
      4_096,
      ['END'],
      ["a limit of tokens above the model's 4096", 'blank stop sequences'],
    ]);
  });

  it('no wire asks for more than the model can say', () => {
    const much = asChat({ model: 'm', messages: [user], max_tokens: 64_000 });
    for (const { wire } of WIRES) {
      const { body, dropped } = translatorOf(wire).writeConversation(much, { ...WRITE_OPTIONS, outputLimit: 16_384 });
      expect([JSON.stringify(body).includes('16384'), dropped]).toEqual([true, ["a limit of tokens above the model's 16384"]]);
    }
  });

  it('tool settings without tools are left out, and five stops are one too many', () => {
    const from = (more: JsonObject) => chat.writeConversation(asMessages({ model: 'm', max_tokens: 1, messages: [user], ...more }), WRITE_OPTIONS);
    expect(Object.keys(from({ tool_choice: { type: 'any', disable_parallel_tool_use: true } }).body)).toEqual(['model', 'messages', 'max_tokens']);
    expect(() => from({ stop_sequences: ['a', 'b', 'c', 'd', 'e'] })).toThrow(Untranslatable);
    const failed = { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: 'no', is_error: true }] };
    expect(from({ messages: [user, failed] }).dropped).toEqual(['is_error']);
  });
});

describe('Gemini', () => {
  const path = '/v1beta/models/gemini-2.5-flash:generateContent';

  it('is read in snake case too, with schemas in capitals, and its method in the path', () => {
    const it = read(
      gemini,
      {
        contents: [{ parts: [{ text: 'hi' }] }],
        system_instruction: { parts: [{ text: 'be brief' }] },
        tools: [{ function_declarations: [{ name: 'f', parameters: { type: 'OBJECT', properties: { x: { type: 'STRING' } } } }] }],
        generation_config: {
          max_output_tokens: 5,
          response_mime_type: 'application/json',
          response_schema: { type: 'ARRAY', items: { type: 'NUMBER' } },
        },
      },
      path.replace('generateContent', 'streamGenerateContent'),
    );
    expect(it).toMatchObject({
      model: 'gemini-2.5-flash',
      streamed: true,
      maxOutputTokens: 5,
      messages: [{ role: 'system' }, { role: 'user', parts: [{ kind: 'text', text: 'hi' }] }],
      tools: [{ name: 'f', schema: { type: 'object', properties: { x: { type: 'string' } } } }],
      format: { schema: { type: 'array', items: { type: 'number' } } },
      dropped: [],
    });
  });

  it('calls without ids get some, and results are matched by name', () => {
    const answer = {
      candidates: [
        { content: { parts: [{ functionCall: { name: 'f', args: {} } }, { functionCall: { name: 'f', args: { x: 1 } } }] }, finishReason: 'STOP' },
      ],
    };
    expect(translatorOf(gemini).readCompletion(answer)).toMatchObject({ finish: 'tool-calls', parts: [{ id: 'f_0' }, { id: 'f_1' }] });
    const history = [
      { role: 'user', parts: [{ text: 'hi' }] },
      { role: 'model', parts: [{ functionCall: { name: 'f', args: {} } }] },
      { role: 'user', parts: [{ functionResponse: { name: 'f', response: { output: 'done' } } }] },
    ];
    expect(chat.writeConversation(read(gemini, { contents: history }, path), WRITE_OPTIONS).body['messages']).toMatchObject([
      { role: 'user', content: 'hi' },
      { role: 'assistant', tool_calls: [{ id: 'f_0', function: { name: 'f', arguments: '{}' } }] },
      { role: 'tool', tool_call_id: 'f_0', content: 'done' },
    ]);
  });

  it('signatures of calls go to OpenAI clients and come back', () => {
    const answer = {
      candidates: [{ content: { parts: [{ functionCall: { id: 'c1', name: 'f', args: {} }, thoughtSignature: 'sig' }] }, finishReason: 'STOP' }],
    };
    const written = chat.writeCompletion(translatorOf(gemini).readCompletion(answer), 0, {});
    const [choice] = written['choices'] as { message: JsonObject }[];
    const back = asChat({
      model: 'm',
      messages: [{ role: 'user', content: 'hi' }, choice?.message, { role: 'tool', tool_call_id: 'c1', content: 'ok' }] as JsonObject[],
    });
    const { contents } = translatorOf(gemini).writeConversation(back, WRITE_OPTIONS).body as { contents: { parts: JsonObject[] }[] };
    expect(contents[1]?.parts).toEqual([{ functionCall: { id: 'c1', name: 'f', args: {} }, thoughtSignature: 'sig' }]);
  });

  it('blocked prompts and stopped answers are no good ends', () => {
    const { readCompletion } = translatorOf(gemini);
    expect(readCompletion({ promptFeedback: { blockReason: 'SAFETY' } }).finish).toBe('filter');
    expect(readCompletion({ candidates: [{ finishReason: 'RECITATION' }] }).finish).toBe('filter');
    expect(() => readCompletion({ candidates: [{ finishReason: 'MALFORMED_FUNCTION_CALL' }] })).toThrow(Untranslatable);
    expect(() => readCompletion({})).toThrow(Untranslatable);
  });
});

describe('how much to think', () => {
  const user = { role: 'user', content: 'hi' };
  const low = asChat({ model: 'm', messages: [user], reasoning_effort: 'low', max_tokens: 8_000, temperature: 0.5 });
  const write = (wire: Outbound, reasoning: ReasoningStyle | null, it = low) => wire.writeConversation(it, { ...WRITE_OPTIONS, reasoning });

  it('is read from every dialect', () => {
    const effort = (it: Conversation) => it.reasoning;
    expect(effort(low)).toEqual({ effort: 'low', budget: null });
    expect(effort(asMessages({ messages: [user], thinking: { type: 'enabled', budget_tokens: 9_000 } }))).toEqual({ effort: 'high', budget: 9_000 });
    expect(effort(asMessages({ messages: [user], thinking: { type: 'adaptive' }, output_config: { effort: 'max' } }))).toEqual({
      effort: 'max',
      budget: null,
    });
    expect(effort(asMessages({ messages: [user], thinking: { type: 'disabled' } }))).toEqual({ effort: 'none', budget: null });
    expect(effort(read(openAiResponses, { input: 'hi', reasoning: { effort: 'high' } }))).toEqual({ effort: 'high', budget: null });
    const thinking = (it: JsonObject) => effort(read(gemini, { contents: [{ parts: [{ text: 'hi' }] }], generationConfig: { thinkingConfig: it } }));
    expect([thinking({ thinkingBudget: 0 }), thinking({ thinkingLevel: 'HIGH' }), thinking({ thinkingBudget: -1 })]).toEqual([
      { effort: 'none', budget: 0 },
      { effort: 'high', budget: null },
      null,
    ]);
  });

  it('is said as the model takes it, and named where it takes none', () => {
    expect(write(chat, 'effort').body).toMatchObject({ reasoning_effort: 'low' });
    expect(write(translatorOf(openAiResponses), 'effort').body).toMatchObject({ reasoning: { effort: 'low' } });
    expect(write(translatorOf(gemini), 'budget').body).toMatchObject({
      generationConfig: { thinkingConfig: { thinkingBudget: 1_024, includeThoughts: true } },
    });
    expect(write(translatorOf(gemini), 'level').body).toMatchObject({ generationConfig: { thinkingConfig: { thinkingLevel: 'LOW' } } });
    expect(write(messages, 'adaptive').body).toMatchObject({ thinking: { type: 'adaptive' }, output_config: { effort: 'low' } });
    for (const { wire } of WIRES) expect(write(translatorOf(wire), null).dropped).toContain('reasoning effort');
  });

  it('as a budget of Messages leaves room for the answer, takes no sampling, and stands back for tools', () => {
    const { body, dropped } = write(messages, 'budget');
    expect(body).toMatchObject({ max_tokens: 8_000, thinking: { type: 'enabled', budget_tokens: 1_024 } });
    expect([Object.keys(body).includes('temperature'), dropped]).toEqual([false, ['sampling beside thinking']]);
    expect(write(messages, 'budget', { ...low, maxOutputTokens: 500 }).dropped).toEqual(['reasoning effort']);
    const called: Part[] = [{ kind: 'tool-call', id: 'a', name: 'f', input: '{}' }];
    const history = { ...low, messages: [...low.messages, { role: 'assistant' as const, parts: called }] };
    expect(write(messages, 'budget', history).dropped).toEqual(['reasoning effort']);
  });

  it('any JSON is asked for where a dialect has a word for it', () => {
    const json = asChat({ model: 'm', messages: [user], response_format: { type: 'json_object' } });
    expect(write(chat, null, json).body).toMatchObject({ response_format: { type: 'json_object' } });
    expect(write(translatorOf(gemini), null, json).body).toMatchObject({ generationConfig: { responseMimeType: 'application/json' } });
    expect(() => write(messages, null, json)).toThrow(Untranslatable);
  });
});

describe('what one vendor says to another', () => {
  const path = '/v1beta/models/gemini-2.5-flash:generateContent';
  const geminiWire = translatorOf(gemini);
  const responses = translatorOf(openAiResponses);
  const asGemini = (contents: unknown, more: JsonObject = {}): Conversation => read(gemini, { contents, ...more }, path);
  const user = { role: 'user', parts: [{ text: 'hi' }] };
  const call = (name: string, more: JsonObject = {}) => ({ functionCall: { name, args: {}, ...more } });

  it('what is nested and has no counterpart is named, and what says nothing is not', () => {
    const user = { role: 'user', name: 'ada', content: [{ type: 'text', text: 'hi', annotations: [], weight: 2 }] };
    const tools = [{ type: 'function', function: { name: 'f', strict: false, examples: [1] } }];
    const format = { type: 'json_schema', json_schema: { name: 'a', description: 'an answer', schema: {} } };
    expect(asChat({ messages: [user, { role: 'assistant', content: 'ho', audio: null }], tools, response_format: format }).dropped).toEqual([
      'messages.name',
      'content.weight',
      'function.examples',
      'json_schema.description',
    ]);
    expect(asChat({ messages: [user], logit_bias: {} }).dropped).toEqual(['messages.name', 'content.weight']);
    expect(() => asChat({ messages: [user], logit_bias: { 50256: -100 } })).toThrow(Untranslatable);
    const document = { type: 'document', source: { type: 'text', data: 'a' }, citations: { enabled: true } };
    const declared = [{ name: 'f', input_schema: {}, input_examples: [{}] }];
    expect(asMessages({ messages: [{ role: 'user', content: [document] }], tools: declared }).dropped).toEqual([
      'content.citations',
      'tools.input_examples',
    ]);
    const input = [{ type: 'message', role: 'user', weight: 1, content: [{ type: 'input_text', text: 'hi' }] }];
    const text = { verbosity: 'low', format: { type: 'text' } };
    const own = read(openAiResponses, { input, text, reasoning: { effort: 'low', summary: 'auto' } });
    expect([own.dropped, own.own]).toEqual([['input.weight'], { openai: { verbosity: 'low' } }]);
    const contents = [{ role: 'user', parts: [{ text: 'hi', videoMetadata: { fps: 1 } }] }];
    const functions = [{ function_declarations: [{ name: 'f', parameters_json_schema: {}, response: {} }] }];
    expect(read(gemini, { contents, tools: functions }).dropped).toEqual(['parts.videoMetadata', 'functionDeclarations.response']);
    const beside = {
      tools: [{ functionDeclarations: [{ name: 'f' }], googleSearch: {} }],
      toolConfig: { functionCallingConfig: { mode: 'VALIDATED' } },
    };
    expect(read(gemini, { contents: [], ...beside }).dropped).toEqual(['functionCallingConfig.mode VALIDATED']);
  });

  it('calls and results of Responses are one turn in chat, and reasoning alone is no message', () => {
    const input = [
      { role: 'user', content: 'hi' },
      { type: 'reasoning', summary: [], encrypted_content: 'of OpenAI' },
      { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{}' },
      { type: 'function_call', call_id: 'c2', name: 'g', arguments: '{}' },
      {
        type: 'function_call_output',
        call_id: 'c1',
        output: [
          { type: 'input_text', text: 'one' },
          { type: 'input_image', image_url: 'https://x/y.png' },
        ],
      },
      { type: 'function_call_output', call_id: 'c2', output: 'two' },
    ];
    const { messages: written } = chat.writeConversation(read(openAiResponses, { input }), WRITE_OPTIONS).body as { messages: JsonObject[] };
    expect(written.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'tool', 'user']);
    expect(written[1]).toMatchObject({ tool_calls: [{ id: 'c1' }, { id: 'c2' }] });
    expect(written[4]).toMatchObject({ content: [{ type: 'image_url' }] });
  });

  it('results of Gemini that say a name alone go to the first open call of that name', () => {
    const contents = [
      user,
      { role: 'model', parts: [call('f', { id: 'a' }), call('f')] },
      { role: 'user', parts: ['one', 'two'].map((output) => ({ functionResponse: { name: 'f', response: { output } } })) },
    ];
    const { messages: written } = chat.writeConversation(asGemini(contents), WRITE_OPTIONS).body as { messages: JsonObject[] };
    expect(written.slice(2)).toEqual([
      { role: 'tool', tool_call_id: 'a', content: 'one' },
      { role: 'tool', tool_call_id: 'f_0', content: 'two' },
    ]);
  });

  it('what a tool said is not cut down to one of its members', () => {
    const result = (response: unknown) => {
      const contents = [user, { role: 'model', parts: [call('f')] }, { role: 'user', parts: [{ functionResponse: { name: 'f', response } }] }];
      const [part] = asGemini(contents).messages[2]?.parts ?? [];
      if (part?.kind !== 'tool-result') throw new Error('no result');
      return [part.isError, part.parts] as const;
    };
    expect(result({ result: 'ok', temperature: 20 })).toEqual([false, [{ kind: 'text', text: '{"result":"ok","temperature":20}' }]]);
    expect(result({ output: 'ok' })).toEqual([false, [{ kind: 'text', text: 'ok' }]]);
    expect(result({ output: 'ok', error: null })[0]).toBe(false);
    expect(result({ error: 'no' })).toEqual([true, [{ kind: 'text', text: 'no' }]]);
  });

  it('a signature goes back to its own vendor alone, and third-generation Gemini gets a word in its place', () => {
    const claude: Part = { kind: 'thinking', text: 'hm', signature: { by: 'anthropic', text: 'c' } };
    const google: Part = { kind: 'thinking', text: 'hm', signature: { by: 'google', text: 'g' } };
    const tool: Part = { kind: 'tool-call', id: 'a', name: 'f', input: '{}' };
    const it: Conversation = { ...asChat({ model: 'm', messages: [{ role: 'user', content: 'hi' }] }) };
    const history: Conversation = { ...it, messages: [...it.messages, { role: 'assistant', parts: [claude, google, tool] }] };
    const toGemini = (model: string) =>
      (geminiWire.writeConversation(history, { ...WRITE_OPTIONS, model }).body as { contents: { parts: JsonObject[] }[] }).contents[1]?.parts;
    expect(toGemini('gemini-2.5-pro')).toEqual([
      { text: 'hm', thought: true, thoughtSignature: 'g' },
      { functionCall: { id: 'a', name: 'f', args: {} } },
    ]);
    expect(toGemini('gemini-3-pro')?.[1]).toMatchObject({ thoughtSignature: 'skip_thought_signature_validator' });
    const { messages: written } = messages.writeConversation(history, WRITE_OPTIONS).body as { messages: { content: JsonObject[] }[] };
    expect(written[1]?.content.map(({ type, signature }) => [type, signature])).toEqual([
      ['thinking', 'c'],
      ['tool_use', undefined],
    ]);
    const answer = responses.writeCompletion({ id: 'resp_x', model: 'm', parts: [google], citations: [], finish: 'stop', usage: null }, 0, {});
    const [item] = (answer as { output: JsonObject[] }).output;
    expect(read(openAiResponses, { input: [item] }).messages[0]?.parts).toEqual([google]);
  });

  it('what would be missing is refused, and what is only written otherwise is read', () => {
    expect(() => asGemini([user], { cachedContent: 'cachedContents/x' })).toThrow(expect.objectContaining({ param: 'cachedContent' }));
    expect(() => asGemini([user], { generationConfig: { responseModalities: ['IMAGE'] } })).toThrow(Untranslatable);
    expect(asGemini([user], { systemInstruction: 'be brief' }).messages[0]).toEqual({ role: 'system', parts: [{ kind: 'text', text: 'be brief' }] });
    const schema = { type: 'OBJECT', nullable: true, propertyOrdering: ['x'], properties: { x: { type: 'ARRAY', minItems: '1' } } };
    const format = asGemini([user], { generationConfig: { responseMimeType: 'application/json', responseSchema: schema } }).format;
    expect(format).toEqual({
      name: 'answer',
      isStrict: false,
      schema: { type: ['object', 'null'], properties: { x: { type: 'array', minItems: 1 } } },
    });
    expect(gemini.readRequest({}, '/v1beta/models/openai/ft:gpt-4o-mini:org::abc:generateContent')).toMatchObject({
      model: 'openai/ft:gpt-4o-mini:org::abc',
    });
    expect(() => chat.writeConversation(asGemini(null), WRITE_OPTIONS)).toThrow(Untranslatable);
  });

  it('sound, and answers that never said how they ended, are no answers of text', () => {
    const sound = { candidates: [{ content: { parts: [{ inlineData: { mimeType: 'audio/wav', data: 'x' } }] }, finishReason: 'STOP' }] };
    expect(() => geminiWire.readCompletion(sound)).toThrow(Untranslatable);
    expect(() => geminiWire.readCompletion({ candidates: [{ content: { parts: [{ text: 'a' }] } }] })).toThrow(Untranslatable);
    const [event] = eventsOf(`data: ${JSON.stringify(sound)}\n\n`);
    if (event === undefined) throw new Error('no event');
    expect(geminiWire.openReader().read(event)).toContainEqual({ kind: 'other', name: 'audio' });
  });

  it('several candidates are finished when each is', () => {
    const reader = gemini.openStream({ ...gemini.readRequest({ generationConfig: { candidateCount: 2 } }, path) }, false);
    const done = (index: number) =>
      eventsOf(`data: ${JSON.stringify({ candidates: [{ index, content: { parts: [{ text: 'x' }] }, finishReason: 'STOP' }] })}\n\n`).forEach(
        (event) => void reader?.read(event),
      );
    done(0);
    expect(reader?.finished).toBe(false);
    done(1);
    expect(reader?.finished).toBe(true);
  });

  it('functions are told from functions in namespaces by what the caller has', () => {
    const tools = [
      { type: 'namespace', name: 'a', tools: [{ type: 'function', name: 'f', parameters: {} }] },
      { type: 'function', name: 'a__b', parameters: {} },
    ];
    const parts: Part[] = ['a__f', 'a__b'].map((name, index) => ({ kind: 'tool-call', id: `c${index}`, name, input: '{}' }));
    const { output } = responses.writeCompletion({ id: 'resp_x', model: 'm', parts, citations: [], finish: 'tool-calls', usage: null }, 0, {
      tools,
    }) as {
      output: JsonObject[];
    };
    expect(output.map(({ name, namespace }) => [name, namespace])).toEqual([
      ['f', 'a'],
      ['a__b', undefined],
    ]);
    const choice = { type: 'function', name: 'f', namespace: 'a' };
    expect(read(openAiResponses, { input: 'hi', tools, tool_choice: choice }).toolChoice).toEqual({ name: 'a__f' });
  });

  it('an effort is brought to the words and numbers that a model knows', () => {
    const ask = (effort: Effort, budget: number | null = null) => ({ effort, budget });
    const words: ReasoningEntry = { models: /./, style: 'effort', efforts: ['low', 'medium', 'high'] };
    expect([reasoningFor(ask('none'), words), reasoningFor(ask('max'), words)]).toEqual([ask('low'), ask('high')]);
    const numbers: ReasoningEntry = { models: /./, style: 'budget', budget: { least: 128, most: 32_768, hasOff: false } };
    expect([reasoningFor(ask('none'), numbers)?.budget, reasoningFor(ask('high', 60_000), numbers)?.budget]).toEqual([128, 32_768]);
    const narrow = { ...asChat({ model: 'm', messages: [{ role: 'user', content: 'hi' }], max_tokens: 1_000 }), reasoning: ask('high') };
    expect(geminiWire.writeConversation(narrow, { ...WRITE_OPTIONS, reasoning: 'budget' }).dropped).toEqual(['reasoning effort']);
    const adaptive = messages.writeConversation({ ...narrow, temperature: 0, topK: 5 }, { ...WRITE_OPTIONS, reasoning: 'adaptive' });
    expect([Object.keys(adaptive.body).filter((name) => name === 'temperature' || name === 'top_k'), adaptive.dropped]).toEqual([
      [],
      ['sampling beside thinking'],
    ]);
  });
});

describe('an image that a tool gave', () => {
  it('follows its result as the user’s at Google', () => {
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } };
    const asked = asMessages({
      model: 'm',
      max_tokens: 10,
      messages: [
        { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'look', input: {} }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: 'seen' }, image] }] },
      ],
    });
    expect((translatorOf(gemini).writeConversation(asked, WRITE_OPTIONS).body['contents'] as JsonObject[])[1]).toEqual({
      role: 'user',
      parts: [
        { functionResponse: { id: 'a', name: 'look', response: { output: 'seen' } } },
        { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } },
      ],
    });
  });
});

describe('marks for caching', () => {
  const mark = { cache_control: { type: 'ephemeral' } };
  const hourly = { cache_control: { type: 'ephemeral', ttl: '1h' } };
  const marked = {
    model: 'm',
    max_tokens: 10,
    system: [
      { type: 'text', text: 'one' },
      { type: 'text', text: 'two', ...hourly },
    ],
    tools: [{ name: 'f', input_schema: { type: 'object' }, ...mark }],
    messages: [{ role: 'user', content: [{ type: 'text', text: 'hi', ...mark }] }],
  };

  it('come back to their vendor as they were', () => {
    const { body, dropped } = messages.writeConversation(asMessages(marked), WRITE_OPTIONS);
    expect(body).toMatchObject({ system: marked.system, tools: marked.tools, messages: marked.messages });
    expect(dropped).toEqual([]);
  });

  it('are points of their own at Bedrock, for models that keep prefixes', () => {
    const { outbound } = bedrockConverse;
    const written = outbound?.writeConversation(asMessages(marked), { ...WRITE_OPTIONS, model: 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0' });
    expect(written?.body).toMatchObject({
      system: [{ text: 'one' }, { text: 'two' }, { cachePoint: { type: 'default', ttl: '1h' } }],
      toolConfig: { tools: [{ toolSpec: { name: 'f' } }, { cachePoint: { type: 'default' } }] },
      messages: [{ content: [{ text: 'hi' }, { cachePoint: { type: 'default' } }] }],
    });
    const plain = outbound?.writeConversation(asMessages(marked), { ...WRITE_OPTIONS, model: 'meta.llama4' });
    expect([JSON.stringify(plain?.body).includes('cachePoint'), plain?.dropped]).toEqual([false, ['cache_control']]);
  });

  it('on a call as a whole stand behind its last block, and those of OpenAI’s dialect count too', () => {
    const whole = { model: 'm', max_tokens: 10, ...mark, messages: [{ role: 'user', content: 'hi' }] };
    expect(messages.writeConversation(asMessages(whole), WRITE_OPTIONS).body['messages']).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'hi', ...mark }] },
    ]);
    const ofChat = asChat({ model: 'm', messages: [{ role: 'user', content: [{ type: 'text', text: 'hi', ...hourly }] }] });
    expect(messages.writeConversation(ofChat, WRITE_OPTIONS).body['messages']).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'hi', ...hourly }] },
    ]);
  });

  it('are named where a wire has none', () => {
    for (const wire of [openAiChat, openAiResponses, gemini]) {
      const { body, dropped } = translatorOf(wire).writeConversation(asMessages(marked), WRITE_OPTIONS);
      expect([wire.name, JSON.stringify(body).includes('cache_control'), dropped.includes('cache_control')]).toEqual([wire.name, false, true]);
    }
  });
});

describe('sound', () => {
  const heard = asChat({
    model: 'm',
    messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'mp3' } }] }],
  });

  it('goes from OpenAI’s dialect to Google’s and back', () => {
    const { body } = translatorOf(gemini).writeConversation(heard, WRITE_OPTIONS);
    expect(body['contents']).toEqual([{ role: 'user', parts: [{ inlineData: { mimeType: 'audio/mp3', data: 'UklGRg==' } }] }]);
    const back = chat.writeConversation(read(gemini, body, '/models/m:generateContent'), WRITE_OPTIONS).body;
    expect(back['messages']).toEqual([{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'mp3' } }] }]);
  });

  it('is refused where nobody hears it', () => {
    for (const wire of [anthropicMessages, openAiResponses])
      expect(() => translatorOf(wire).writeConversation(heard, WRITE_OPTIONS)).toThrow(/sound/);
    expect(() => bedrockConverse.outbound?.writeConversation(heard, WRITE_OPTIONS)).toThrow(/sound/);
  });
});

describe('a schema that is kept to by a tool', () => {
  const format = { type: 'json_schema', json_schema: { name: 'out', schema: { type: 'object', properties: { a: {} } } } };
  const tools = [{ type: 'function', function: { name: 'f', parameters: {} } }];
  const told = (body: JsonObject): Conversation =>
    forceSchema(asChat({ model: 'm', messages: [{ role: 'user', content: 'hi' }], response_format: format, ...body }));

  it('is the one tool to be called, or one among those of the caller', () => {
    expect(told({})).toMatchObject({ format: null, toolChoice: { name: 'weir_final_answer' }, tools: [{ schema: { properties: { a: {} } } }] });
    expect(told({ tools })).toMatchObject({ toolChoice: 'required', tools: [{ name: 'f' }, { name: 'weir_final_answer' }] });
    expect(told({ tools, tool_choice: 'none' }).toolChoice).toEqual({ name: 'weir_final_answer' });
    expect(told({ tools, tool_choice: { type: 'function', function: { name: 'f' } } }).toolChoice).toEqual({ name: 'f' });
    expect(asChat({ model: 'm', messages: [] })).toEqual(forceSchema(asChat({ model: 'm', messages: [] })));
  });

  const parts = (...given: StreamPart[][]): readonly StreamPart[] => {
    const turns = [...given];
    const reader = new FreedReader({ read: () => turns.shift() ?? [] });
    return given.flatMap(() => [...reader.read({ name: null, data: '', bytes: new Uint8Array(0) })]);
  };
  const answerCall = (tool: number): StreamPart => ({ kind: 'tool-call', tool, id: `t${tool}`, name: 'weir_final_answer' });
  const done: StreamPart = { kind: 'finish', reason: 'tool-calls' };

  it('is the first answer alone, without words beside it; words alone are the answer', () => {
    const first: StreamPart[] = [{ kind: 'text', text: 'Sure: ' }, answerCall(0), { kind: 'tool-input', tool: 0, text: '{"a":' }];
    const rest: StreamPart[] = [{ kind: 'tool-input', tool: 0, text: '1}' }, answerCall(1), { kind: 'tool-input', tool: 1, text: '{"a":2}' }, done];
    expect(parts(first, rest)).toEqual([
      { kind: 'text', text: '{"a":' },
      { kind: 'text', text: '1}' },
      { kind: 'finish', reason: 'stop' },
    ]);
    const refused: StreamPart = { kind: 'finish', reason: 'filter' };
    expect(parts([{ kind: 'text', text: 'I will not.' }], [refused])).toEqual([{ kind: 'text', text: 'I will not.' }, refused]);
    const whole: Part[] = [
      { kind: 'text', text: 'I have looked.' },
      { kind: 'tool-call', id: 'x', name: 'weir_final_answer', input: '{"a":1}' },
      { kind: 'tool-call', id: 'y', name: 'weir_final_answer', input: '{"a":2}' },
    ];
    expect(freeCompletion({ id: 'c', model: 'm', parts: whole, citations: [], finish: 'tool-calls', usage: null })).toMatchObject({
      parts: [{ kind: 'text', text: '{"a":1}' }],
      finish: 'stop',
    });
  });

  it('may be called after the web was searched', () => {
    const asked = asChat({ model: 'm', messages: [{ role: 'user', content: 'hi' }], response_format: format });
    expect([forceSchema(asked, true).toolChoice, forceSchema(asked).toolChoice]).toEqual(['required', { name: 'weir_final_answer' }]);
  });

  it('leaves calls of other tools what they are', () => {
    const said: Part[] = [{ kind: 'tool-call', id: 'x', name: 'f', input: '{}' }];
    const called: Completion = { id: 'c', model: 'm', parts: said, citations: [], finish: 'tool-calls', usage: null };
    expect(freeCompletion(called)).toEqual(called);
    const answered: Completion = { ...called, parts: [{ kind: 'tool-call', id: 'x', name: 'weir_final_answer', input: '{"a":1}' }] };
    expect(freeCompletion(answered)).toMatchObject({ parts: [{ kind: 'text', text: '{"a":1}' }], finish: 'stop' });
  });
});
