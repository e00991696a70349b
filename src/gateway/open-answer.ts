/** What a provider's response is: a whole answer, read to its end, a stream of events, or bytes to pass on. */
import { FrameError, framesToEvents } from '../wires/aws-frames';
import { parseObject } from '../wires/json';
import type { AnswerFacts, StreamReader, Wire } from '../wires/wire';
import type { AnswerHead } from './answer-head';
import type { Call, Target } from './call';
import type { Deadline } from './deadline';
import { GatewayError } from './errors';
import { networkFailure } from './network-failure';
import { NOTHING, readAnswer, statedBytes, type Whole } from './read-answer';
import { isSocketCall } from './upstream-headers';

export type Opened =
  /** `facts`: what the wire made of its JSON, or null where it is none. */
  | { readonly kind: 'whole'; readonly whole: Whole; readonly facts: AnswerFacts | null }
  /** `metered`: who knows what the answer used up, where its events are not the provider's own; else null. */
  | {
      readonly kind: 'events';
      readonly stream: ReadableStream<Uint8Array>;
      readonly metered: Pick<StreamReader, 'usage' | 'model' | 'finished'> | null;
    }
  /** The provider speaks WebSocket from here on. */
  | { readonly kind: 'socket'; readonly response: Response }
  /** `isUnread`: it would have been read whole, and was too large for that. */
  | { readonly kind: 'bytes'; readonly stream: ReadableStream<Uint8Array>; readonly isUnread: boolean };

/** Statuses that have no body by RFC 9110; a Response with one would be refused by the runtime. */
const BODILESS = new Set([204, 205, 304]);
const SWITCHED = 101;
/** What a Response may carry. */
const STATUS_LEAST = 200;
const STATUS_MOST = 599;

/** `wire`: what the answer is written in. Throws `provider_malformed`, `provider_cut`, `provider_timeout` or `cancelled`. */
export async function openAnswer(call: Call, wire: Wire, target: Target, response: Response, head: AnswerHead, deadline: Deadline): Promise<Opened> {
  const { status, headers } = head;
  if (status === SWITCHED && isSocketCall(call)) return { kind: 'socket', response };
  if (status < STATUS_LEAST || status > STATUS_MOST) throw malformed(target, `status ${status}`);
  // The stream of such an answer is never looked at, and not made by that.
  if (!BODILESS.has(status) && statedBytes(head) !== null) return openWhole(call, wire, target, response, head, deadline);
  const stream = response.body;
  if (stream === null || BODILESS.has(status)) {
    // A proxy passes what there is; the AI Gateway promised an answer.
    if (call.door.kind === 'gateway' && status < 400) throw malformed(target, `status ${status} and no body`);
    return { kind: 'whole', whole: NOTHING, facts: null };
  }
  const type = headers.get('content-type') ?? '';
  if (/^text\/event-stream\b/i.test(type) && status < 400) return { kind: 'events', stream, metered: null };
  if (wire.openFrames !== undefined && wire !== call.wire && status < 400 && !/json\b/i.test(type)) {
    return { kind: 'events', stream: stream.pipeThrough(framesToEvents(wire.openFrames())), metered: null };
  }
  const mayBeBytes = call.door.kind !== 'gateway' || wire.answersBytes === true;
  if (!/json\b/i.test(type) && status < 400 && mayBeBytes) return { kind: 'bytes', stream, isUnread: false };
  return openWhole(call, wire, target, response, head, deadline);
}

async function openWhole(call: Call, wire: Wire, target: Target, response: Response, head: AnswerHead, deadline: Deadline): Promise<Opened> {
  let read: Awaited<ReturnType<typeof readAnswer>>;
  try {
    read = await deadline.within(readAnswer(response, head));
  } catch (cause) {
    throw brokenOff(cause, target, deadline);
  }
  if (!read.whole) return { kind: 'bytes', stream: read.stream, isUnread: true };
  const answer = parseObject(read.text);
  // A proxy passes whatever its provider says; the AI Gateway promised a dialect.
  if (answer === null && head.status < 400 && call.door.kind === 'gateway') throw malformed(target, 'a body that is no JSON object');
  return { kind: 'whole', whole: read, facts: answer === null ? null : wire.readAnswer(answer) };
}

/** A failure once the answer had begun. */
export function brokenOff(cause: unknown, target: Target, deadline: Deadline): GatewayError {
  if (cause instanceof GatewayError) return cause;
  if (cause instanceof FrameError) return malformed(target, cause.message, cause);
  const failure = networkFailure(cause, target, deadline);
  if (failure.code !== 'provider_unreachable') return failure;
  return new GatewayError('provider_cut', `${target.name} broke off amid its answer.`, { cause });
}

const malformed = (target: Target, what: string, cause?: unknown): GatewayError =>
  new GatewayError('provider_malformed', `${target.name} answered with ${what}.`, { cause });
