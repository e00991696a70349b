/** Stage 7: asks every limit that counts for this call; all must admit, and what is reserved is settled when the call has ended. */
import type { Held } from '../../../schema/begun';
import { type LimitPolicy, writeLimitPolicy } from '../../../schema/limit-policy';
import type { Policy } from '../../../schema/policy';
import type { RequestRecord } from '../../../schema/record';
import type { Config } from '../../config';
import type { Call, CallBody, Identity, Target } from '../call';
import { GatewayError } from '../errors';
import type { Decision, TakeRequest } from '../limits/counter';
import { settleHeld } from '../limits/settle';
import { quotaOf, scaleOf, subjectOf, windowOf } from '../limits/subject';
import { NOTHING, priceWorst, type WorstCase, worstCase } from '../limits/worst-case';
import type { Clock, Limiter, LimitRule, RecordSink } from '../ports';
import type { FindOverride } from '../price';
import type { Trail } from '../trail';

export interface AdmitDeps {
  readonly config: Config;
  readonly clock: Clock;
  readonly limiter: Limiter;
  readonly records: Pick<RecordSink, 'countUnchecked'>;
  readonly waitUntil: (promise: Promise<unknown>) => void;
  readonly limitRules: () => readonly LimitRule[] | Promise<readonly LimitRule[] | null>;
  readonly priceOverrides: () => Promise<FindOverride>;
}

/** What is held for a call until its end is known. */
export interface Grant {
  readonly held: readonly Held[];
  /** Turns what was held into what was used; never rejects. */
  settle(record: RequestRecord): Promise<void>;
}

/** Beyond the call's own total time: its end has to be reported. */
const HOLD_SLACK_MS = 60_000;
/** Parts of a budget from which on answers say so. */
const WARN_FROM = [1, 0.8, 0.5];

/** One limit as it applies to this call. */
interface Applied {
  readonly policy: LimitPolicy;
  readonly rule: LimitRule | null;
  readonly text: string;
  /** What is counted. */
  readonly subject: string;
  /** The same as it is shown. */
  readonly segment: string;
  readonly take: TakeRequest;
  /** Counter's units in one of the policy's. */
  readonly scale: number;
  readonly isDurable: boolean;
  /** It need not ask its counter each time. */
  readonly mayLease: boolean;
}

/** Gives its answer at once where no limit counts for the call, which costs nothing then. */
export function admit(
  call: Call,
  identity: Identity,
  policy: Policy,
  body: CallBody,
  targets: readonly Target[],
  totalMs: number,
  deps: AdmitDeps,
  trail: Trail,
): Grant | null | Promise<Grant | null> {
  const own = (policy.rateLimitPolicy ?? []).map((each): Counting => ({ policy: each, rule: null }));
  const situation = { call, identity, policy, body, targets, totalMs, deps, trail };
  const rules = deps.limitRules();
  if (!(rules instanceof Promise)) return own.length + rules.length === 0 ? null : admitAll(own, rules, situation);
  return rules.then((them) => {
    if (them === null) trail.warn('stored limits: not checked, the database does not answer');
    return own.length === 0 && !them?.length ? null : admitAll(own, them ?? [], situation);
  });
}

/** A limit that counts for a call: of its header or its key, or a stored one. */
interface Counting {
  readonly policy: LimitPolicy;
  readonly rule: LimitRule | null;
}

