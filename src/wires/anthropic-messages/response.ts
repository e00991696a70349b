import { NO_USAGE } from '../../../schema/record';
import { at, count, stringOr } from '../json';
import type { AnswerFacts, JsonObject } from '../wire';
import { readUsage } from './usage';

export const readAnswer = (body: JsonObject): AnswerFacts => ({
  model: stringOr(body['model'], null),
  // count_tokens answers the count at the top level; it is free, and no usage of a model.
  usage: readUsage(body['usage']) ?? (count(body['input_tokens']) > 0 ? NO_USAGE : null),
  error: body['type'] === 'error' ? stringOr(at(body, 'error', 'message'), 'error without a message') : null,
});
