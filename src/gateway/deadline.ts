/** The time limits of one call: one timer runs at a time, the nearest one. */
import type { Clock } from './ports';

export type TimeoutName = 'connect' | 'first byte' | 'idle' | 'total';

/** Reasoning models think for minutes in silence. */
const FIRST_BYTE_DEFAULT_MS = 300_000;
/** Cloudflare itself gives up on an origin after 100 to 120 s without a byte (error 524); being first gives a typed error. */
const IDLE_DEFAULT_MS = 95_000;
/** The vendors' SDKs give up after ten minutes. */
const TOTAL_DEFAULT_MS = 600_000;
/** What `Helicone-Increase-Timeout` promises. */
const TOTAL_INCREASED_MS = 1_800_000;

export interface TimeLimits {
  readonly connectMs: number | null;
  /** Null: no limit of its own; a call that is no stream may think as long as the total allows. */
  readonly firstByteMs: number | null;
  readonly idleMs: number;
  readonly totalMs: number;
}

export function readTimeLimits(
  policy: {
    readonly connectTimeoutMs: number | undefined;
    readonly firstByteTimeoutMs: number | undefined;
    readonly idleTimeoutMs: number | undefined;
    readonly totalTimeoutMs: number | undefined;
    readonly increaseTimeout: boolean;
  },
  streamed: boolean,
): TimeLimits {
  return {
    connectMs: policy.connectTimeoutMs ?? null,
    firstByteMs: policy.firstByteTimeoutMs ?? (streamed ? FIRST_BYTE_DEFAULT_MS : null),
    idleMs: policy.idleTimeoutMs ?? IDLE_DEFAULT_MS,
    totalMs: policy.totalTimeoutMs ?? (policy.increaseTimeout ? TOTAL_INCREASED_MS : TOTAL_DEFAULT_MS),
  };
}

export class Deadline {
  readonly #clock: Clock;
  readonly #totalAt: number;
  #stop: (() => void) | null = null;
  #touchedAt = 0;
  #isIdle = false;
  /** Which limit ran out, with its length, or null. */
  expired: { readonly name: TimeoutName; readonly ms: number } | null = null;
  #onExpire: (() => void) | null = null;

  /** `client` goes up when the client leaves; requests to providers carry it themselves. */
  constructor(
    clock: Clock,
    readonly client: AbortSignal,
    readonly limits: TimeLimits,
  ) {
    this.#clock = clock;
    this.#totalAt = clock.now() + limits.totalMs;
  }

  /** What is left of the total, in milliseconds. */
  get leftMs(): number {
    return this.#totalAt - this.#clock.now();
  }

  get clientLeft(): boolean {
    return this.client.aborted;
  }

  /**
   * Settles like the promise, and rejects when a limit runs out before; of several that wait, the last to begin. What the promise waits
   * for is not stopped by that: the call is over then, and the runtime closes its connections with it. A controller for each call costs
   * a twentieth of it.
   */
  within<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const outer = this.#onExpire;
      const expire = (): void => reject(new Error('timeout'));
      const restore = (): void => {
        if (this.#onExpire === expire) this.#onExpire = outer;
      };
      this.#onExpire = expire;
      promise.then(
        (value) => {
          restore();
          resolve(value);
        },
        (error: unknown) => {
          restore();
          reject(error);
        },
      );
    });
  }

  /**
   * Starts a limit in place of the one that ran; the total limit always counts along. `spentMs` is what has passed of it already.
   */
  arm(name: TimeoutName, ms: number, spentMs = 0): void {
    this.#stop?.();
    // Another try has its own limits; the total is that of the call.
    if (this.expired?.name !== 'total') this.expired = null;
    this.#touchedAt = this.#clock.now() - spentMs;
    this.#isIdle = name === 'idle';
    this.#wait(name, ms, Math.max(1, ms - spentMs));
  }

  /** Something came: the idle limit begins anew, where it runs. Costs no timer: the running one looks when it goes off. */
  touch(): void {
    if (this.#isIdle) this.#touchedAt = this.#clock.now();
  }

  #wait(name: TimeoutName, ms: number, waitMs: number): void {
    const left = Math.max(0, this.#totalAt - this.#clock.now());
    this.#stop = this.#clock.after(Math.min(waitMs, left), () => {
      const now = this.#clock.now();
      const total = now >= this.#totalAt;
      const restMs = this.#touchedAt + ms - now;
      if (!total && restMs > 0) return this.#wait(name, ms, restMs);
      this.expired = total ? { name: 'total', ms: this.limits.totalMs } : { name, ms };
      this.#onExpire?.();
    });
  }

  /** Stops all limits; the call is over. */
  disarm(): void {
    this.#stop?.();
    this.#stop = null;
  }
}
