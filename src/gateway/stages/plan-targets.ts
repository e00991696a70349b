/** Stage 4: who could serve this call, best first. Nothing is asked and nothing is taken yet. */
import { distance } from 'fastest-levenshtein';
import type { Policy } from '../../../schema/policy';
import type { Endpoint } from '../../wires/endpoints';
import type { WireName } from '../../wires/wire';
import type { Call, CallBody, Identity, Target } from '../call';
import { GatewayError } from '../errors';
import { isConversation, promptBudget, promptTokens } from '../fit-window';
import { outgoingBody, shownNames } from '../outgoing-body';
import type { StoredRoute } from '../ports';
import { able } from '../routing/able';
import { type ChooseDeps, choose } from '../routing/choose';
import { planModel } from '../routing/plan-model';
import { planNamedTargets, planProxy } from '../routing/plan-proxy';
import { ruleFacts } from '../routing/rules';
import { shownTarget } from '../routing/strategy';
import { orderByWeight, pointOf } from '../routing/weighted';
import { sessionOf } from '../session';
import type { Trail } from '../trail';
import { readPolicy } from './read-policy';

export interface Plan {
  readonly targets: readonly Target[];
  /** What the call asks for, where a stored route speaks for it too. */
  readonly policy: Policy;
}

interface PlanDeps extends ChooseDeps {
  readonly routes: () => Promise<ReadonlyMap<string, StoredRoute> | null>;
}

export function planTargets(call: Call, identity: Identity, policy: Policy, body: CallBody, deps: PlanDeps, trail: Trail): Plan | Promise<Plan> {
  const { config } = deps;
  const { warn } = trail;
  switch (call.door.kind) {
    case 'gateway': {
      const { endpoint } = call.door;
      const { model, streamed } = body.facts;
      if (streamed && call.wire.hasModelInPath === true && !/[?&]alt=sse(?:&|$)/.test(call.query)) {
        throw new GatewayError(
          'bad_request',
          'Streams come as server-sent events or as a JSON list: expected `?alt=sse`, `?alt=json` or nothing behind streamGenerateContent.',
          {
            param: 'alt',
          },
        );
      }
      if (model !== null && /(?:^|,)\s*route\/[^,]*,\s*[^!\s]|,\s*route\//.test(model)) {
        throw new GatewayError('bad_request', 'The `model` names a route beside others, expected `route/<name>` alone.', { param: 'model' });
      }
      if (model?.startsWith(ROUTE)) return planRoute(call, endpoint, identity, policy, body, deps, trail);
      const named = planModel(call, endpoint, policy, body.facts, config, warn);
      const holding = holdingState(call, body, named, warn);
      const planned = suited(call, body, policy, holding, warn);
      const chosen = choose(call, body, policy, planned, null, deps, trail);
      return chosen instanceof Promise ? chosen.then((targets) => ({ targets, policy })) : { targets: chosen, policy };
    }
    case 'proxy':
      return affordable(call, [planProxy(call, call.door.provider.slug, identity, policy, body, config)], policy, body, deps, trail);
    case 'target':
      return affordable(call, planNamedTargets(call, identity, policy, body, config), policy, body, deps, trail);
  }
}

/** Where the caller names the target there is no order to choose, and a most cost all the same. */
function affordable(call: Call, targets: readonly Target[], policy: Policy, body: CallBody, deps: PlanDeps, trail: Trail): Plan | Promise<Plan> {
  if (policy.routing !== undefined) trail.warn('Weir-Routing: has no effect here, the call names its target itself');
  if (policy.maxCost === undefined) return { targets, policy };
  const chosen = choose(call, body, { ...policy, routing: undefined }, targets, null, deps, trail);
  return chosen instanceof Promise ? chosen.then((left) => ({ targets: left, policy })) : { targets: chosen, policy };
}

/** The targets that can be asked this: by what their models take, by their windows, by their dialects. */
function suited(call: Call, body: CallBody, policy: Policy, targets: readonly Target[], warn: (sentence: string) => void): readonly Target[] {
  return sayable(call, body, policy, largeEnough(call, body, policy, able(call, body, targets, warn), warn), warn);
}