async function admitAll(
  own: readonly Counting[],
  rules: readonly LimitRule[],
  known: Omit<Situation, 'worst' | 'findOverride'>,
): Promise<Grant | null> {
  const { call, body, targets, deps, trail } = known;
  const each: Counting[] = [...own, ...rules.map((rule) => ({ policy: rule.policy, rule }))];
  // Under the very budget that an answer holds it must be had, or stopped, for that to come back.
  const all = call.wire.isStored === true ? each.filter(({ policy }) => policy.unit === 'request') : each;
  // Reading the whole body for its tokens takes as long as everything else here; requests are counted without it.
  const isWeighed = all.some((each) => each.policy.unit !== 'request');
  const worst = isWeighed ? worstCase(call, body, targets, deps.config.assumedOutputTokens) : NOTHING;
  const findOverride = all.some((each) => each.policy.unit === 'cents') ? await deps.priceOverrides() : () => null;
  const situation: Situation = { ...known, worst, findOverride };
  const applied = strictest(all.map((each) => apply(each, situation)));
  const asked = await Promise.allSettled(applied.map((it) => ask(it, deps, trail)));
  const results = asked.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  // Who waits for the one that lasts longest has waited for all.
  const [refused] = results
    .filter((result) => result.decision !== null && !result.decision.isAdmitted && result.it.rule?.isDryRun !== true)
    .sort((a, b) => (b.decision?.retryAfterMs ?? 0) - (a.decision?.retryAfterMs ?? 0));
  for (const { it, decision } of results) {
    if (it.rule?.isDryRun === true && decision?.isAdmitted === false) trail.warn(`limit ${nameOf(it)} would have refused this call (dry run)`);
  }
  const admitted = results.filter((result) => result.decision?.isAdmitted === true);
  const failed = asked.find((each) => each.status === 'rejected');
  if (refused !== undefined || failed !== undefined) {
    await Promise.allSettled(admitted.map(({ it }) => deps.limiter.release(it.subject, it.take.id, it.isDurable)));
    throw refused === undefined ? failed?.reason : refusal(refused.it, refused.decision, trail);
  }
  show(admitted, trail);
  const held = admitted.filter(({ it }) => it.take.holdUntil !== null).map(heldBy);
  return held.length === 0 ? null : { held, settle: (record) => settleHeld(held, record, targets, findOverride, deps.limiter) };
}

const heldBy = ({ it, decision }: Result): Held => {
  const { policy, subject, take, isDurable } = it;
  return { subject, id: take.id, taken: decision?.taken ?? 0, unit: policy.unit, window: take.window, isDurable };
};

interface Situation {
  readonly call: Call;
  readonly identity: Identity;
  readonly policy: Policy;
  readonly body: CallBody;
  readonly targets: readonly Target[];
  readonly totalMs: number;
  readonly worst: WorstCase;
  readonly findOverride: FindOverride;
  readonly deps: AdmitDeps;
  readonly trail: Trail;
}

function apply({ policy, rule }: Counting, it: Situation): Applied {
  const now = it.deps.clock.now();
  const window = windowOf(policy, now);
  const text = writeLimitPolicy(policy);
  const labels = { userId: it.policy.userId ?? it.body.facts.user, keyId: it.identity.keyId, properties: it.policy.properties };
  const subject = subjectOf(policy, rule?.id ?? null, labels);
  if (subject.missing !== null) it.trail.warn(`limit ${text}: the call has no ${subject.missing}, it is counted with all that have none`);
  const quota = quotaOf(policy);
  const holds = policy.unit !== 'request';
  const amount = amountOf(policy, it);
  // Files and batches cost nothing by themselves, and of paths that nobody knows it is not told.
  if (holds && it.call.wire.name === 'raw' && it.call.method === 'POST')
    it.trail.warn(`limit ${text}: what a call to this path uses up is not known, and is not counted`);
  const isText = it.call.wire.worstOfRequest === undefined;
  const isFlexible = holds && !it.worst.isStated && !policy.holdsWhole;
  if (holds && !isFlexible && amount > quota && rule?.isDryRun !== true) {
    const how = isText ? 'lower its max_tokens' : 'ask for less';
    throw new GatewayError(
      'bad_request',
      `The call may use up more than the whole limit \`${text}\`: ${how}.`,
      isText ? { param: 'max_tokens' } : {},
    );
  }
  if (isFlexible && amount > 0) {
    const assumed = isText ? `states no max_tokens, ${it.worst.output} were assumed` : 'does not state what it uses up, which was assumed';
    it.trail.warn(`limit ${text}: the call ${assumed}`);
  }
  const take: TakeRequest = { id: it.call.id, amount, isFlexible, holdUntil: holds ? now + it.totalMs + HOLD_SLACK_MS : null, quota, window };
  return {
    policy,
    rule,
    text,
    subject: subject.text,
    segment: subject.shown,
    take,
    scale: scaleOf(policy),
    isDurable: policy.isStrict || policy.unit === 'cents',
    // What is held for an answer that others fetch is settled elsewhere, and must be known there.
    mayLease: !policy.isStrict && it.body.facts.isBackground !== true,
  };
}

