/** Stage 8: asks the target and gives its response, or says why there is none. */
import { editJson } from '../../wires/edit-json';
import type { BodyEdit } from '../../wires/wire';
import type { Call, CallBody, Identity, Target } from '../call';
import type { Deadline } from '../deadline';
import { GatewayError } from '../errors';
import type { Clock, Upstream } from '../ports';
import type { Trail } from '../trail';
import { upstreamHeaders } from '../upstream-headers';

export interface Answered {
  readonly response: Response;
  readonly target: Target;
  /** The usage event of the stream was asked for by Weir alone. */
  readonly dropUsage: boolean;
}

export async function runAttempts(
  call: Call,
  identity: Identity,
  body: CallBody,
  targets: readonly Target[],
  deadline: Deadline,
  deps: { readonly upstream: Upstream; readonly clock: Clock },
  trail: Trail,
): Promise<Answered> {
  const target = targets[0];
  if (target === undefined) throw new GatewayError('model_not_found', 'No target is left for this call.');
  trail.target = target;
  const edits = bodyEdits(call, body, target);
  const request = {
    method: call.method,
    headers: upstreamHeaders(call, identity, target),
    body: outgoingBody(body, edits),
    signal: deadline.client,
  };
  const startedAt = deps.clock.now();
  const note = (status: number | null, error: string | null): void => {
    trail.attempts.push({ provider: target.name, model: target.model, status, durationMs: deps.clock.now() - startedAt, error });
  };
  armForHeaders(deadline, body.facts.streamed);
  try {
    const response = await deadline.within(deps.upstream.fetch(target, request));
    note(response.status, response.ok || response.status < 400 ? null : `status ${response.status}`);
    if (call.door.kind === 'gateway') await refuseBadKey(response, target);
    return { response, target, dropUsage: edits.some((edit) => edit.key === 'stream_options') && !trail.policy?.streamUsage };
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    const failure = networkFailure(error, target, deadline);
    note(null, failure.code);
    throw failure;
  }
}

/** Before the headers: a streamed call is bound by the connect and first-byte limits, another one by the total. */
function armForHeaders(deadline: Deadline, streamed: boolean): void {
  const { connectMs, firstByteMs, totalMs } = deadline.limits;
  if (streamed && connectMs !== null && connectMs < (firstByteMs ?? totalMs)) deadline.arm('connect', connectMs);
  else deadline.arm('first byte', firstByteMs ?? totalMs);
}

function bodyEdits(call: Call, body: CallBody, target: Target): BodyEdit[] {
  if (body.json === null) return [];
  const edits: BodyEdit[] = [];
  if (call.door.kind === 'gateway' && target.model !== null && target.model !== body.json['model']) {
    edits.push({ key: 'model', json: JSON.stringify(target.model) });
  }
  if (body.facts.streamed && target.provider?.streamUsage === true) edits.push(...call.wire.askForUsage(body.json));
  return edits;
}

function outgoingBody(body: CallBody, edits: readonly BodyEdit[]): BodyInit | null {
  if (body.text !== null && (edits.length > 0 || body.bytes === null)) return editJson(body.text, edits);
  return body.bytes ?? body.stream;
}

/** The caller's key is fine; it is the deployment's key that the provider refused, and only its operator can mend that. */
async function refuseBadKey(response: Response, target: Target): Promise<void> {
  if (target.key === null || (response.status !== 401 && response.status !== 403)) return;
  await response.body?.cancel();
  const variable = target.provider?.keyVariable ?? 'the key';
  throw new GatewayError(
    'provider_auth',
    `${target.name} refused the key that this deployment holds (status ${response.status}); check ${variable}.`,
  );
}

export function networkFailure(cause: unknown, target: Target, deadline: Deadline): GatewayError {
  if (deadline.expired !== null) {
    const { name, ms } = deadline.expired;
    return new GatewayError('provider_timeout', `${target.name} gave no answer: the ${name} limit of ${ms} ms ran out.`, { cause });
  }
  if (deadline.clientLeft) return new GatewayError('cancelled', 'The client left before there was an answer.', { cause });
  return new GatewayError('provider_unreachable', `${target.name} could not be reached: the connection failed before an answer came.`, { cause });
}