/** Where the prompt is to go on rather than be refused: the targets whose window takes it, and all where none does. */
function largeEnough(call: Call, body: CallBody, policy: Policy, targets: readonly Target[], warn: (sentence: string) => void): readonly Target[] {
  if (policy.tokenLimitHandler !== 'fallback' || targets.length < 2 || !isConversation(call, body)) return targets;
  const tokens = promptTokens(body);
  const left = targets.filter((target) => tokens <= (promptBudget(body, target, policy) ?? tokens));
  if (left.length === 0 || left.length === targets.length) return targets;
  const small = targets.filter((target) => !left.includes(target)).map(shownTarget);
  warn(`left out, the prompt of some ${tokens} tokens is larger than their window: ${small.join(', ')}`);
  return left;
}

/** Members by which a call builds on what lies at its vendor, and who has it. */
const STATE: Readonly<Partial<Record<WireName, { readonly members: readonly string[]; readonly holders: readonly string[] }>>> = {
  // https://platform.openai.com/docs/guides/conversation-state
  'openai-responses': { members: ['previous_response_id', 'conversation', 'background', 'store', 'prompt'], holders: ['openai', 'azure'] },
  // Message threads of Anthropic's beta.
  'anthropic-messages': { members: ['thread'], holders: ['anthropic'] },
};

/** What a call builds on lies with one vendor: it is asked there alone, and nobody else in its place. */
function holdingState(call: Call, body: CallBody, targets: readonly Target[], warn: (sentence: string) => void): readonly Target[] {
  const state = STATE[call.wire.name];
  const member = state?.members.find((name) => (body.json?.[name] ?? false) !== false);
  if (state === undefined || member === undefined) return targets;
  const [holder] = targets.filter((target) => target.wire.name === call.wire.name && state.holders.includes(target.provider?.slug ?? ''));
  if (holder === undefined) {
    const [first] = targets;
    const message = `\`${member}\`: builds on what lies at ${state.holders.join(' or ')}, and ${first?.name ?? 'the target'} has none of it. Expected a call that brings everything along.`;
    throw new GatewayError('not_translated', message, { param: member });
  }
  const others = targets.filter((target) => target !== holder).map(shownTarget);
  if (others.length > 0) warn(`left out, for \`${member}\` builds on what lies at ${holder.name}: ${others.join(', ')}`);
  return [holder];
}

/** The targets whose dialect can say this call; throws the reason where none can. Nothing was taken for it yet. */
function sayable(call: Call, body: CallBody, policy: Policy, targets: readonly Target[], warn: (sentence: string) => void): readonly Target[] {
  // What stays in its dialect may lose what its target refuses there.
  const isOwn = (target: Target): boolean => target.wire.name === call.wire.name && !policy.strict;
  if (targets.every(isOwn)) return targets;
  let refusal: unknown = null;
  const left = targets.filter((target) => {
    if (isOwn(target)) return true;
    try {
      const { dropped } = outgoingBody(call, body, target, null);
      if (policy.strict && dropped.length > 0) {
        const lost = shownNames(dropped);
        throw new GatewayError('not_translated', `Weir-Strict: ${target.name} has no counterpart for ${lost}.`, {
          param: dropped[0]?.slice(0, 60) ?? 'Weir-Strict',
        });
      }
      return true;
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      refusal ??= error;
      if (targets.length > 1) warn(`left out of the chain: ${error.message}`);
      return false;
    }
  });
  if (left.length === 0) throw refusal;
  return left;
}

const ROUTE = 'route/';

async function planRoute(
  call: Call,
  endpoint: Endpoint,
  identity: Identity,
  policy: Policy,
  body: CallBody,
  deps: PlanDeps,
  trail: Trail,
): Promise<Plan> {
  const [asked = '', ...exclusions] = (body.facts.model ?? '').slice(ROUTE.length).split(',');
  const { warn } = trail;
  const routes = await deps.routes();
  if (routes === null) throw new GatewayError('unavailable', 'The stored routes cannot be read now.', { param: 'model', retryAfterSeconds: 1 });
  const route = routes.get(asked.trim().toLowerCase());
  if (route === undefined) throw unknownRoute(asked, [...routes.keys()]);
  trail.route = `${route.name}@${route.version}`;
  const own = Object.entries(identity.defaults).filter(([name]) => !Object.hasOwn(route.defaults, name));
  const routed = readPolicy(call.headers, { ...route.defaults, ...Object.fromEntries(own) });
  // Whatever a route says, its callers stay bound by what their keys are; those that are named twice count once.
  const merged = { ...routed, rateLimitPolicy: [...(routed.rateLimitPolicy ?? []), ...(policy.rateLimitPolicy ?? [])] };
  for (const warning of merged.warnings) if (!policy.warnings.includes(warning)) trail.warn(warning);
  const strategy = merged.routing ?? route.strategy;
  const plan = (model: string, tell: (sentence: string) => void): Target[] =>
    planModel(call, endpoint, merged, { ...body.facts, model: [model, ...exclusions].join(',') }, deps.config, tell);
  const ruled = planRuled(applyRules(route, call, body, merged, deps, trail), route, plan, trail);
  const items = (): readonly string[] =>
    strategy === 'weighted' ? drawn(call, route, merged, body, deps.random, trail) : route.targets.map(({ model }) => model);
  const planned = holdingState(call, body, ruled ?? plan(items().join(','), warn), warn);
  const scores = strategy === 'quality' ? scoresOf(route, (model) => plan(model, () => {})) : new Map<string, number>();
  // What was drawn, or named by a rule, stands in its order.
  const isOrdered = strategy === 'weighted' || ruled !== null;
  const choice = { ...route, scores, strategy: isOrdered ? null : strategy };
  const targets = await choose(call, body, merged, suited(call, body, merged, planned, warn), choice, deps, trail);
  return { targets, policy: merged };
}

