/** https://platform.openai.com/docs/api-reference/images/object; names no model. */
import { objects } from '../json';
import { readError } from '../openai-chat/error';
import type { AnswerFacts, JsonObject } from '../wire';
import { readUsage } from './usage';

export const readAnswer = (body: JsonObject): AnswerFacts => ({
  model: null,
  usage: readUsage(body['usage'], objects(body['data']).length),
  error: readError(body),
});
