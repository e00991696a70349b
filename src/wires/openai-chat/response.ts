import { stringOr } from '../json';
import type { AnswerFacts, JsonObject } from '../wire';
import { readError } from './error';
import { readUsage } from './usage';

export const readAnswer = (body: JsonObject): AnswerFacts => ({
  model: stringOr(body['model'], null),
  usage: readUsage(body['usage']),
  error: readError(body),
});
