/** Why an answer ended: each word that a vendor's SDK knows is told, and a word that comes new to an SDK does not compile here. */
import type { StopReason as MessagesStop } from '@anthropic-ai/sdk/resources/messages';
import type { StopReason as ConverseStop } from '@aws-sdk/client-bedrock-runtime';
import type { FinishReason as GeminiFinish } from '@google/genai';
import type { ChatCompletion } from 'openai/resources/chat/completions';
import { describe, expect, it } from 'vitest';
import { anthropicMessages } from '../../src/wires/anthropic-messages/wire';
import { bedrockConverse } from '../../src/wires/bedrock-converse/wire';
import { type FinishReason, Untranslatable } from '../../src/wires/canonical';
import { gemini } from '../../src/wires/gemini/wire';
import { openAiChat } from '../../src/wires/openai-chat/wire';
import type { JsonObject, Wire } from '../../src/wires/wire';

type Told<Word extends string> = Readonly<Record<Word, FinishReason | 'failed'>>;

const CHAT: Told<ChatCompletion.Choice['finish_reason']> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool-calls',
  function_call: 'tool-calls',
  content_filter: 'filter',
};
const MESSAGES: Told<MessagesStop> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  tool_use: 'tool-calls',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  pause_turn: 'length',
  refusal: 'filter',
};
const GEMINI: Told<`${GeminiFinish}`> = {
  FINISH_REASON_UNSPECIFIED: 'stop',
  STOP: 'stop',
  MAX_TOKENS: 'length',
  SAFETY: 'filter',
  RECITATION: 'filter',
  LANGUAGE: 'filter',
  OTHER: 'filter',
  BLOCKLIST: 'filter',
  PROHIBITED_CONTENT: 'filter',
  SPII: 'filter',
  MALFORMED_FUNCTION_CALL: 'failed',
  UNEXPECTED_TOOL_CALL: 'failed',
  TOO_MANY_TOOL_CALLS: 'failed',
  IMAGE_SAFETY: 'filter',
  IMAGE_PROHIBITED_CONTENT: 'filter',
  IMAGE_RECITATION: 'filter',
  IMAGE_OTHER: 'filter',
  NO_IMAGE: 'stop',
  MALFORMED_RESPONSE: 'failed',
  CONTINUATION: 'length',
};
const CONVERSE: Told<ConverseStop> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  tool_use: 'tool-calls',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  guardrail_intervened: 'filter',
  content_filtered: 'filter',
  malformed_tool_use: 'failed',
  malformed_model_output: 'failed',
};

const CASES: readonly (readonly [Wire, Told<string>, (word: string) => JsonObject])[] = [
  [openAiChat, CHAT, (word) => ({ choices: [{ message: { content: 'hi' }, finish_reason: word }] })],
  [anthropicMessages, MESSAGES, (word) => ({ content: [{ type: 'text', text: 'hi' }], stop_reason: word })],
  [gemini, GEMINI, (word) => ({ candidates: [{ content: { parts: [{ text: 'hi' }] }, finishReason: word }] })],
  [bedrockConverse, CONVERSE, (word) => ({ output: { message: { content: [{ text: 'hi' }] } }, stopReason: word })],
];

describe.each(CASES)('$name', ({ outbound }, told, answer) => {
  it.each(Object.entries(told))('%s: %s', (word, finish) => {
    const read = () => outbound?.readCompletion(answer(word)).finish;
    if (finish === 'failed') expect(read).toThrow(Untranslatable);
    else expect(read()).toBe(finish);
  });
});

it('a stream of Bedrock that ends with what the model garbled is no whole answer', () => {
  const reader = bedrockConverse.outbound?.openReader();
  const event = { name: 'messageStop', data: '{"stopReason":"malformed_tool_use"}', bytes: new Uint8Array() };
  expect(() => reader?.read(event)).toThrow(Untranslatable);
});
