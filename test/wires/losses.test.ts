/** What one dialect says and another cannot is named, never lost without a word. */
import { describe, expect, it } from 'vitest';
import { anthropicMessages } from '../../src/wires/anthropic-messages/wire';
import { type Conversation, Untranslatable } from '../../src/wires/canonical';
import { gemini } from '../../src/wires/gemini/wire';
import { openAiChat } from '../../src/wires/openai-chat/wire';
import { openAiResponses } from '../../src/wires/openai-responses/wire';
import { eventsOf } from '../../src/wires/sse';
import type { JsonObject, Wire } from '../../src/wires/wire';
import { WRITE_OPTIONS } from '../harness/write-options';

const path = '/v1beta/models/gemini-2.5-flash:generateContent';
const read = (wire: Wire, body: JsonObject): Conversation => {
  if (wire.inbound === null) throw new Error(wire.name);
  return wire.inbound.readConversation(body, wire.readRequest(body, path));
};
const HI = [{ role: 'user', content: 'hi' }];
const CONTENTS = [{ role: 'user', parts: [{ text: 'hi' }] }];

describe('named as lost', () => {
  it.each<[string, Wire, JsonObject, string]>([
    ['an effort that nobody knows', openAiChat, { messages: HI, reasoning_effort: 'ultra' }, 'reasoning effort'],
    ['an effort that nobody knows', openAiResponses, { input: 'hi', reasoning: { effort: 'ultra' } }, 'reasoning effort'],
    ['an answer to be stored', openAiChat, { messages: HI, store: true }, 'store'],
    ['a budget of a task', anthropicMessages, { messages: HI, output_config: { task_budget: { total: 9 } } }, 'output_config.task_budget'],
    ['how thinking is shown', anthropicMessages, { messages: HI, thinking: { type: 'adaptive', display: 'omitted' } }, 'thinking.display'],
    [
      'a result that goes on',
      gemini,
      { contents: [{ role: 'user', parts: [{ functionResponse: { name: 'f', response: {}, willContinue: true } }] }] },
      'functionResponse.willContinue',
    ],
    [
      'the name of data',
      gemini,
      { contents: [{ role: 'user', parts: [{ inlineData: { mimeType: 'application/pdf', data: 'JVBERi0=', displayName: 'a.pdf' } }] }] },
      'inlineData.displayName',
    ],
  ])('%s', (_, wire, body, name) => expect(read(wire, body).dropped).toContain(name));
});

describe('refused', () => {
  it.each<[string, Wire, JsonObject, RegExp]>([
    ['probabilities of tokens', openAiResponses, { input: 'hi', include: ['message.output_text.logprobs'] }, /^include: probabilities/],
    ['an item that lies nowhere', openAiResponses, { input: [{ type: 'item_reference', id: 'msg_1' }] }, /^input\[0\]: names an item.*store: false/],
    [
      'a choice of tools that is none',
      anthropicMessages,
      { messages: HI, tool_choice: { type: 'tool' } },
      /^tool_choice: type `tool`, expected auto/,
    ],
  ])('%s', (_, wire, body, message) => {
    expect(() => read(wire, body)).toThrow(Untranslatable);
    expect(() => read(wire, body)).toThrow(message);
  });

  it('a document of Messages that is neither PDF nor text', () => {
    const file = { type: 'file', file: { filename: 'a.docx', file_data: 'data:application/msword;base64,AAAA' } };
    const it_ = read(openAiChat, { messages: [{ role: 'user', content: [file] }] });
    expect(() => anthropicMessages.outbound?.writeConversation(it_, WRITE_OPTIONS)).toThrow(/type `application\/msword`, expected a PDF or text/);
  });
});

