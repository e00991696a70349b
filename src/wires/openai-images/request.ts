/** https://platform.openai.com/docs/api-reference/images/create and /createEdit; edits come as a form, whose fields are text. */
import { count, stringOr } from '../json';
import type { JsonObject, RequestFacts } from '../wire';

/** The dearest image and its three previews: https://platform.openai.com/docs/guides/image-generation#cost-and-latency */
const MOST_TOKENS_PER_IMAGE = 6_240 + 3 * 100;

export function readRequest(body: JsonObject): RequestFacts {
  const choices = Math.max(1, count(Number(body['n'] ?? 1)));
  return {
    model: stringOr(body['model'], null),
    streamed: body['stream'] === true || body['stream'] === 'true',
    choices,
    maxOutputTokens: choices * MOST_TOKENS_PER_IMAGE,
    user: stringOr(body['user'], null),
    session: null,
  };
}
