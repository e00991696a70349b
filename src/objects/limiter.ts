/**
 * Durable Object `LIMITER`: one counter. Named by the HMAC of (rule, or unit and window; segment; its value), so that no user id stands
 * in a name and a changed quota keeps what was spent. The arithmetic is in gateway/limits; here are storage, alarm and RPC.
 */
import { DurableObject } from 'cloudflare:workers';
import { Counter, type CounterState, type Decision, type TakeRequest, type Window } from '../gateway/limits/counter';
import type { EndedLease, Lease, LimiterTake } from '../gateway/ports';

/** A durable write takes as long as 15 calls. What a crash within this time loses is stated in the docs; money is written at once. */
const WRITE_BEHIND_MS = 1_000;
/** A lease takes at most this part of what is left. Where it would not hold a call like the one that asks there is none: each asks then. */
const LEASE_PART = 0.02;
const LEASE_MS = 1_000;
/** A lease that is not reported by then counts as used in full. */
const LEASE_GRACE_MS = 3_000;
/** After everything has left the window. */
const CLEAN_UP_AFTER_MS = 60_000;

interface Stored {
  readonly counter: CounterState;
  readonly window: Window;
}

export class Limiter extends DurableObject {
  #counter: Counter | null = null;
  #window: Window | null = null;
  #isWriting = false;
  #alarmAt: number | null = null;

  /** Takes, and may hand out a lease beside: permits that are counted here already. */
  take(request: LimiterTake): { readonly decision: Decision; readonly lease: Lease | null } {
    const now = Date.now();
    const counter = this.#open();
    this.#see(request.window);
    const decision = counter.take(request, now);
    const lease = request.leaseId !== null && decision.isAdmitted ? this.#lease(counter, request, request.leaseId, decision, now) : null;
    if (decision.isAdmitted) {
      this.#write(request.isDurable);
      this.#wakeWhenNext(now);
    }
    return { decision, lease };
  }

  check(request: TakeRequest): Decision {
    return this.#open().check(request, Date.now());
  }

  settle(id: string, amount: number, window: Window, isDurable: boolean): void {
    this.#open().settle(id, amount, window, Date.now());
    this.#see(window);
    this.#write(isDurable);
    this.#wakeWhenNext(Date.now());
  }

  /** A call that another limit refused takes nothing here. */
  release(id: string, isDurable: boolean): void {
    this.#open().release(id);
    this.#write(isDurable);
    this.#wakeWhenNext(Date.now());
  }

  /** A lease is over. */
  endLease(ended: EndedLease, window: Window, isDurable: boolean): void {
    this.#open().endLease(ended, window, Date.now());
    this.#see(window);
    this.#write(isDurable);
    this.#wakeWhenNext(Date.now());
  }

  override async alarm(): Promise<void> {
    const now = Date.now();
    const counter = this.#open();
    this.#alarmAt = null;
    if (this.#window !== null) counter.expire(this.#window, now);
    if (counter.isEmptyAt(this.#window, now)) {
      await this.ctx.storage.deleteAll();
      return;
    }
    this.#write(true);
    this.#wakeWhenNext(now);
  }

  /** A call may end long after the day that it began in: what counts by now is the newest window. */
  #see(window: Window): void {
    const isOver = window.kind === 'calendar' && this.#window?.kind === 'calendar' && window.endsAt < this.#window.endsAt;
    if (!isOver) this.#window = window;
  }

  #lease(counter: Counter, request: LimiterTake, id: string, decision: Decision, now: number): Lease | null {
    const permits = Math.floor(decision.left * LEASE_PART);
    if (permits < Math.max(1, request.amount)) return null;
    const until = now + LEASE_MS;
    const taken = counter.take({ ...request, id, amount: permits, isFlexible: false, holdUntil: until + LEASE_GRACE_MS }, now);
    return taken.isAdmitted ? { id, permits, ms: LEASE_MS } : null;
  }

  #open(): Counter {
    if (this.#counter === null) {
      const stored = this.ctx.storage.kv.get<Stored>('state') ?? null;
      this.#counter = new Counter(stored?.counter ?? null);
      this.#window ??= stored?.window ?? null;
    }
    return this.#counter;
  }

  #write(isDurable: boolean): void {
    if (isDurable) this.#store();
    else if (!this.#isWriting) {
      this.#isWriting = true;
      setTimeout(() => this.#store(), WRITE_BEHIND_MS);
    }
  }

  #store(): void {
    this.#isWriting = false;
    if (this.#window !== null) this.ctx.storage.kv.put('state', { counter: this.#open().state, window: this.#window } satisfies Stored);
  }

  /** When a hold runs out, or else when nothing is left to be counted: a budget of a month sleeps for it. */
  #wakeWhenNext(now: number): void {
    const counter = this.#open();
    this.#wakeAt(counter.nextExpiry ?? counter.emptyAt(this.#window, now) + CLEAN_UP_AFTER_MS);
  }

  #wakeAt(at: number): void {
    if (this.#alarmAt !== null && this.#alarmAt <= at) return;
    this.#alarmAt = at;
    void this.ctx.storage.setAlarm(at);
  }
}