describe('kept', () => {
  it('a schema in its beta form', () => {
    const schema = { type: 'object', properties: { a: { type: 'number' } } };
    expect(read(anthropicMessages, { messages: HI, output_format: { type: 'json_schema', schema } }).format?.schema).toEqual(schema);
  });

  it('Mistral’s words for a seed and for a tool that has to be called', () => {
    const tools = [{ type: 'function', function: { name: 'f' } }];
    expect(read(openAiChat, { messages: HI, random_seed: 7, tools, tool_choice: 'any' })).toMatchObject({
      steering: { seed: 7 },
      toolChoice: 'required',
    });
  });

  it('tools that were put off and found', () => {
    const content = [{ type: 'tool_result', tool_use_id: 't', content: [{ type: 'tool_reference', tool_name: 'get_weather' }] }];
    expect(read(anthropicMessages, { messages: [{ role: 'user', content }] }).messages[0]?.parts).toMatchObject([
      { kind: 'tool-result', parts: [{ kind: 'text', text: 'get_weather' }] },
    ]);
  });

  it('documents in words, and data without a type, which is a PDF', () => {
    const files = ['data:text/markdown;base64,R3LDvMOfZQ==', 'JVBERi0='].map((data) => ({ type: 'file', file: { filename: 'a', file_data: data } }));
    const it_ = read(openAiChat, { messages: [{ role: 'user', content: files }] });
    const written = anthropicMessages.outbound?.writeConversation(it_, WRITE_OPTIONS).body;
    expect(written?.['messages']).toEqual([
      {
        role: 'user',
        content: [
          { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'Grüße' }, title: 'a' },
          { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' }, title: 'a' },
        ],
      },
    ]);
  });

  it('reasoning that stands in the content of an item, as servers of open weights have it', () => {
    const thought = { type: 'reasoning', id: 'rs_1', summary: [], content: [{ type: 'reasoning_text', text: 'hm' }] };
    const message = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'ho' }] };
    const answer = { id: 'resp_1', object: 'response', status: 'completed', output: [thought, message] };
    expect(openAiResponses.outbound?.readCompletion(answer).parts).toMatchObject([
      { kind: 'thinking', text: 'hm' },
      { kind: 'text', text: 'ho' },
    ]);
  });

  it('members of a schema whose names are words of Google’s, and what is no schema in it', () => {
    const own = {
      type: 'OBJECT',
      properties: { nullable: { type: 'STRING', nullable: true }, propertyOrdering: { type: 'ARRAY', items: { type: 'INTEGER' }, minItems: '1' } },
      required: ['nullable', 'propertyOrdering'],
      propertyOrdering: ['nullable'],
      default: { type: 'BIG', minItems: '3' },
    };
    const tools = [{ functionDeclarations: [{ name: 'f', parameters: own }] }];
    expect(read(gemini, { contents: CONTENTS, tools }).tools[0]?.schema).toEqual({
      type: 'object',
      properties: { nullable: { type: ['string', 'null'] }, propertyOrdering: { type: 'array', items: { type: 'integer' }, minItems: 1 } },
      required: ['nullable', 'propertyOrdering'],
      default: { type: 'BIG', minItems: '3' },
    });
    const plain = { type: 'object', properties: { nullable: { const: 'STRING' } }, nullable: true };
    const declared = [{ functionDeclarations: [{ name: 'f', parametersJsonSchema: plain }] }];
    expect(read(gemini, { contents: CONTENTS, tools: declared }).tools[0]?.schema).toEqual(plain);
  });
});

describe('a call in a chat stream', () => {
  const chunk = (delta: object, finish: string | null = null) =>
    `data: ${JSON.stringify({ id: 'c', model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  const partsOf = (stream: string) => {
    const reader = openAiChat.outbound?.openReader();
    return eventsOf(stream).flatMap((event) => [...(reader?.read(event) ?? [])]);
  };
  const ofTools = (stream: string) => partsOf(stream).filter(({ kind }) => kind.startsWith('tool'));

  it('whose id comes behind its name is one', () => {
    const late =
      chunk({ tool_calls: [{ index: 0, function: { name: 'f', arguments: '' } }] }) +
      chunk({ tool_calls: [{ index: 0, id: 'late', function: { arguments: '{"a"' } }] }) +
      chunk({ tool_calls: [{ index: 0, function: { arguments: ':1}' } }] }) +
      chunk({}, 'tool_calls');
    expect(ofTools(late)).toEqual([
      { kind: 'tool-call', tool: 0, id: 'late', name: 'f' },
      { kind: 'tool-input', tool: 0, text: '{"a"' },
      { kind: 'tool-input', tool: 0, text: ':1}' },
    ]);
  });

  it('that never gets one goes on with its arguments, or at the end', () => {
    const without = chunk({ tool_calls: [{ index: 0, function: { name: 'f' } }] });
    expect(ofTools(without + chunk({ tool_calls: [{ index: 0, function: { arguments: '{}' } }] }))).toHaveLength(2);
    expect(ofTools(without + chunk({}, 'tool_calls'))).toEqual([{ kind: 'tool-call', tool: 0, id: '', name: 'f' }]);
  });
});