/** Of limits that share a counter the one with the least quota: it says what the others would say, and the call is counted once. */
function strictest(applied: readonly Applied[]): Applied[] {
  const bySubject = new Map<string, Applied>();
  for (const it of applied) {
    const known = bySubject.get(it.subject);
    if (known === undefined || it.take.quota < known.take.quota) bySubject.set(it.subject, it);
  }
  return [...bySubject.values()];
}

function wholeOf(worst: WorstCase): WorstCase {
  const whole = { ...worst, output: worst.outputMost };
  return worst.unitsMost === undefined ? whole : { ...whole, units: worst.unitsMost };
}

function amountOf(policy: LimitPolicy, { worst: assumed, targets, findOverride, deps, trail }: Situation): number {
  if (policy.unit === 'request') return 1;
  const worst = policy.holdsWhole ? wholeOf(assumed) : assumed;
  if (policy.unit === 'tokens') return worst.input + worst.output;
  const { nanoUsd, unpriced } = priceWorst(worst, targets, deps.clock.now(), findOverride);
  if (unpriced.length > 0)
    trail.warn(
      `limit: no price for ${unpriced.join(', ')}, ${nanoUsd === 0 ? 'its cost is not counted' : 'reserved at the dearest price of its provider'}`,
    );
  return nanoUsd;
}

interface Result {
  readonly it: Applied;
  /** Null: the counter did not answer, and its unit lets calls through then. */
  readonly decision: Decision | null;
}

async function ask(it: Applied, { limiter, config, records, waitUntil }: AdmitDeps, trail: Trail): Promise<Result> {
  try {
    return { it, decision: await limiter.take(it.subject, it.take, it.isDurable, it.mayLease) };
  } catch (cause) {
    if (!config.failOpen.has(it.policy.unit) && it.rule?.isDryRun !== true) {
      throw new GatewayError('unavailable', `The limit ${nameOf(it)} cannot be checked now.`, { cause, retryAfterSeconds: 1 });
    }
    trail.warn(`limit ${nameOf(it)}: not checked, its counter does not answer`);
    waitUntil(records.countUnchecked());
    return { it, decision: null };
  }
}

const nameOf = (it: Applied): string => (it.rule === null ? `\`${it.text}\`` : `\`${it.rule.name}\` (${it.text})`);

function refusal(it: Applied, decision: Decision | null, trail: Trail): GatewayError {
  const seconds = Math.max(1, Math.ceil((decision?.retryAfterMs ?? 0) / 1_000));
  if (decision !== null) {
    trail.limit = shown(it, decision);
    markBudget(it, decision, trail);
  }
  const why = decision?.awaitsCalls === true ? 'is held by calls that still run, and what they do not use comes back' : 'is used up';
  return new GatewayError('rate_limited', `The limit ${nameOf(it)} ${why}: try again in ${seconds} s.`, { retryAfterSeconds: seconds });
}

const shown = (it: Applied, decision: Decision) => ({
  limit: it.policy.quota,
  remaining: Math.floor(decision.left / it.scale),
  resetSeconds: Math.ceil(decision.resetMs / 1_000),
  policy: it.text,
});

/** The limit with the least left speaks for all. */
function show(admitted: readonly Result[], trail: Trail): void {
  let least = Number.POSITIVE_INFINITY;
  for (const { it, decision } of admitted) {
    if (decision === null || it.rule?.isDryRun === true) continue;
    const part = decision.left / it.take.quota;
    if (part < least) trail.limit = shown(it, decision);
    least = Math.min(least, part);
    markBudget(it, decision, trail);
  }
}

/** A budget is a limit with a calendar window; one that has no room left for a call is used up. */
function markBudget(it: Applied, decision: Decision, trail: Trail): void {
  const { window, quota, amount, holdUntil } = it.take;
  if (window.kind === 'sliding') return;
  const hasNoRoom = !decision.isAdmitted && decision.used + amount > quota;
  // What a call holds is not spent yet, and most of it comes back.
  const spent = holdUntil === null ? 1 - decision.left / quota : decision.used / quota;
  const reached = WARN_FROM.find((from) => hasNoRoom || spent >= from);
  if (reached === undefined) return;
  trail.budgets.push({ limit: it.rule?.name ?? it.text, segment: it.segment, percent: Math.round(reached * 100), windowStartsAt: window.startsAt });
}