/** The targets that a rule names; null without one, or where nobody serves them now: the route itself may still serve the call. */
function planRuled(
  models: readonly string[] | null,
  route: StoredRoute,
  plan: (model: string, tell: (sentence: string) => void) => Target[],
  trail: Trail,
): Target[] | null {
  if (models === null) return null;
  try {
    return plan(models.join(','), trail.warn);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    trail.warn(`a rule of route ${route.name} was passed over: ${error.message}`);
    trail.routing = null;
    return null;
  }
}

/** Scores by target: a route may write one in several ways, and one model may have several providers. */
function scoresOf(route: StoredRoute, plan: (model: string) => readonly Target[]): Map<string, number> {
  const scored = [...route.scores].flatMap(([model, score]) => {
    try {
      return plan(model).map((target) => [shownTarget(target), score] as const);
    } catch {
      // Nobody serves it now.
      return [];
    }
  });
  return new Map(scored);
}

/** The models of the first rule that holds, or null. A rule that cannot be told for this call is passed over. */
function applyRules(route: StoredRoute, call: Call, body: CallBody, policy: Policy, { clock }: PlanDeps, trail: Trail): readonly string[] | null {
  if (route.rules.length === 0) return null;
  const facts = ruleFacts(
    call,
    body,
    policy,
    clock.now(),
    route.rules.some((rule) => rule.readsTokens),
  );
  for (const [index, rule] of route.rules.entries()) {
    try {
      if (!rule.matches(facts)) continue;
    } catch (error) {
      // The language names what is missing, and never a value.
      const [why] = String(error instanceof Error ? error.message : error).split('\n', 1);
      trail.warn(`rule ${index + 1} of route ${route.name} was passed over: ${why}`);
      continue;
    }
    if (rule.refuse !== null) throw new GatewayError('refused_by_rule', `Rule ${index + 1} of route \`${route.name}\`: ${rule.refuse}`);
    trail.routing = `rule ${index + 1} of the route: ${rule.when.slice(0, 200)}`;
    return rule.use;
  }
  return null;
}

/** Without a session or a user to stick to, each call is drawn for itself. */
function drawn(call: Call, route: StoredRoute, policy: Policy, body: CallBody, random: () => number, trail: Trail): readonly string[] {
  const session = route.sticky === 'session' ? sessionOf(call, policy, body) : null;
  const whom = route.sticky === 'user' ? (policy.userId ?? body.facts.user) : session;
  const weighted = route.hasWeights ? route.targets : route.targets.map(({ model }) => ({ model, weight: 1 }));
  const models = orderByWeight(weighted, whom === null ? random() : pointOf(`${route.name}\n${whom}`));
  trail.routing = `weighted: drew ${models[0] ?? 'nobody'}${whom === null ? '' : `, as always for this ${route.sticky}`}`;
  return models;
}

function unknownRoute(asked: string, names: readonly string[]): GatewayError {
  const nearest = [...names].sort((a, b) => distance(asked, a) - distance(asked, b)).slice(0, 3);
  const known = nearest.length === 0 ? 'There is none yet' : `Nearest: ${nearest.join(', ')}`;
  return new GatewayError('model_not_found', `No route \`${asked.slice(0, 100)}\` is stored. ${known}; PUT /api/routes/<name> makes one.`, {
    param: 'model',
  });
}
