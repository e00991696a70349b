/** https://platform.openai.com/docs/api-reference/chat/create and /completions/create */
import { count, isObject, limitOf, stringOr } from '../json';
import type { BodyEdit, JsonObject, RequestFacts } from '../wire';

export function readRequest(body: JsonObject): RequestFacts {
  const choices = Math.max(1, count(body['n']));
  // Both names are in use, and the provider decides which one counts.
  const stated = limitOf(body['max_completion_tokens'], body['max_tokens']);
  const prompts = Array.isArray(body['prompt']) && body['prompt'].every((each) => typeof each !== 'number') ? body['prompt'].length : 1;
  return {
    model: stringOr(body['model'], null),
    streamed: body['stream'] === true,
    choices,
    maxOutputTokens: stated === null ? null : stated * Math.max(choices, count(body['best_of'])) * Math.max(1, prompts),
    user: stringOr(body['user'], null),
    session: null,
  };
}

export function askForUsage(body: JsonObject): readonly BodyEdit[] {
  const options = body['stream_options'];
  if (isObject(options) && options['include_usage'] === true) return [];
  return [{ key: 'stream_options', json: JSON.stringify({ ...(isObject(options) ? options : {}), include_usage: true }) }];
}
