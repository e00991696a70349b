/** Stage 9: passes the answer on, and reads usage, first byte and end from it on the way. */
import { usageOfHeaders } from '../../wires/bedrock-counts';
import type { AnswerFacts } from '../../wires/wire';
import type { Answered } from '../ask-target';
import { warnOfBackground } from '../background';
import type { Call, CallBody } from '../call';
import { costOf } from '../cost';
import type { Deadline } from '../deadline';
import { FrameMeter } from '../frame-meter';
import { type ByteMeter, LargeAnswerMeter } from '../large-answer';
import type { Clock, SocketBridge } from '../ports';
import type { FindOverride } from '../price';
import type { Whole } from '../read-answer';
import { replyHeaders } from '../reply-headers';
import type { Trail } from '../trail';
import { meterSocket } from './meter-socket';
import { meterStream } from './meter-stream';
import { passThrough } from './pass-through';

export interface MeterDeps {
  readonly clock: Clock;
  readonly bridgeSockets: SocketBridge;
  readonly pricesInMemory: () => FindOverride | null;
}

export function meter(call: Call, body: CallBody, answered: Answered, deadline: Deadline, deps: MeterDeps, trail: Trail): Response {
  const { clock } = deps;
  const { opened, head } = answered;
  beginKeeping(answered, clock, trail);
  trail.answerIsText = /^text\/|json|xml|x-www-form-urlencoded/i.test(head.headers.get('content-type') ?? '');
  switch (opened.kind) {
    case 'whole':
      return endWhole(opened.whole, opened.facts, answered, deadline, deps, trail);
    case 'events':
      return meterStream(call, body, answered, opened.stream, deadline, clock, trail);
    case 'socket':
      return meterSocket(answered, opened.response, deps.bridgeSockets, deadline, clock, trail);
    case 'bytes':
      if (opened.isUnread) trail.warn('answer over 8 MiB: streamed through, not stored whole');
      return passThrough(answered, opened.stream, byteMeter(call, body, answered, opened.isUnread), opened.isUnread, deadline, clock, trail);
  }
}

function byteMeter({ wire }: Call, { facts }: CallBody, { head }: Answered, isUnread: boolean): ByteMeter | null {
  const type = head.headers.get('content-type') ?? '';
  return isUnread && head.status < 400 ? LargeAnswerMeter.of(wire, type) : FrameMeter.of(wire, facts, type);
}

/** Only whole answers under 200 are kept; what has begun may still turn out to be none. */
function beginKeeping({ head, target, dropUsage }: Answered, clock: Clock, trail: Trail): void {
  const { publisher, call } = trail;
  if (publisher === null) return;
  const now = clock.now();
  if (head.status !== 200) return publisher.end(false, 0);
  publisher.begin({
    v: 1,
    headers: { 'content-type': head.headers.get('content-type') ?? 'application/octet-stream' },
    latencyMs: now - call.startedAt,
    createdAt: now,
    expiresAt: now + trail.cacheTtlSeconds * 1_000,
    dropsUsage: dropUsage,
    provider: target.name,
    model: target.model,
    requestId: trail.requestId,
  });
}

const encoder = new TextEncoder();

/** A JSON answer that is none, or that says itself that it failed or goes on, is not repeated to others. */
function isLasting({ head }: Answered, whole: Whole, facts: AnswerFacts | null): boolean {
  const isJson = /json\b/i.test(head.headers.get('content-type') ?? '');
  return whole.byteLength > 0 && (facts !== null || !isJson) && facts?.isPassing !== true;
}

/** The bytes as the client gets them. */
function publish({ text, body }: Whole, isKept: boolean, clock: Clock, trail: Trail): void {
  if (trail.publisher === null) return;
  if (isKept) trail.publisher.write(body instanceof Uint8Array ? body : encoder.encode(text));
  trail.endPublishing(isKept, clock.now());
}

function endWhole(whole: Whole, facts: AnswerFacts | null, answered: Answered, deadline: Deadline, deps: MeterDeps, trail: Trail): Response {
  const { head } = answered;
  const { clock } = deps;
  deadline.disarm();
  trail.firstByteAt = clock.now();
  trail.answerText = whole.original ?? whole.text;
  trail.answerBytes = whole.byteLength;
  trail.responseModel = facts?.model ?? null;
  if (head.status < 400 && facts !== null) {
    trail.usage = facts.usage ?? usageOfHeaders(head.headers);
    trail.background = facts.background ?? null;
    warnOfBackground(trail);
    trail.providerError = facts.error;
    trail.costNanoUsd = costNow(trail, deps);
  }
  // Some providers report an error under 200; nobody should take that for an answer.
  const status = trail.providerError !== null ? 502 : head.status;
  publish(whole, status === 200 && !deadline.clientLeft && isLasting(answered, whole, facts), clock, trail);
  if (deadline.clientLeft) trail.end('cancelled', 499, 'cancelled');
  else trail.end(status >= 400 ? 'provider_error' : 'ok', status);
  return new Response(whole.body, { status, headers: replyHeaders(head.headers, trail) });
}

/** In nano-dollars, by what the provider reported; null where that or the tenant's own prices are not known yet. */
function costNow(trail: Trail, { pricesInMemory }: MeterDeps): number | null {
  const { call, policy, body, target, usage, attempts, responseModel, cache } = trail;
  const findOverride = pricesInMemory();
  if (usage === null || findOverride === null) return null;
  const billed = {
    usage,
    provider: target?.name ?? null,
    modelOverride: policy?.modelOverride ?? null,
    responseModel,
    attempts,
    requestModel: body?.facts.model ?? target?.model ?? null,
    startedAt: call.startedAt,
    outcome: 'ok',
    wire: call.wire.name,
    cache,
  } as const;
  return costOf(billed, findOverride).nanoUsd;
}
