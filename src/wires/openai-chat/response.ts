/** https://platform.openai.com/docs/api-reference/chat/object */
import type { ChatCompletion } from 'openai/resources/chat/completions';
import type { Completion, FinishReason } from '../canonical';
import { isObject, objects, stringOr } from '../json';
import type { AnswerFacts, JsonObject } from '../wire';
import { readError } from './error';
import { readAssistant, writeAssistant } from './request';
import { readUsage, writeUsage } from './usage';

export const readAnswer = (body: JsonObject): AnswerFacts => ({
  model: stringOr(body['model'], null),
  usage: readUsage(body['usage']),
  error: readError(body),
});

export type ChatFinishReason = ChatCompletion.Choice['finish_reason'];

export function readFinish(reason: unknown): FinishReason {
  if (reason === 'length') return 'length';
  if (reason === 'tool_calls' || reason === 'function_call') return 'tool-calls';
  return reason === 'content_filter' ? 'filter' : 'stop';
}

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
  return {
    id: stringOr(body['id'], ''),
    model: stringOr(body['model'], ''),
    parts: isObject(message) ? readAssistant(message, 'choices[0].message') : [],
    finish: readFinish(choice?.['finish_reason']),
    usage: readUsage(body['usage']),
  };
}

export function writeCompletion(it: Completion, createdAt: number): JsonObject {
  const thinking = it.parts.map((part) => (part.kind === 'thinking' ? part.text : '')).join('');
  const message = { refusal: null, ...writeAssistant(it.parts), ...(thinking !== '' && { reasoning_content: thinking }) };
  return {
    id: it.id,
    object: 'chat.completion' satisfies ChatCompletion['object'],
    created: createdAt,
    model: it.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: writeFinish(it.finish) }],
    ...(it.usage !== null && { usage: writeUsage(it.usage) }),
  };
}
