/** https://platform.openai.com/docs/api-reference/chat/object */
import type { ChatCompletion } from 'openai/resources/chat/completions';
import { type Completion, type FinishReason, Untranslatable } from '../canonical';
import { readAnnotations, writeChatAnnotation } from '../citations';
import { isObject, objects, stringOr } from '../json';
import { writeDetails } from '../reasoning-details';
import type { AnswerFacts, JsonObject } from '../wire';
import { readError } from './error';
import { readAssistant, writeAssistant, writeImages } from './request';
import { readUsage, writeUsage } from './usage';

export const readAnswer = (body: JsonObject): AnswerFacts => ({
  model: stringOr(body['model'], null),
  usage: readUsage(body['usage'], body['service_tier']),
  error: readError(body),
});

export type ChatFinishReason = ChatCompletion.Choice['finish_reason'];

export function readFinish(reason: unknown): FinishReason {
  if (reason === 'length') return 'length';
  if (reason === 'tool_calls' || reason === 'function_call') return 'tool-calls';
  if (reason === 'error') throw new Untranslatable('finish_reason', 'error');
  return reason === 'content_filter' ? 'filter' : 'stop';
}

/** A tool that the caller named ends with `stop` here: https://platform.openai.com/docs/guides/function-calling */
export const finishOf = (reason: FinishReason, hasTools: boolean): FinishReason => (hasTools && reason === 'stop' ? 'tool-calls' : reason);

const FINISH: Readonly<Record<FinishReason, ChatFinishReason>> = {
  stop: 'stop',
  length: 'length',
  'tool-calls': 'tool_calls',
  filter: 'content_filter',
};
export const writeFinish = (reason: FinishReason): ChatFinishReason => FINISH[reason];

export function readCompletion(body: JsonObject): Completion {
  const [choice] = objects(body['choices']);
  const message = choice?.['message'];
  if (!isObject(message)) throw new Untranslatable('choices', 'expected one with a message');
  const parts = readAssistant(message, 'choices[0].message');
  return {
    id: stringOr(body['id'], ''),
    model: stringOr(body['model'], ''),
    parts,
    citations: readAnnotations(message['annotations']),
    finish: finishOf(
      readFinish(choice?.['finish_reason']),
      parts.some((part) => part.kind === 'tool-call'),
    ),
    usage: readUsage(body['usage'], body['service_tier']),
  };
}

/** By both names in use: DeepSeek's and vLLM's, and that of OpenRouter and Helicone (https://docs.helicone.ai/gateway/concepts/reasoning). */
export const thoughtIn = (text: string): JsonObject => ({ reasoning_content: text, reasoning: text });

export function writeCompletion(it: Completion, createdAt: number): JsonObject {
  const thinking = it.parts.map((part) => (part.kind === 'thinking' ? part.text : '')).join('');
  const details = writeDetails(it.parts);
  const message = {
    refusal: null,
    ...writeAssistant(it.parts, true),
    ...writeImages(it.parts.filter((part) => part.kind === 'image')),
    ...(thinking !== '' && thoughtIn(thinking)),
    ...(details.length > 0 && { reasoning_details: details }),
    ...(it.citations.length > 0 && { annotations: it.citations.map(writeChatAnnotation) }),
  };
  return {
    id: it.id,
    object: 'chat.completion' satisfies ChatCompletion['object'],
    created: createdAt,
    model: it.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: writeFinish(it.finish) }],
    ...(it.usage !== null && { usage: writeUsage(it.usage) }),
  };
}
