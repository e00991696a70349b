/** https://platform.claude.com/docs/en/api/messages; `metadata.user_id` as Claude Code sends it is a JSON object in a string. */
import { at, limitOf, parseObject, stringOr } from '../json';
import type { JsonObject, RequestFacts } from '../wire';

export function readRequest(body: JsonObject): RequestFacts {
  const userId = stringOr(at(body, 'metadata', 'user_id'), null);
  const packed = userId?.startsWith('{') ? parseObject(userId) : null;
  const user = packed === null ? userId : stringOr(packed['account_uuid'] || packed['user_id'] || packed['device_id'], userId);
  return {
    model: stringOr(body['model'], null),
    streamed: body['stream'] === true,
    choices: 1,
    maxOutputTokens: limitOf(body['max_tokens']),
    user,
    session: stringOr(packed?.['session_id'], null),
  };
}
