/** https://ai.google.dev/gemini-api/docs/troubleshooting and google.rpc.Code for the status words */
import type { Failure } from '../canonical';
import { at, isObject, stringOr } from '../json';
import type { JsonObject, WireError } from '../wire';

const STATUS: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

export const writeError = (error: WireError): JsonObject => ({
  error: {
    code: error.status,
    message: error.message,
    status: STATUS[error.status] ?? (error.status >= 500 ? 'INTERNAL' : 'INVALID_ARGUMENT'),
    details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: error.code }],
  },
});

export const writeErrorEvent = (error: WireError): string => `data: ${JSON.stringify(writeError(error))}\n\n`;

export function readFailure(body: JsonObject): Failure | null {
  if (!isObject(body['error'])) return null;
  return { message: stringOr(at(body, 'error', 'message'), 'error without a message'), code: stringOr(at(body, 'error', 'status'), 'error') };
}
