/** Stage 8: asks the targets, one after another and each as often as it may be, until one answers or nothing is left to try. */
import type { Policy } from '../../../schema/policy';
import type { Outcome } from '../../../schema/record';
import { type Answered, type AskDeps, type Asked, askTarget, brokenStream, type Failed, wantsNoUsage } from '../ask-target';
import type { Call, CallBody, Identity, Target } from '../call';
import type { Deadline, TimeoutName } from '../deadline';
import { GatewayError } from '../errors';
import { LargeAnswerMeter } from '../large-answer';
import { brokenOff } from '../open-answer';
import { answersByTool } from '../outgoing-body';
import type { HealthBoard } from '../ports';
import { relay, type Source } from '../relay';
import type { RoutingMemory } from '../routing/memory';
import { nextStep, type RetryPolicy, waitMs } from '../routing/retry';
import { shownTarget } from '../routing/strategy';
import type { SentAnswer } from '../splice';
import type { Trail } from '../trail';
import { translateAnswer } from '../translate-answer';

export interface AttemptDeps extends AskDeps {
  readonly health: HealthBoard;
  readonly memory: RoutingMemory;
  readonly random: () => number;
}

export async function runAttempts(
  call: Call,
  identity: Identity,
  policy: Policy,
  body: CallBody,
  targets: readonly Target[],
  deadline: Deadline,
  deps: AttemptDeps,
  trail: Trail,
): Promise<Answered> {
  const retry = readRetryPolicy(policy, body);
  const rescue = readRescue(call, policy, body, trail);
  const isCareful = targets.length > 1 || retry.tries > 1 || rescue !== 'off';
  const run = new Run({ call, identity, body, deadline, deps, trail, isCareful }, retry, targets);
  return present(await run.answer(null), run, rescue === 'splice' || rescue === 'prefill' ? rescue : null);
}

/**
 * A call that follows an equal one, and asks for its own stream to be rescued: where the one that it follows breaks off, it goes on by
 * itself. `begin` asks for leave to make a call after all.
 */
export function goOnBeyond(
  followed: Answered,
  call: Call,
  identity: Identity,
  policy: Policy,
  body: CallBody,
  targets: readonly Target[],
  deadline: Deadline,
  deps: AttemptDeps,
  trail: Trail,
  begin: () => Promise<void>,
): Answered {
  if (followed.isFollowed !== true || followed.opened.kind !== 'events') return followed;
  const how = readRescue(call, policy, body, trail);
  if (how === 'off' || how === 'buffer') return followed;
  const run = new Run({ call, identity, body, deadline, deps, trail, isCareful: true }, readRetryPolicy(policy, body), targets);
  // Its bytes are in the caller's words already, whoever said them.
  const source = { stream: followed.opened.stream, target: { ...followed.target, wire: call.wire }, continues: false };
  const takeOver = async (failure: GatewayError, sent: SentAnswer): Promise<Source | null> => {
    try {
      await begin();
    } catch (refused) {
      if (!(refused instanceof GatewayError)) throw refused;
      trail.warn(`the answer was not gone on with: ${refused.message}`);
      return null;
    }
    trail.leaveFollowed();
    return run.continueFrom(sent, how, failure);
  };
  return { ...followed, opened: relay(source, run.asked, takeOver) };
}

/** What a failure counts as, where the quickest is asked first. */
const FAILED_MS = 60_000;
/** By which a caller itself sets a limit. */
const TIMEOUT_HEADERS: Readonly<Record<TimeoutName, string>> = {
  connect: 'weir-timeout-connect',
  'first byte': 'weir-timeout-first-byte',
  idle: 'weir-timeout-idle',
  total: 'weir-timeout-total',
};
/** Silence that tells of a target: reasoning models think, and callers may be in a hurry. */
const PATIENCE_MS = 30_000;

/** The asking of one call's targets; goes on after an answer where that breaks off. */
class Run {
  #rest: readonly Target[];
  #tried = 0;
  readonly #deferred = new Set<Target>();
  readonly #blamed = new Set<Target>();

