/** What a policy would have done to calls that were logged. Pure. */
import type { LimitPolicy } from '../../../schema/limit-policy';
import { Counter } from './counter';
import { type Labels, quotaOf, subjectOf, windowOf } from './subject';

export interface LoggedCall extends Labels {
  readonly id: string;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly tokens: number;
  readonly costNanoUsd: number;
}

export interface Simulation {
  readonly calls: number;
  readonly refused: number;
  /** What the refused calls have cost, in whole nano-dollars. */
  readonly savedNanoUsd: number;
  /** Whom it would have refused, most often first. */
  readonly segments: readonly { readonly segment: string; readonly calls: number; readonly refused: number; readonly savedNanoUsd: number }[];
}

/** Runs over calls in the order of their start. A call counts what it has really used, from its start on. */
export class LimitSimulator {
  readonly #counters = new Map<string, { counter: Counter; segment: string; calls: number; refused: number; savedNanoUsd: number }>();

  constructor(readonly policy: LimitPolicy) {}

  run(calls: readonly LoggedCall[]): void {
    const quota = quotaOf(this.policy);
    for (const call of calls) {
      const subject = subjectOf(this.policy, null, call);
      const it = this.#counters.get(subject.text) ?? { counter: new Counter(), segment: subject.shown, calls: 0, refused: 0, savedNanoUsd: 0 };
      this.#counters.set(subject.text, it);
      it.calls++;
      const amount = this.policy.unit === 'request' ? 1 : this.policy.unit === 'tokens' ? call.tokens : call.costNanoUsd;
      const window = windowOf(this.policy, call.startedAt);
      const { isAdmitted } = it.counter.take({ id: call.id, amount, isFlexible: false, holdUntil: null, quota, window }, call.startedAt);
      if (isAdmitted) continue;
      it.refused++;
      it.savedNanoUsd += call.costNanoUsd;
    }
  }

  get result(): Simulation {
    const all = [...this.#counters.values()];
    const sum = (of: (it: (typeof all)[number]) => number): number => all.reduce((total, it) => total + of(it), 0);
    return {
      calls: sum((it) => it.calls),
      refused: sum((it) => it.refused),
      savedNanoUsd: sum((it) => it.savedNanoUsd),
      segments: all
        .filter((it) => it.refused > 0)
        .sort((a, b) => b.refused - a.refused)
        .map(({ segment, calls, refused, savedNanoUsd }) => ({ segment, calls, refused, savedNanoUsd })),
    };
  }
}
