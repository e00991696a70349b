/** One try at one target: an answer that has begun, or why there is none. Failures are values; what to do about them is not decided here. */
import { Untranslatable } from '../wires/canonical';
import { type AnswerHead, headOf } from './answer-head';
import type { Call, CallBody, Identity, Target } from './call';
import type { Deadline } from './deadline';
import { GatewayError } from './errors';
import { fitWindow } from './fit-window';
import { holdEvents } from './hold-events';
import { loadMedia } from './media';
import { networkFailure } from './network-failure';
import { brokenOff, type Opened, openAnswer } from './open-answer';
import { type Outgoing, outgoingBody, shownNames, untranslatable } from './outgoing-body';
import type { Clock, MediaFetcher, Upstream } from './ports';
import { type FailureKind, kindOfStatus, readRetryAfterMs, refusesKey } from './routing/retry';
import type { Trail } from './trail';
import { upstreamHeaders } from './upstream-headers';

export interface Answered {
  readonly head: AnswerHead;
  readonly opened: Opened;
  readonly target: Target;
  /** The usage event of the stream was asked for by Weir alone. */
  readonly dropUsage: boolean;
  /** Unix milliseconds. */
  readonly startedAt: number;
  /** It is the answer of an equal call that is still in flight. */
  readonly isFollowed?: boolean;
}

export interface Failed {
  readonly kind: FailureKind;
  /** The least wait before a repeat that the provider asks for, or null. */
  readonly retryAfterMs: number | null;
  /** What to end the call with if this was the last try: the provider's own answer, or an error. */
  readonly end: Answered | GatewayError;
}

export interface AskDeps {
  readonly upstream: Upstream;
  readonly fetchMedia: MediaFetcher;
  readonly clock: Clock;
}

/** What stays the same over all tries of a call. */
export interface Asked {
  readonly call: Call;
  readonly identity: Identity;
  readonly body: CallBody;
  readonly deadline: Deadline;
  readonly deps: AskDeps;
  readonly trail: Trail;
  /** Other tries could follow: a stream is held back until its first content, and what is given up is closed. */
  readonly isCareful: boolean;
}

/** `prefill`: text with which the answer has begun already, for targets that go on from it; else null. */
export async function askTarget(asked: Asked, target: Target, prefill: string | null): Promise<Answered | Failed> {
  const { call, body, deadline, deps, trail } = asked;
  const startedAt = deps.clock.now();
  const giveUp = asked.isCareful ? new AbortController() : null;
  trail.target = target;
  armForHeaders(deadline, body.facts.streamed);
  let status: number | null = null;
  const note = (error: string | null, bytes = 0): void => {
    trail.attempts.push({ provider: target.name, model: target.model, status, durationMs: deps.clock.now() - startedAt, bytes, error });
  };
  try {
    const fitted = trail.policy === null ? { body, note: null } : fitWindow(call, body, target, trail.policy);
    if (fitted.note !== null && !trail.warnings.includes(fitted.note)) trail.warn(fitted.note);
    const written = outgoingBody(call, fitted.body, target, prefill);
    const {
      body: sent,
      dropped,
      headers,
    } = written.missing.length === 0 ? written : await withMissing(asked, fitted.body, target, prefill, written.missing);
    if (dropped.length > 0) trail.warn(`left out, ${target.name} has no counterpart: ${shownNames(dropped)}`);
    const response = await deadline.within(
      deps.upstream.fetch(target, {
        method: call.method,
        headers: upstreamHeaders(call, asked.identity, target, headers),
        body: sent,
        signal: giveUp === null ? deadline.client : AbortSignal.any([deadline.client, giveUp.signal]),
      }),
    );
    const head = headOf(response);
    status = head.status;
    const opened = await open(asked, target, response, head, startedAt);
    const answered: Answered = { head, opened, target, dropUsage: target.provider?.streamUsage === true && wantsNoUsage(asked), startedAt };
    const failed = asFailure(answered, call, deps.clock.now());
    note(failed === null ? null : reasonOf(status, opened), opened.kind === 'whole' ? opened.whole.byteLength : 0);
    return failed ?? answered;
  } catch (thrown) {
    const error = asGatewayError(thrown, target, deadline);
    note(error.code);
    giveUp?.abort();
    return { kind: kindOfError(error, deadline), retryAfterMs: null, end: error };
  }
}

/** The body, once what it names by an address and must hold is there. */
async function withMissing(asked: Asked, body: CallBody, target: Target, prefill: string | null, missing: readonly string[]): Promise<Outgoing> {
  await asked.deadline.within(loadMedia(body, missing, asked.deps.fetchMedia, asked.deadline.client));
  const written = outgoingBody(asked.call, body, target, prefill);
  if (written.missing.length > 0) throw untranslatable(target, new Untranslatable('messages', 'an image or document that was not fetched'));
  return written;
}

