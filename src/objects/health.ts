/**
 * Durable Object `HEALTH`, one named `health`: how targets answered in all isolates of the region. Kept in memory alone: an object that
 * is made anew thinks well of everybody, and learns better within five calls.
 */
import { DurableObject } from 'cloudflare:workers';
import type { HealthPicture, HealthReport } from '../edge/health';
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

  /** Takes over what an isolate saw, in order. */
  sync(reports: readonly HealthReport[]): HealthPicture {
    const now = Date.now();
    for (const { target, isOk, retryAfterMs } of reports) {
      const known = this.#targets.get(target);
      // Of one that never failed there is nothing to keep.
      if (known === undefined && isOk) continue;
      const health = known ?? new TargetHealth();
      this.#targets.delete(target);
      this.#targets.set(target, health);
      if (isOk) health.succeed(now);
      else health.fail(now, retryAfterMs);
    }
    for (const [oldest] of this.#targets) {
      if (this.#targets.size <= TARGETS_LIMIT) break;
      this.#targets.delete(oldest);
    }
    const all = [...this.#targets];
    return {
      open: all.flatMap(([target, { openUntil }]) => (openUntil === null ? [] : [{ target, openUntil }])),
      troubled: all.flatMap(([target, { hasFailed }]) => (hasFailed ? [target] : [])),
    };
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
