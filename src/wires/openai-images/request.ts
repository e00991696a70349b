/** https://platform.openai.com/docs/api-reference/images/create and /createEdit; edits come as a form, whose fields are text. */
import { count, stringOr } from '../json';
import type { JsonObject, RequestFacts } from '../wire';

/** The dearest size of each quality: https://platform.openai.com/docs/guides/image-generation#cost-and-latency; `auto` may be any. */
const TOKENS_PER_IMAGE: Readonly<Record<string, number>> = { low: 408, medium: 1_584, high: 6_240 };
const MOST_TOKENS_PER_IMAGE = 6_240;
const TOKENS_PER_PREVIEW = 100;

export function readRequest(body: JsonObject): RequestFacts {
  const choices = Math.max(1, count(Number(body['n'] ?? 1)));
  const tokens = TOKENS_PER_IMAGE[stringOr(body['quality'], '')] ?? MOST_TOKENS_PER_IMAGE;
  return {
    model: stringOr(body['model'], null),
    streamed: body['stream'] === true || body['stream'] === 'true',
    choices,
    maxOutputTokens: choices * (tokens + count(Number(body['partial_images'] ?? 0)) * TOKENS_PER_PREVIEW),
    user: stringOr(body['user'], null),
    session: null,
  };
}
