/** https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html; clients read the type from the body where no header has it. */
import type { Failure } from '../canonical';
import { stringOr } from '../json';
import type { JsonObject, WireError } from '../wire';

const TYPES: Readonly<Record<number, string>> = {
  401: 'UnrecognizedClientException',
  403: 'AccessDeniedException',
  404: 'ResourceNotFoundException',
  429: 'ThrottlingException',
  503: 'ServiceUnavailableException',
};

export const writeError = (error: WireError): JsonObject => ({
  __type: TYPES[error.status] ?? (error.status >= 500 ? 'InternalServerException' : 'ValidationException'),
  message: error.message,
});

export const writeErrorEvent = (error: WireError): string =>
  `event: internalServerException\ndata: ${JSON.stringify({ message: error.message })}\n\n`;

export function readFailure(body: JsonObject): Failure | null {
  const message = stringOr(body['message'] ?? body['Message'], null);
  return message === null ? null : { message, code: stringOr(body['__type'], 'error').replace(/^.*#/, '') };
}
