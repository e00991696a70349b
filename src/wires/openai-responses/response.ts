import { stringOr } from '../json';
import { readError } from '../openai-chat/error';
import type { AnswerFacts, JsonObject } from '../wire';
import { readUsage } from './usage';

export const readAnswer = (body: JsonObject): AnswerFacts => ({
  model: stringOr(body['model'], null),
  usage: readUsage(body['usage']),
  // `error` stands beside `output` in a failed response, which is an answer of its own and no error body.
  error: body['object'] === 'response' ? null : readError(body),
  ...(body['object'] === 'response' && !LASTING.has(body['status']) && { isPassing: true }),
});

/** https://platform.openai.com/docs/api-reference/responses/object (`status`) */
const LASTING: ReadonlySet<unknown> = new Set(['completed', 'incomplete']);