async function open(asked: Asked, target: Target, response: Response, head: AnswerHead, startedAt: number): Promise<Opened> {
  const { call, body, deadline, deps } = asked;
  const opened = await openAnswer(call, target.wire, target, response, head, deadline);
  if (opened.kind !== 'events' || !asked.isCareful) return opened;
  const events = target.wire.openStream(body.facts, false);
  if (events === null) return opened;
  const { firstByteMs } = deadline.limits;
  if (firstByteMs !== null) deadline.arm('first byte', firstByteMs, deps.clock.now() - startedAt);
  try {
    const held = holdEvents(opened.stream, events, target, {
      untilWhole: asked.trail.policy?.streamRescue === 'buffer',
      onChunk: (hasContent) => (hasContent ? deadline.arm('idle', deadline.limits.idleMs) : undefined),
    });
    return { kind: 'events', stream: await deadline.within(held), metered: null };
  } catch (cause) {
    throw cause instanceof GatewayError ? cause : brokenOff(cause, target, deadline);
  }
}

/** An error answer, or an error under a success status, as the failure that it is. */
function asFailure(answered: Answered, call: Call, now: number): Failed | null {
  const { opened, head, target } = answered;
  const { status } = head;
  if (status < 400 && (opened.kind !== 'whole' || opened.facts === null || opened.facts.error === null)) return null;
  const text = opened.kind === 'whole' ? opened.whole.text : '';
  // An error under 200 counts as a 502: some gateways answer so when their own provider failed.
  const kind = kindOfStatus(status < 400 ? 502 : status, text);
  // A prompt that was refused says nothing of the key.
  const isKeys = call.door.kind === 'gateway' && holdsKey(target) && kind !== 'caller' && refusesKey(status, text);
  const end = isKeys ? refusedKey(target, status) : answered;
  return { kind: kindForFallback(kind, target, status), retryAfterMs: readRetryAfterMs(head.headers, now), end };
}

/** `Helicone-Fallbacks` says itself which statuses move on. */
function kindForFallback(kind: FailureKind, target: Target, status: number): FailureKind {
  if (target.fallback === null) return kind;
  return target.fallback.onCodes.some(([from, to]) => status >= from && status <= to) ? 'unserved' : 'caller';
}

/** A stream's failure once it had begun. */
export function brokenStream(error: GatewayError, deadline: Deadline): Failed {
  return { kind: kindOfError(error, deadline), retryAfterMs: null, end: error };
}

/** A body that no stack holds is the caller's, and nobody was asked. */
function asGatewayError(thrown: unknown, target: Target, deadline: Deadline): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  if (thrown instanceof RangeError) return new GatewayError('bad_request', 'The body is nested too deep to be read.', { cause: thrown });
  return networkFailure(thrown, target, deadline);
}

function kindOfError(error: GatewayError, deadline: Deadline): FailureKind {
  if (error.code === 'cancelled' || deadline.expired?.name === 'total') return 'over';
  if (error.code === 'provider_timeout') return 'silent';
  if (error.code === 'bad_request') return 'caller';
  if (error.code === 'not_translated' || error.code === 'provider_differs' || error.code === 'provider_auth') return 'unserved';
  return 'transient';
}

const reasonOf = (status: number, opened: Opened): string =>
  status >= 400 || opened.kind !== 'whole' || opened.facts === null ? `status ${status}` : 'error under a success status';

/** Weir speaks for itself there, and not with what the caller sent. */
const holdsKey = ({ key, signing }: Target): boolean => key !== null || signing !== null;

/** The caller's key is fine; it is the deployment's key that the provider refused, and only its operator can mend that. */
function refusedKey(target: Target, status: number): GatewayError {
  const { keyVariable, signing } = target.provider ?? {};
  const variable =
    target.key === null && signing !== undefined ? signing.variables.slice(0, signing.required).join(', ') : (keyVariable ?? 'the key');
  const what = status === 403 && target.model !== null ? `, and that it may use ${shownNames([target.model])}` : '';
  return new GatewayError('provider_auth', `${target.name} refused the key that this deployment holds (status ${status}); check ${variable}${what}.`);
}

/** Before the headers: a streamed call is bound by the connect and first-byte limits, another one by the total. */
function armForHeaders(deadline: Deadline, streamed: boolean): void {
  const { connectMs, firstByteMs, totalMs } = deadline.limits;
  if (streamed && connectMs !== null && connectMs < (firstByteMs ?? totalMs)) deadline.arm('connect', connectMs);
  else deadline.arm('first byte', firstByteMs ?? totalMs);
}

/** The caller asked for no usage event: one that Weir asked for is taken out again. */
export function wantsNoUsage({ body, call, trail }: Asked): boolean {
  return body.json !== null && body.facts.streamed && trail.policy?.streamUsage !== true && call.wire.askForUsage(body.json).length > 0;
}
