/** https://platform.openai.com/docs/api-reference/chat/create and /completions/create */
import { count, isObject, stringOr } from '../json';
import type { BodyEdit, JsonObject, RequestFacts } from '../wire';

export const readRequest = (body: JsonObject): RequestFacts => ({
  model: stringOr(body['model'], null),
  streamed: body['stream'] === true,
  choices: Math.max(1, count(body['n'])),
  maxOutputTokens: count(body['max_completion_tokens']) || count(body['max_tokens']) || null,
  user: stringOr(body['user'], null),
  session: null,
});

export function askForUsage(body: JsonObject): readonly BodyEdit[] {
  const options = body['stream_options'];
  if (isObject(options) && options['include_usage'] === true) return [];
  return [{ key: 'stream_options', json: JSON.stringify({ ...(isObject(options) ? options : {}), include_usage: true }) }];
}
