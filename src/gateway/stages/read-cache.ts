/** Stage 5: an answer from the cache or from a call in flight, or the place from which this call's own answer is kept. */
import type { Policy } from '../../../schema/policy';
import type { Answered } from '../ask-target';
import { planCache } from '../cache/plan';
import type { AnswerCache, Found } from '../cache/ports';
import type { Call, CallBody, Identity, Target } from '../call';
import type { Deadline } from '../deadline';
import { holdEvents } from '../hold-events';
import { networkFailure } from '../network-failure';
import { openAnswer } from '../open-answer';
import type { Clock } from '../ports';
import type { Trail } from '../trail';

/** The answer, or null: the provider is asked. */
export function readCache(
  call: Call,
  identity: Identity,
  policy: Policy,
  body: CallBody,
  targets: readonly Target[],
  deadline: Deadline,
  deps: { readonly cache: AnswerCache; readonly clock: Clock },
  trail: Trail,
): Promise<Answered | null> | null {
  const plan = planCache(call, identity, policy, body, targets);
  return plan === null ? null : look(plan);

  async function look(it: NonNullable<typeof plan>): Promise<Answered | null> {
    const { key, found, publisher, warning, reason } = await deps.cache.open(it, (waiting) => bounded(waiting, call, targets, deadline));
    if (warning !== null) trail.warn(warning);
    trail.publisher = publisher;
    trail.cacheTtlSeconds = it.ttlSeconds;
    trail.cacheReason = reason;
    if (found === null) {
      if (it.reads) trail.cache = { status: 'miss', key, bucket: publisher?.bucket ?? null, reference: null, latencyMs: 0, ageSeconds: 0 };
      return null;
    }
    const { head, bucket } = found;
    const now = deps.clock.now();
    trail.cache = {
      status: 'hit',
      key,
      bucket,
      reference: head.requestId,
      latencyMs: head.latencyMs,
      ageSeconds: Math.max(0, Math.floor((now - head.createdAt) / 1_000)),
    };
    const answered = await answerOf(found, call, targets, deadline, now, trail);
    if (answered.isFollowed !== true || policy.streamRescue !== 'buffer') return answered;
    return whole(answered, call, body, deadline, trail);
  }
}

/** Of a call that wants nothing before it is whole. What breaks off was none: the call makes its own way then. */
async function whole(answered: Answered, call: Call, body: CallBody, deadline: Deadline, trail: Trail): Promise<Answered | null> {
  const { opened, target } = answered;
  const events = opened.kind === 'events' ? call.wire.openStream(body.facts, false) : null;
  if (opened.kind !== 'events' || events === null) return answered;
  try {
    const held = holdEvents(opened.stream, events, target, { untilWhole: true, onChunk: () => deadline.touch() });
    return { ...answered, opened: { ...opened, stream: await deadline.within(held) } };
  } catch (cause) {
    if (deadline.expired !== null || deadline.clientLeft) throw networkFailure(cause, target, deadline);
    trail.leaveFollowed();
    return null;
  }
}

/** A call in flight may take as long as its provider thinks: this call's own total, and its client, end the wait for it. */
async function bounded<T>(waiting: Promise<T>, call: Call, targets: readonly Target[], deadline: Deadline): Promise<T> {
  deadline.arm('total', deadline.leftMs);
  try {
    return await new Promise((resolve, reject) => {
      call.signal.addEventListener('abort', () => reject(new Error('the client left')));
      deadline.within(waiting).then(resolve, reject);
    });
  } catch (cause) {
    const [target] = targets;
    // Where this call may go on waiting, the cache has failed, and the call goes on without it.
    const isOver = deadline.expired !== null || deadline.clientLeft;
    throw target === undefined || !isOver ? cause : networkFailure(cause, target, deadline);
  }
}

async function answerOf(found: Found, call: Call, targets: readonly Target[], deadline: Deadline, now: number, trail: Trail): Promise<Answered> {
  const { head, body } = found;
  const [first] = targets;
  const target = targets.find((each) => each.name === head.provider && each.model === head.model) ?? first;
  if (target === undefined) throw new Error('a cached answer for a call without targets');
  trail.target = target;
  deadline.arm('total', deadline.leftMs);
  const response = new Response(body, { headers: { ...head.headers } });
  const said = { status: response.status, headers: new Map(Object.entries(head.headers)) };
  const opened = await openAnswer(call, call.wire, target, response, said, deadline);
  return { head: said, opened, target, dropUsage: head.dropsUsage, startedAt: now, isFollowed: found.isLive };
}
