/** Which of the targets that could serve a call are asked, and in which order: strategy and most cost of the call or its route. */
import type { Policy, Strategy } from '../../../schema/policy';
import type { Config } from '../../config';
import type { Call, CallBody, Target } from '../call';
import { GatewayError } from '../errors';
import { priceWorst, worstCase } from '../limits/worst-case';
import type { Clock, Liking } from '../ports';
import { type FindOverride, NANO_PER_USD } from '../price';
import type { Trail } from '../trail';
import type { RoutingMemory } from './memory';
import { orderTargets, shownCost, shownTarget } from './strategy';

export interface ChooseDeps {
  readonly config: Config;
  readonly memory: RoutingMemory;
  readonly priceOverrides: () => Promise<FindOverride>;
  readonly likings: () => Promise<ReadonlyMap<string, Liking> | null>;
  readonly clock: Clock;
  readonly random: () => number;
}

/** What a stored route says of choosing; null where none is called. */
export interface Choice {
  /** The call's own word on it is in here. */
  readonly strategy: Strategy | null;
  readonly maxCostUsd: number | null;
  /** By a target as attempts name it. */
  readonly scores: ReadonlyMap<string, number>;
  /** Whose turns are counted together. */
  readonly name: string;
}

/** The call's own word counts before its route's. Waits for nothing where neither asks for anything. */
export function choose(
  call: Call,
  body: CallBody,
  policy: Policy,
  targets: readonly Target[],
  choice: Choice | null,
  deps: ChooseDeps,
  trail: Trail,
): readonly Target[] | Promise<readonly Target[]> {
  const strategy = choice === null ? (policy.routing ?? null) : choice.strategy;
  const maxCostUsd = least(policy.maxCost ?? null, choice?.maxCostUsd ?? null);
  if (strategy === null && maxCostUsd === null) return targets;
  const needsCosts = strategy === 'cost' || maxCostUsd !== null;
  if (!needsCosts && strategy !== 'quality') return order(call, body, strategy, targets, choice, NOTHING, deps, trail);
  const asked = [needsCosts ? deps.priceOverrides() : null, strategy === 'quality' ? deps.likings() : null] as const;
  return Promise.all(asked).then(([findOverride, likings]) => {
    const costs = findOverride === null ? null : costsOf(call, body, targets, findOverride, deps);
    const affordable = costs === null || maxCostUsd === null ? targets : withinCost(targets, costs, maxCostUsd, trail);
    return order(call, body, strategy, affordable, choice, { costs, likings }, deps, trail);
  });
}

/** What has to be asked for before an order can be told. */
interface Known {
  readonly costs: Costs | null;
  readonly likings: ReadonlyMap<string, Liking> | null;
}
const NOTHING: Known = { costs: null, likings: null };

type Costs = ReadonlyMap<Target, number | null>;

function order(
  call: Call,
  body: CallBody,
  strategy: Strategy | null,
  targets: readonly Target[],
  choice: Choice | null,
  { costs, likings }: Known,
  { memory, clock, random }: ChooseDeps,
  trail: Trail,
): readonly Target[] {
  if (strategy === null) return targets;
  const now = clock.now();
  const factsOf = (target: Target) => ({
    costNanoUsd: costs?.get(target) ?? null,
    medianMs: memory.medianMs(target, body.facts.streamed, now),
    score: choice?.scores.get(shownTarget(target)) ?? null,
    liking: likings?.get(shownTarget(target)) ?? null,
  });
  const turn = (): number => memory.nextTurn(choice?.name ?? `${call.path} ${body.facts.model}`);
  const ordered = orderTargets(strategy, targets, factsOf, { turn, point: random() });
  trail.routing = trail.routing === null ? ordered.reason : `${trail.routing}; ${ordered.reason}`;
  return ordered.targets;
}

function costsOf(call: Call, body: CallBody, targets: readonly Target[], findOverride: FindOverride, { config, clock }: ChooseDeps): Costs {
  return new Map(
    targets.map((target) => {
      const worst = worstCase(call, body, [target], config.assumedOutputTokens);
      // What has no end has no most cost.
      if (worst.outputMost === Number.POSITIVE_INFINITY) return [target, null];
      // What it may write, and not what calls write as a rule.
      const { nanoUsd, unpriced } = priceWorst({ ...worst, output: worst.outputMost }, [target], clock.now(), findOverride);
      // Lists, files and counting cost nothing, whoever is asked.
      const isFree = worst.input + worst.outputMost === 0 && worst.units === undefined;
      return [target, isFree ? 0 : unpriced.length > 0 ? null : nanoUsd];
    }),
  );
}

function withinCost(targets: readonly Target[], costs: Costs, maxCostUsd: number, trail: Trail): readonly Target[] {
  const told = (target: Target): string => {
    const cost = costs.get(target) ?? null;
    return `${shownTarget(target)} (${cost === null ? 'no known price' : `up to ${shownCost(cost)}`})`;
  };
  const isWithin = (target: Target): boolean => (costs.get(target) ?? Number.POSITIVE_INFINITY) <= maxCostUsd * NANO_PER_USD;
  const left = targets.filter(isWithin);
  const dear = targets.filter((target) => !isWithin(target)).map(told);
  if (left.length === 0) {
    throw new GatewayError('bad_request', `Weir-Max-Cost: no target serves this call within ${maxCostUsd} USD: ${dear.slice(0, 5).join(', ')}.`, {
      param: 'Weir-Max-Cost',
    });
  }
  if (dear.length > 0) trail.warn(`left out, dearer than ${maxCostUsd} USD: ${dear.join(', ')}`);
  return left;
}

const least = (...values: readonly (number | null)[]): number | null => {
  const stated = values.filter((value) => value !== null);
  return stated.length === 0 ? null : Math.min(...stated);
};
