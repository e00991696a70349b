import type { Target } from './call';
import type { Deadline } from './deadline';
import { GatewayError } from './errors';

/** Why there was no answer: a limit of time, the client, or the connection. */
export function networkFailure(cause: unknown, target: Target, deadline: Deadline): GatewayError {
  if (deadline.expired !== null) {
    const { name, ms } = deadline.expired;
    return new GatewayError('provider_timeout', `${target.name} gave no answer: the ${name} limit of ${ms} ms ran out.`, { cause });
  }
  if (deadline.clientLeft) return new GatewayError('cancelled', 'The client left before there was an answer.', { cause });
  return new GatewayError('provider_unreachable', `${target.name} could not be reached: the connection failed before an answer came.`, { cause });
}
