/** https://platform.openai.com/docs/api-reference/audio/json-object; speech and plain transcripts are no JSON. */
import { stringOr } from '../json';
import { readError } from '../openai-chat/error';
import type { AnswerFacts, JsonObject } from '../wire';
import { readUsage } from './usage';

export const readAnswer = (body: JsonObject): AnswerFacts => ({
  model: stringOr(body['model'], null),
  usage: readUsage(body['usage'], body['duration']),
  error: readError(body),
});
