/** Bodies that callers may send: each wire reads a conversation out of them, or says what it cannot read, and never fails otherwise. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anthropicMessages } from '../../src/wires/anthropic-messages/wire';
import { Untranslatable } from '../../src/wires/canonical';
import { gemini } from '../../src/wires/gemini/wire';
import { openAiChat } from '../../src/wires/openai-chat/wire';
import { openAiResponses } from '../../src/wires/openai-responses/wire';
import type { JsonObject, Wire } from '../../src/wires/wire';

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
});
