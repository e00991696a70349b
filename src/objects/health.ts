/**
 * Durable Object `HEALTH`, one named `health`: how targets answered in all isolates of the region. Kept in memory alone: an object that
 * is made anew thinks well of everybody, and learns better within five calls.
 */
import { DurableObject } from 'cloudflare:workers';
import type { HealthReport, OpenTarget } from '../edge/health';
import { type HealthState, TargetHealth } from '../gateway/routing/health';

/** Models are named by callers; the oldest is forgotten first. */
const TARGETS_LIMIT = 1_000;

export interface ShownHealth {
  readonly target: string;
  readonly state: HealthState;
  /** Unix milliseconds, or null while it is closed. */
  readonly openUntil: number | null;
}

export class Health extends DurableObject {
  readonly #targets = new Map<string, TargetHealth>();

  /** Takes over what an isolate saw, in order, and tells which targets are not closed, until when. */
  sync(reports: readonly HealthReport[]): OpenTarget[] {
    const now = Date.now();
    for (const { target, isOk, retryAfterMs } of reports) {
      const health = this.#targets.get(target) ?? new TargetHealth();
      this.#targets.delete(target);
      this.#targets.set(target, health);
      if (isOk) health.succeed(now);
      else health.fail(now, retryAfterMs);
    }
    for (const [oldest] of this.#targets) {
      if (this.#targets.size <= TARGETS_LIMIT) break;
      this.#targets.delete(oldest);
    }
    return [...this.#targets].flatMap(([target, { openUntil }]) => (openUntil === null ? [] : [{ target, openUntil }]));
  }

  probe(target: string): boolean {
    return this.#targets.get(target)?.mayProbe(Date.now()) ?? true;
  }

  /** Whatever was wrong is mended: everybody is asked again. */
  forget(): void {
    this.#targets.clear();
  }

  show(): ShownHealth[] {
    const now = Date.now();
    return [...this.#targets].map(([target, health]) => ({ target, state: health.state(now), openUntil: health.openUntil }));
  }
}
