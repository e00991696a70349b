/** In which order the targets of a call are asked. Pure. */
import type { Strategy } from '../../../schema/policy';
import type { Target } from '../call';
import type { Liking } from '../ports';
import { NANO_PER_USD } from '../price';

/** What is known of a target; null where it is not. */
export interface TargetFacts {
  /** The most that this call costs there, in nano-dollars. */
  readonly costNanoUsd: number | null;
  readonly medianMs: number | null;
  /** What a stored route says of it. */
  readonly score: number | null;
  /** What users say of it. */
  readonly liking: Liking | null;
}

export interface Ordered {
  readonly targets: readonly Target[];
  /** Which came first and why, in a sentence. */
  readonly reason: string;
}

export const shownTarget = ({ name, model }: Target): string => (model === null ? name : `${name}/${model}`);
export const shownCost = (nanoUsd: number): string => `${Number((nanoUsd / NANO_PER_USD).toPrecision(3))} USD`;

/** By the least of a number; what has none stands at `unknown`, equal ones keep their order. */
function sortBy(targets: readonly Target[], value: (target: Target) => number | null, unknown: number): Target[] {
  const orUnknown = (target: Target): number => value(target) ?? unknown;
  return [...targets].sort((a, b) => orUnknown(a) - orUnknown(b) || 0);
}

/** `turn`: of round-robin, from 0; `point`: of weighted, from 0 up to 1, where each target has the same part. */
export function orderTargets(
  strategy: Strategy,
  targets: readonly Target[],
  factsOf: (target: Target) => TargetFacts,
  { turn, point }: { readonly turn: () => number; readonly point: number },
): Ordered {
  const [only] = targets;
  if (only === undefined || targets.length === 1) return { targets, reason: `${strategy}: there is one target` };
  switch (strategy) {
    case 'failover':
      return { targets, reason: `failover: ${shownTarget(only)} stands first` };
    case 'weighted':
      return rotated(targets, Math.floor(point * targets.length), 'weighted: drew');
    case 'round-robin':
      return rotated(targets, turn() % targets.length, 'round-robin: the turn is at');
    case 'cost': {
      // A price that nobody knows may be any.
      const sorted = sortBy(targets, (target) => factsOf(target).costNanoUsd, Number.POSITIVE_INFINITY);
      return {
        targets: sorted,
        reason: because(
          'cost',
          sorted,
          (it) => factsOf(it).costNanoUsd,
          (cost) => `at most ${shownCost(cost)}`,
        ),
      };
    }
    case 'latency': {
      // One that was not asked lately is asked, and known then.
      const sorted = sortBy(targets, (target) => factsOf(target).medianMs, -1);
      return {
        targets: sorted,
        reason: because(
          'latency',
          sorted,
          (it) => factsOf(it).medianMs,
          (ms) => `begins within ${Math.round(ms)} ms`,
        ),
      };
    }
    case 'quality': {
      if (targets.some((target) => factsOf(target).liking !== null)) return byLiking(targets, (target) => factsOf(target).liking);
      const sorted = sortBy(targets, (target) => negative(factsOf(target).score), 0);
      return {
        targets: sorted,
        reason: because(
          'quality',
          sorted,
          (it) => factsOf(it).score,
          (score) => `has score ${score}`,
        ),
      };
    }
  }
}

/** Ratings that count half and half for everybody: one bad word must not sink a target, and one that nobody rated is tried before a disliked one. */
const PRIOR_RATINGS = 4;
const goodness = (liking: Liking | null): number => ((liking?.liked ?? 0) + PRIOR_RATINGS / 2) / ((liking?.rated ?? 0) + PRIOR_RATINGS);

function byLiking(targets: readonly Target[], likingOf: (target: Target) => Liking | null): Ordered {
  const sorted = sortBy(targets, (target) => -goodness(likingOf(target)), 0);
  const say = ({ liked, rated }: Liking): string => `users liked ${liked} of ${rated} answers`;
  return { targets: sorted, reason: because('quality', sorted, likingOf, say) };
}

const negative = (it: number | null): number | null => (it === null ? null : -it);

function rotated(targets: readonly Target[], first: number, why: string): Ordered {
  const order = [...targets.slice(first), ...targets.slice(0, first)];
  return { targets: order, reason: `${why} ${order[0] === undefined ? 'nobody' : shownTarget(order[0])}` };
}

function because<T>(name: Strategy, [first, next]: readonly Target[], value: (target: Target) => T | null, say: (value: T) => string): string {
  const told = (target: Target): string => {
    const known = value(target);
    return `${shownTarget(target)} (${known === null ? 'not known' : say(known)})`;
  };
  if (first === undefined) return `${name}: nobody is left`;
  return `${name}: ${told(first)}${next === undefined ? '' : ` before ${told(next)}`}`;
}
