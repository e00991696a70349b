/** Bodies that callers may send: each wire reads a conversation out of them, or says what it cannot read, and never fails otherwise. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anthropicMessages } from '../../src/wires/anthropic-messages/wire';
import { bedrockConverse } from '../../src/wires/bedrock-converse/wire';
import { Untranslatable } from '../../src/wires/canonical';
import { gemini } from '../../src/wires/gemini/wire';
import { openAiChat } from '../../src/wires/openai-chat/wire';
import { openAiResponses } from '../../src/wires/openai-responses/wire';
import type { JsonObject, Wire } from '../../src/wires/wire';
import { WRITE_OPTIONS } from '../harness/write-options';

/** Values whose conversion to a text fails, beside those of every kind. */
const hostile = fc.constantFrom<unknown>({ toString: 1 }, { valueOf: null, toString: null }, [{ toString: 1 }], null, '', -1, 1e308, [[]], {});
const NAMES = [
  'role',
  'content',
  'type',
  'text',
  'parts',
  'name',
  'id',
  'input',
  'arguments',
  'function',
  'tool_calls',
  'functionCall',
  'source',
  'url',
];
const WORDS = [
  'user',
  'assistant',
  'model',
  'tool',
  'system',
  'text',
  'image',
  'function',
  'tool_use',
  'tool_result',
  'thinking',
  'message',
  'function_call',
];
const value = fc.letrec((tie) => ({
  it: fc.oneof({ maxDepth: 4 }, fc.constantFrom(...WORDS), hostile, fc.jsonValue({ maxDepth: 1 }), tie('list'), tie('object')),
  list: fc.array(tie('it'), { maxLength: 3 }),
  object: fc.dictionary(fc.constantFrom(...NAMES), tie('it'), { maxKeys: 5 }),
})).it;
const MEMBERS = [
  'messages',
  'input',
  'contents',
  'system',
  'instructions',
  'systemInstruction',
  'tools',
  'tool_choice',
  'toolConfig',
  'response_format',
];
const MORE = ['text', 'generationConfig', 'thinking', 'reasoning', 'stop', 'max_tokens', 'temperature', 'output_config', 'metadata'];
const body = fc.dictionary(fc.constantFrom(...MEMBERS, ...MORE), fc.oneof(value, fc.array(value, { maxLength: 3 })), { maxKeys: 8 });

const TARGETS: readonly Wire[] = [openAiChat, openAiResponses, anthropicMessages, gemini, bedrockConverse];

/** Parts of a turn, some of which are as they should be. */
const parts = fc.array(
  fc.oneof(
    fc.record({ type: fc.constantFrom('text', 'input_text', 'output_text'), text: fc.string() }),
    fc.record({ text: fc.string() }),
    fc.record({
      type: fc.constant('image_url'),
      image_url: fc.record({ url: fc.constantFrom('data:image/png;base64,aGk=', 'https://x.dev/a.png', 'x') }),
    }),
    fc.record({ inlineData: fc.record({ mimeType: fc.constantFrom('image/png', 'audio/wav', 'x'), data: fc.constant('aGk=') }) }),
    fc.record({ type: fc.constant('tool_use'), id: fc.string(), name: fc.string(), input: value }),
    fc.record({ functionCall: fc.record({ name: fc.string(), args: value }) }),
    fc.record({ type: fc.constant('thinking'), thinking: fc.string(), signature: fc.string() }),
    value,
  ),
  { maxLength: 3 },
);

/** A short conversation in which one turn is odd. */
function turnsOf({ name }: Wire, odd: readonly unknown[]): object {
  if (name === 'gemini')
    return {
      contents: [
        { role: 'user', parts: [{ text: 'hi' }] },
        { role: 'model', parts: odd },
        { role: 'user', parts: odd },
      ],
    };
  const turns = [
    { role: 'user', content: 'hi' },
    { role: 'assistant', content: odd },
    { role: 'user', content: odd.length === 0 ? 'again' : odd },
  ];
  return name === 'openai-responses' ? { input: turns } : { messages: turns };
}

describe.each<Wire>([openAiChat, openAiResponses, anthropicMessages, gemini])('$name', (wire) => {
  it('reads any body, or says why not', () => {
    fc.assert(
      fc.property(body, (it) => {
        const facts = wire.readRequest(it as JsonObject, '/models/x:generateContent');
        try {
          wire.inbound?.readConversation(it as JsonObject, facts);
        } catch (error) {
          expect(error).toBeInstanceOf(Untranslatable);
        }
      }),
      { numRuns: 1_500 },
    );
  });

  it('is written for any target, or said to be unsayable there', () => {
    let written = 0;
    fc.assert(
      fc.property(body, parts, fc.constantFrom(...TARGETS), (it, odd, target) => {
        const whole = { ...it, ...turnsOf(wire, odd) } as JsonObject;
        try {
          const read = wire.inbound?.readConversation(whole, wire.readRequest(whole, '/models/x:generateContent'));
          if (read === undefined) return;
          const body = target.outbound?.writeConversation(read, WRITE_OPTIONS).body;
          expect(JSON.parse(JSON.stringify(body))).toBeDefined();
          written++;
        } catch (error) {
          expect(error).toBeInstanceOf(Untranslatable);
        }
      }),
      { numRuns: 3_000 },
    );
    expect(written).toBeGreaterThan(300);
  });
});
