/** https://platform.openai.com/docs/api-reference/responses/create */
import { limitOf, stringOr } from '../json';
import type { JsonObject, RequestFacts } from '../wire';

export const readRequest = (body: JsonObject): RequestFacts => ({
  model: stringOr(body['model'], null),
  streamed: body['stream'] === true,
  choices: 1,
  maxOutputTokens: limitOf(body['max_output_tokens']),
  user: stringOr(body['user'], null) ?? stringOr(body['safety_identifier'], null),
  session: null,
});
