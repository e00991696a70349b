/** Stage 8: asks the targets, one after another and each as often as it may be, until one answers or nothing is left to try. */
import type { Policy } from '../../../schema/policy';
import { type Answered, type AskDeps, type Asked, askTarget, type Failed } from '../ask-target';
import type { Call, CallBody, Identity, Target } from '../call';
import type { Deadline } from '../deadline';
import { GatewayError } from '../errors';
import { nextStep, type RetryPolicy, waitMs } from '../routing/retry';
import type { Trail } from '../trail';

export interface AttemptDeps extends AskDeps {
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
  const asked: Asked = {
    call,
    identity,
    body,
    deadline,
    deps,
    trail,
    isCareful: targets.length > 1 || retry.tries > 1 || policy.streamRescue === 'buffer',
  };
  let rest = targets;
  let tried = 0;
  for (;;) {
    const [target] = rest;
    if (target === undefined) throw new GatewayError('model_not_found', 'No target is left for this call.');
    const result = await askTarget(asked, target);
    if ('opened' in result) return result;
    tried++;
    const others = onwardFrom(rest, result);
    const wait = waitMs(retry, tried, result.retryAfterMs, deps.random());
    const next = nextStep(result.kind, { tries: retry.tries - tried, targets: others.length, waitMs: wait, leftMs: deadline.leftMs });
    if (next === 'final') return endWith(result);
    discard(result);
    if (next === 'repeat') await pause(wait, asked);
    else {
      if (result.kind === 'unserved' && target.fallback === null) trail.warn(`${target.name} does not serve this call, the next target was asked`);
      rest = others;
      tried = 0;
    }
  }
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
function discard({ end }: Failed): void {
  if (end instanceof GatewayError || end.opened.kind === 'whole') return;
  end.opened.stream.cancel().catch(() => {});
}

async function pause(ms: number, { deadline, deps }: Asked): Promise<void> {
  deadline.disarm();
  await new Promise<void>((resolve) => deps.clock.after(ms, resolve));
  if (deadline.clientLeft) throw new GatewayError('cancelled', 'The client left before there was an answer.');
}
