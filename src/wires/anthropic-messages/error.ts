/** https://platform.claude.com/docs/en/api/errors */
import type { Failure } from '../canonical';
import { isObject, stringOr } from '../json';
import type { JsonObject, WireError } from '../wire';

const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

/** There is no code for it here: clients know it by the vendor's words, and Claude Code compacts then. */
const TOO_LONG = 'prompt is too long';

const shownMessage = ({ code, message }: WireError): string =>
  code === 'context_length_exceeded' && !message.toLowerCase().includes(TOO_LONG) ? `${TOO_LONG}: ${message}` : message;

export const writeError = (error: WireError): JsonObject => ({
  type: 'error',
  error: {
    type: TYPES[error.status] ?? (error.status >= 500 ? 'api_error' : 'invalid_request_error'),
    message: shownMessage(error),
    code: error.code,
  },
  request_id: error.requestId,
});

export const writeErrorEvent = (error: WireError): string => `event: error\ndata: ${JSON.stringify(writeError(error))}\n\n`;

export function readFailure(body: JsonObject): Failure | null {
  const error = body['error'];
  if (!isObject(error)) return null;
  const code = stringOr(error['type'], 'error');
  return { message: stringOr(error['message'], 'error without a message'), code };
}
