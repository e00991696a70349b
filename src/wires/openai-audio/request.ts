/** https://platform.openai.com/docs/api-reference/audio: speech as JSON, transcripts and translations as a form, whose fields are text. */
import { stringOr } from '../json';
import type { JsonObject, RequestFacts } from '../wire';

export const readRequest = (body: JsonObject): RequestFacts => ({
  model: stringOr(body['model'], null),
  streamed: body['stream'] === true || body['stream'] === 'true' || body['stream_format'] === 'sse',
  choices: 1,
  maxOutputTokens: null,
  user: stringOr(body['user'], null),
  session: null,
});