  constructor(
    readonly asked: Asked & { readonly deps: AttemptDeps },
    readonly retry: RetryPolicy,
    targets: readonly Target[],
  ) {
    this.#rest = targets;
  }

  /** The next answer; when nothing is left to try, the last failure's. `prefill`: with what the answer has begun already. */
  async answer(prefill: string | null): Promise<Answered> {
    for (;;) {
      const [target] = this.#rest;
      if (target === undefined) throw new GatewayError('model_not_found', 'No target is left for this call.');
      if (await this.#isDeferred(target)) continue;
      const result = await this.#ask(target, prefillFor(target, prefill));
      if ('opened' in result) return result;
      if (!(await this.#goOn(result))) return endWith(result);
    }
  }

  /** Another source for a stream that broke off. */
  async rescue(failure: GatewayError, sent: SentAnswer, how: 'splice' | 'prefill'): Promise<Source | null> {
    const broken = brokenStream(failure, this.asked.deadline);
    const [brokenTarget] = this.#rest;
    if (brokenTarget !== undefined && failure.code !== 'provider_differs' && !this.#wasImpatient(broken)) this.#noteFailure(brokenTarget, broken);
    return (await this.#goOn(broken)) ? this.continueFrom(sent, how, failure) : null;
  }

  /** Asks for the rest of an answer, from the target whose turn it is. */
  async continueFrom(sent: SentAnswer, how: 'splice' | 'prefill', failure: GatewayError): Promise<Source | null> {
    let text = how === 'prefill' ? sent.plainText : null;
    for (;;) {
      const [target] = this.#rest;
      if (target === undefined) return null;
      let prefill = prefillFor(target, text);
      let result = await this.#ask(target, prefill);
      if (prefill !== null && refuses(result)) {
        // What its documents promise it may still refuse; afresh it has not been asked yet.
        text = null;
        prefill = null;
        result = await this.#ask(target, null);
      }
      if ('opened' in result && result.opened.kind === 'events') {
        const continues = prefill !== null && target.provider?.prefill?.repeats !== true;
        return { stream: result.opened.stream, target, continues };
      }
      // Whatever is wrong with this one, another may still bring the end of the answer.
      if ('opened' in result) discard(result);
      const kind = 'opened' in result || !RETRIED.has(result.kind) ? 'unserved' : result.kind;
      if (!(await this.#goOn({ kind, retryAfterMs: null, end: failure }))) return null;
    }
  }

  /** One that has been failing is asked after all others: it may be mended, and is better than nobody. */
  async #isDeferred(target: Target): Promise<boolean> {
    if (this.#rest.length < 2 || this.#tried > 0 || this.#deferred.has(target)) return false;
    const may = this.asked.deps.health.mayAsk(target);
    if (may === true || (await may)) return false;
    this.#deferred.add(target);
    this.#rest = [...this.#rest.slice(1), target];
    this.asked.trail.warn(`asked last, for it has been failing: ${shownTarget(target)}`);
    return true;
  }

  async #ask(target: Target, prefill: string | null): Promise<Answered | Failed> {
    const result = await askTarget(this.asked, target, prefill);
    if ('opened' in result) {
      // A stream has to come to its end first.
      if (result.opened.kind !== 'events') this.asked.deps.health.report(target, true, false, null);
    } else if (!this.#wasImpatient(result)) this.#noteFailure(target, result);
    return result;
  }

  /** One call counts once, however often it tries. */
  #noteFailure(target: Target, result: Failed): void {
    const { call, body, deps } = this.asked;
    const isRefused = result.kind === 'unserved' && isRefusedKey(result);
    // Not to be asked first for want of being known; what is the caller's own fault says nothing.
    const isTargets = result.kind === 'transient' || result.kind === 'silent' || result.kind === 'unserved';
    if (isTargets && call.door.kind === 'gateway') deps.memory.noteFirstByte(target, body.facts.streamed, FAILED_MS, deps.clock.now());
    if (result.kind !== 'transient' && result.kind !== 'silent' && !isRefused) return;
    if (this.#blamed.has(target)) return;
    this.#blamed.add(target);
    // A 403 may be of this model alone: access to each is granted by itself at some.
    const isKeys = isRefused && this.asked.trail.attempts.at(-1)?.status !== 403;
    deps.health.report(target, false, isKeys || isUnreachable(result), result.retryAfterMs);
  }

  /** The stream came to its end, or broke off for good. */
  noteEnd(outcome: Outcome, target: Target): void {
    if (outcome === 'ok') this.asked.deps.health.report(target, true, false, null);
    else if (outcome === 'cut' && !this.#blamed.has(target)) this.asked.deps.health.report(target, false, false, null);
  }

  /** A caller that gives up after a moment says nothing of the target that others wait for; what a route or a key sets is no caller's haste. */
  #wasImpatient({ kind }: Failed): boolean {
    const { deadline, call } = this.asked;
    const { expired } = deadline;
    if (kind !== 'silent' || expired === null || expired.ms >= PATIENCE_MS) return kind === 'silent' && expired === null;
    return call.headers.has(TIMEOUT_HEADERS[expired.name]);
  }

  /** Whether there is a next try; waits for it. */
  async #goOn(result: Failed): Promise<boolean> {
    const { deadline, deps, trail } = this.asked;
    this.#tried++;
    const others = onwardFrom(this.#rest, result);
    const wait = waitMs(this.retry, this.#tried, result.retryAfterMs, deps.random());
    const next = nextStep(result.kind, { tries: this.retry.tries - this.#tried, targets: others.length, waitMs: wait, leftMs: deadline.leftMs });
    if (next === 'final') return false;
    if (!(result.end instanceof GatewayError)) discard(result.end);
    if (next === 'repeat') await pause(wait, this.asked);
    else {
      const [target] = this.#rest;
      const differs = result.end instanceof GatewayError && result.end.code === 'provider_differs';
      if (result.kind === 'unserved' && !differs && target?.fallback === null)
        trail.warn(`${target.name} does not serve this call, the next target was asked`);
      this.#rest = others;
      this.#tried = 0;
    }
    return true;
  }
}

const isUnreachable = ({ end }: Failed): boolean => end instanceof GatewayError && end.code === 'provider_unreachable';
const isRefusedKey = ({ end }: Failed): boolean => (end instanceof GatewayError ? end.code === 'provider_auth' : end.head.status === 401);

/** Kinds of failure after which the same target may be asked again, or the call is over. */
const RETRIED: ReadonlySet<Failed['kind']> = new Set(['transient', 'silent', 'over']);

const refuses = (result: Answered | Failed): boolean => 'end' in result && (result.kind === 'caller' || result.kind === 'unserved');

/** The answer in the caller's wire, watched over where it may be rescued. */
function present(answered: Answered, run: Run, rescue: 'splice' | 'prefill' | null): Answered | Promise<Answered> {
  const { call, body, trail, deps } = run.asked;
  const { opened, target, head } = answered;
  const isForeign = target.wire.name !== call.wire.name;
  if (call.door.kind === 'gateway' && head.status < 400) {
    void trail.ended.then(({ outcome }) => {
      if (outcome !== 'ok' || trail.firstByteAt === null || trail.target !== target) return;
      deps.memory.noteFirstByte(target, body.facts.streamed, trail.firstByteAt - answered.startedAt, deps.clock.now());
    });
  }
  if (opened.kind === 'events') void trail.ended.then(({ outcome }) => run.noteEnd(outcome, trail.target ?? target));
  if (isForeign && opened.kind === 'bytes') return refuseLarge(opened.stream, answered, run);
  if (opened.kind !== 'events' || (!isForeign && rescue === null)) return translatedAnswer(answered, run);
  const source = { stream: opened.stream, target, continues: false };
  const events = relay(source, run.asked, rescue === null ? null : (failure, sent) => run.rescue(failure, sent, rescue));
  // Sources differ in whether they report usage unasked: the caller's own wish decides.
  return { ...answered, dropUsage: wantsNoUsage(run.asked), opened: events };
}

function translatedAnswer(answered: Answered, { asked: { call, body, trail, deps } }: Run): Answered {
  try {
    return translateAnswer(answered, call, body.json ?? {}, trail.requestId, deps.clock.now());
  } catch (error) {
    const { opened } = answered;
    // It is billed, whether or not the caller's dialect can say it.
    if (opened.kind === 'whole') {
      trail.usage = opened.facts?.usage ?? null;
      trail.responseModel = opened.facts?.model ?? null;
    }
    throw error;
  }
}

/** Held in both dialects it would take the memory of all others; it is billed all the same. */
async function refuseLarge(stream: ReadableStream<Uint8Array>, { target, head }: Answered, { asked: { deadline, trail } }: Run): Promise<never> {
  const meter = LargeAnswerMeter.of(target.wire, head.headers.get('content-type') ?? '');
  const pass = async (): Promise<void> => {
    for await (const chunk of stream) meter?.push(chunk);
  };
  await deadline.within(pass()).catch((cause: unknown) => {
    throw brokenOff(cause, target, deadline);
  });
  trail.usage = meter?.usage ?? null;
  trail.responseModel = meter?.model ?? null;
  throw new GatewayError('provider_malformed', `${target.name} gave an answer over 8 MiB, too large to be translated whole: ask for it as a stream.`);
}

/** Members that hold the conversation on wires whose streams can be gone on with. */
const RESUMABLE = ['messages', 'contents'];

/** What may be done for a stream that breaks off. */
function readRescue(call: Call, policy: Policy, body: CallBody, trail: Trail): NonNullable<Policy['streamRescue']> {
  const asked = body.facts.streamed ? (policy.streamRescue ?? 'off') : 'off';
  if (asked === 'off' || asked === 'buffer') return asked;
  if (
    call.wire.inbound !== null &&
    call.wire.outbound !== null &&
    RESUMABLE.some((name) => Array.isArray(body.json?.[name])) &&
    body.facts.choices === 1
  )
    return asked;
  trail.warn(`Weir-Stream-Rescue: ${asked} is not served on this endpoint or for several answers, a broken stream ends with an error`);
  return 'off';
}

function prefillFor(target: Target, text: string | null): string | null {
  // Anthropic refuses one that ends in white space, and what follows it would be told apart wrongly elsewhere too.
  if (text === null || text === '' || /\s$/.test(text) || answersByTool(target)) return null;
  return target.provider?.prefill?.models.test(target.model ?? '') === true ? text : null;
}

/** Each target is asked once unless retries are asked for; a body that streams through can be sent but once. */
function readRetryPolicy(policy: Policy, body: CallBody): RetryPolicy {
  const { retryEnabled, retryNum, retryFactor, retryMinTimeout, retryMaxTimeout } = policy;
  return {
    tries: retryEnabled && body.stream === null ? 1 + (retryNum ?? 0) : 1,
    factor: retryFactor ?? 1,
    minWaitMs: retryMinTimeout ?? 0,
    maxWaitMs: retryMaxTimeout ?? 0,
  };
}

/** The targets behind the first; for a prompt that was too large only those whose window is larger or not known. */
function onwardFrom(targets: readonly Target[], { kind }: Failed): readonly Target[] {
  const [failed, ...others] = targets;
  const window = failed?.contextWindow ?? null;
  if (kind !== 'context' || window === null) return others;
  return others.filter((other) => other.contextWindow === null || other.contextWindow > window);
}

function endWith({ end }: Failed): Answered {
  if (end instanceof GatewayError) throw end;
  return end;
}

/** An answer that nobody will read holds its connection until it is let go. */
function discard({ opened }: Answered): void {
  if (opened.kind === 'events' || opened.kind === 'bytes') opened.stream.cancel().catch(() => {});
}

async function pause(ms: number, { deadline, deps }: Asked): Promise<void> {
  deadline.disarm();
  await new Promise<void>((resolve) => deps.clock.after(ms, resolve));
  if (deadline.clientLeft) throw new GatewayError('cancelled', 'The client left before there was an answer.');
}
