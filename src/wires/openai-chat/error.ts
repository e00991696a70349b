/** OpenAI's error body: https://platform.openai.com/docs/guides/error-codes. All of OpenAI's wires share it. */
import type { Failure } from '../canonical';
import { isObject, objects, stringOr } from '../json';
import type { JsonObject, WireError } from '../wire';

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 404) return 'not_found_error';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}

export const writeError = (error: WireError): JsonObject => ({
  error: { message: error.message, type: error.type ?? typeOf(error.status), param: error.param, code: error.code },
});

/** A chunk with an `error` member: the official SDKs raise it as an APIError. No `[DONE]` follows. */
export const writeErrorEvent = (error: WireError): string => `data: ${JSON.stringify(writeError(error))}\n\n`;

/** What an answer or an event says of an error; some name it at the top (Mistral: `{"object": "error", "message": …}`). */
export function readError(body: JsonObject): string | null {
  const error = body['error'];
  if (body['object'] === 'error') return messageAtTop(body);
  if (typeof error === 'string') return error;
  if (typeof error !== 'object' || error === null) return null;
  return 'message' in error && typeof error.message === 'string' ? error.message : 'error without a message';
}

/** FastAPI's, by Mistral and vLLM: `{"detail": "…"}`, or a list of what is wrong with which member. */
function messageAtTop({ message, detail }: JsonObject): string | null {
  if (typeof message === 'string') return message;
  if (isObject(message)) return messageAtTop(message);
  if (typeof detail === 'string') return detail;
  const faults = objects(detail).map(({ msg, loc }) => [...(Array.isArray(loc) ? [loc.join('.')] : []), stringOr(msg, '')].join(': '));
  return faults.length === 0 ? null : faults.join('; ');
}

/** Of an answer whose status says that it is one. */
export function readFailure(body: JsonObject): Failure | null {
  const message = readError(body) ?? messageAtTop(body);
  if (message === null) return null;
  // xAI's code stands beside a text, Mistral's and Cohere's beside the message.
  const { code, type, param } = isObject(body['error']) ? body['error'] : body;
  return {
    message,
    code: stringOr(code, null) ?? stringOr(type, 'error'),
    ...(typeof type === 'string' && { type }),
    ...(typeof param === 'string' && { param }),
  };
}
