/** Ends a call with an error of Weir's, in the caller's dialect. */
import type { Wire } from '../wires/wire';
import type { Deadline } from './deadline';
import { ERROR_TABLE, type GatewayError, toGatewayError } from './errors';
import { ownHeaders } from './reply-headers';
import type { Trail } from './trail';

/** The body and status of an error in a wire's dialect, without a trail's headers. */
export function errorResponse(error: GatewayError, wire: Wire, requestId: string, headers = new Headers()): Response {
  headers.set('content-type', 'application/json');
  if (error.retryAfterSeconds !== null) headers.set('retry-after', String(error.retryAfterSeconds));
  const { status, message, param } = error;
  const code = error.providerCode ?? error.code;
  return new Response(JSON.stringify(wire.writeError({ status, code, message, param, requestId })), { status, headers });
}

export function refuse(thrown: unknown, trail: Trail, deadline: Deadline | null): Response {
  const error = toGatewayError(thrown);
  deadline?.disarm();
  trail.publisher?.end(false, 0);
  // The one place where an unforeseen failure is seen by the operator. Causes of foreseen ones stay out of the log.
  if (error.code === 'internal') console.error(`call ${trail.call.id}:`, error.cause);
  const response = errorResponse(error, trail.call.wire, trail.requestId, new Headers(ownHeaders(trail, false)));
  if (error.code === 'method_not_allowed') response.headers.set('allow', 'POST');
  if (error.code === 'rate_limited') response.headers.set('x-helicone-error', 'rate_limited');
  trail.end(ERROR_TABLE[error.code].outcome, error.status, error.code);
  return response;
}
