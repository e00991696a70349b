/** Whether a target is worth asking, told from how it answered of late: a circuit breaker. Pure; `now` is Unix milliseconds. */

/** So many failures in a row open it. */
const CONSECUTIVE_LIMIT = 5;
/** Or half of so many. */
const RECENT_COUNT = 20;
/** How long it stays open: twice so long, then doubling. */
const OPEN_MS = 5_000;
const OPEN_MOST_MS = 60_000;
/** What the provider itself asks for, within reason. */
const RETRY_AFTER_LEAST_MS = 1_000;
const RETRY_AFTER_MOST_MS = 300_000;
/** A probe that never reports is not waited for longer. */
const PROBE_MS = 10_000;

export type HealthState = 'closed' | 'open' | 'half-open';

export class TargetHealth {
  #consecutive = 0;
  /** Whether each of the last calls went well, oldest first. */
  #recent: boolean[] = [];
  #opens = 0;
  #openUntil: number | null = null;
  #probeUntil = 0;

  /** Unix milliseconds; null while it is closed. */
  get openUntil(): number | null {
    return this.#openUntil;
  }

  /** One of the last calls failed, or it is not closed. */
  get hasFailed(): boolean {
    return this.#openUntil !== null || this.#consecutive > 0 || this.#recent.includes(false);
  }

  state(now: number): HealthState {
    if (this.#openUntil === null) return 'closed';
    return now < this.#openUntil ? 'open' : 'half-open';
  }

  succeed(now: number): void {
    const state = this.state(now);
    // A call that was on its way when it opened tells nothing new, whichever way it went.
    if (state === 'open') return;
    if (state === 'half-open') this.#recent = [];
    this.#consecutive = 0;
    this.#openUntil = null;
    this.#probeUntil = 0;
    this.#opens = 0;
    this.#note(true);
  }

  /** `retryAfterMs`: what the provider asks for, or null. */
  fail(now: number, retryAfterMs: number | null): void {
    const state = this.state(now);
    if (state === 'open') return;
    this.#consecutive++;
    this.#note(false);
    const failures = this.#recent.filter((isOk) => !isOk).length;
    const isBad = this.#consecutive >= CONSECUTIVE_LIMIT || (this.#recent.length >= RECENT_COUNT && failures * 2 >= this.#recent.length);
    if (state === 'half-open' || isBad) this.#open(now, retryAfterMs);
  }

  /** Whether the caller may try a target whose time is up: one at a time. */
  mayProbe(now: number): boolean {
    if (this.state(now) !== 'half-open' || now < this.#probeUntil) return false;
    this.#probeUntil = now + PROBE_MS;
    return true;
  }

  #open(now: number, retryAfterMs: number | null): void {
    const ms = Math.min(OPEN_MS * 2 ** Math.max(0, this.#opens - 1), OPEN_MOST_MS);
    this.#opens++;
    this.#openUntil = now + (retryAfterMs === null ? ms : Math.min(Math.max(retryAfterMs, RETRY_AFTER_LEAST_MS), RETRY_AFTER_MOST_MS));
    this.#probeUntil = 0;
    this.#recent = [];
  }

  #note(isOk: boolean): void {
    this.#recent = [...this.#recent, isOk].slice(-RECENT_COUNT);
  }
}
