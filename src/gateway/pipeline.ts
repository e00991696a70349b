/** The road of a request. Each line is a stage; `docs/architecture.md` says why they stand in this order. */
import type { Call } from './call';
import { Deadline, readTimeLimits } from './deadline';
import type { Deps } from './ports';
import { refuse } from './refuse';
import { readRequestId } from './request-id';
import { admit, type Grant } from './stages/admit';
import { authenticate, requireScope } from './stages/authenticate';
import { log } from './stages/log';
import { meter } from './stages/meter';
import { planTargets } from './stages/plan-targets';
import { readBody } from './stages/read-body';
import { readCache } from './stages/read-cache';
import { readPolicy } from './stages/read-policy';
import { goOnBeyond, runAttempts } from './stages/run-attempts';
import { step } from './step';
import { Trail } from './trail';

export async function handle(call: Call, deps: Deps): Promise<Response> {
  const { clock } = deps;
  const trail = new Trail(call);
  let deadline: Deadline | null = null;
  let grant: Grant | null = null;
  // Before the first wait: a client that leaves ends the handler there, and only what `waitUntil` holds goes on.
  deps.waitUntil(trail.ended.then((ending) => log(trail, ending, grant, deps)));
  try {
    const identity = await step('auth', trail, clock, () => authenticate(call, deps.keys));
    trail.identity = identity;
    requireScope(identity, 'proxy');
    const asked = step('policy', trail, clock, () => readPolicy(call.headers, identity.defaults));
    trail.policy = asked;
    asked.warnings.forEach(trail.warn);
    trail.requestId = readRequestId(asked.requestId, call.id, trail.warn);
    const body = await step('body', trail, clock, () => readBody(call, asked.strict, trail.warn));
    trail.body = body;
    const { targets, policy } = await step('plan', trail, clock, () => planTargets(call, identity, asked, body, deps, trail));
    trail.policy = policy;
    const times = readTimeLimits(policy, body.facts.streamed);
    const limits = new Deadline(clock, call.signal, times);
    deadline = limits;
    const cached = await step('cache', trail, clock, () => readCache(call, identity, policy, body, targets, limits, deps, trail));
    const begin = async (): Promise<void> => {
      grant = await step('limits', trail, clock, () => admit(call, identity, policy, body, targets, times.totalMs, deps, trail));
    };
    if (cached !== null)
      return meter(call, body, goOnBeyond(cached, call, identity, policy, body, targets, limits, deps, trail, begin), limits, deps, trail);
    await begin();
    const answered = await step('upstream', trail, clock, () => runAttempts(call, identity, policy, body, targets, limits, deps, trail));
    return meter(call, body, answered, limits, deps, trail);
  } catch (error) {
    return refuse(error, trail, deadline);
  }
}
