/**
 * One counter: what was used in its window, and what is held for calls in flight. Pure: time is an argument. Amounts are whole numbers
 * in the counter's own unit (requests, tokens, nano-dollars).
 *
 * The window is kept in slots of a hundredth of its length. A slot leaves when its last instant is older than the window, so no window
 * of that length ever holds more than the quota, and an amount is free again one hundredth late at most.
 * What is in flight counts whatever the window is; it becomes used when it is settled.
 */

import type { EndedLease } from '../ports';

export type Window =
  | { readonly kind: 'sliding'; readonly ms: number }
  /** `startsAt`, `endsAt`: the period around now, in Unix milliseconds. */
  | { readonly kind: 'calendar'; readonly startsAt: number; readonly endsAt: number };

export interface TakeRequest {
  /** Weir's own id of the call, or of a lease: the same one is never counted twice. */
  readonly id: string;
  readonly amount: number;
  /** Take what is left, if that is less but not nothing. */
  readonly isFlexible: boolean;
  /** Unix milliseconds until which the amount is held and not yet used; null: it is used at once. */
  readonly holdUntil: number | null;
  readonly quota: number;
  readonly window: Window;
}

export interface Decision {
  readonly isAdmitted: boolean;
  /** What was taken; less than asked for when flexible. */
  readonly taken: number;
  readonly used: number;
  readonly held: number;
  /** What is left after this decision. */
  readonly left: number;
  /** Milliseconds until everything used has left the window. */
  readonly resetMs: number;
  /** Milliseconds after which the same request is admitted, as far as that depends on the window; 0 on admission. */
  readonly retryAfterMs: number;
  /** What is missing is held for calls in flight: nobody knows when it comes back, and `retryAfterMs` is when to look again. */
  readonly awaitsCalls: boolean;
}

export interface CounterState {
  /** Last instant of a slot in Unix milliseconds, and its amount. */
  readonly slots: readonly (readonly [end: number, amount: number])[];
  readonly holds: readonly (readonly [id: string, amount: number, until: number])[];
  readonly now: number;
  /** Holds that ran out before their call was over, and what was counted of them. */
  readonly late?: readonly (readonly [id: string, amount: number, slotEnd: number | null])[];
}

const SLOTS = 100;
/** Boundaries of days and months fall on quarters of an hour in every time zone in use. */
const CALENDAR_SLOT_MS = 900_000;
/** Ids of takes that are over; a repeated call comes within seconds. */
const REMEMBERED = 1_000;
/** In flight amounts stand in the way, and nobody knows when they come back. */
const HELD_RETRY_MS = 1_000;

export class Counter {
  readonly #slots = new Map<number, number>();
  readonly #holds = new Map<string, { amount: number; until: number }>();
  readonly #decided = new Map<string, { readonly decision: Decision; readonly slot: number | null }>();
  /** What was counted of holds that ran out. */
  readonly #late = new Map<string, { readonly amount: number; readonly slot: number | null }>();
  #now = 0;

  constructor(state: CounterState | null = null) {
    for (const [end, amount] of state?.slots ?? []) this.#slots.set(end, amount);
    for (const [id, amount, until] of state?.holds ?? []) this.#holds.set(id, { amount, until });
    for (const [id, amount, slot] of state?.late ?? []) this.#late.set(id, { amount, slot });
    this.#now = state?.now ?? 0;
  }

  get state(): CounterState {
    return {
      slots: [...this.#slots],
      holds: [...this.#holds].map(([id, hold]) => [id, hold.amount, hold.until] as const),
      late: [...this.#late].map(([id, { amount, slot }]) => [id, amount, slot] as const),
      now: this.#now,
    };
  }

  /** When the first hold runs out, or null. */
  get nextExpiry(): number | null {
    const times = [...this.#holds.values()].map((hold) => hold.until);
    return times.length === 0 ? null : Math.min(...times);
  }

  take(request: TakeRequest, at: number): Decision {
    const known = this.#decided.get(request.id);
    if (known !== undefined) return known.decision;
    const now = this.#moveTo(at, request.window);
    const decision = this.#decide(request, now);
    if (!decision.isAdmitted) return decision;
    let slot: number | null = null;
    if (request.holdUntil === null) slot = this.#use(decision.taken, request.window, now);
    else this.#holds.set(request.id, { amount: decision.taken, until: request.holdUntil });
    this.#remember(request.id, decision, slot);
    return decision;
  }

  /** Undoes a take, as if it had never been. */
  release(id: string): void {
    if (this.#holds.delete(id)) return;
    const known = this.#decided.get(id);
    if (known === undefined || known.slot === null) return;
    this.#decided.delete(id);
    this.#giveBack(known.decision.taken, known.slot);
  }

  /** Out of the slot in which it was counted, if that has not left the window. */
  #giveBack(amount: number, slot: number | null): void {
    if (slot === null) return;
    const rest = (this.#slots.get(slot) ?? 0) - amount;
    if (rest > 0) this.#slots.set(slot, rest);
    else this.#slots.delete(slot);
  }

  isEmptyAt(window: Window | null, at: number): boolean {
    if (window !== null) this.#moveTo(at, window.kind === 'calendar' && window.endsAt <= at ? { kind: 'sliding', ms: 0 } : window);
    return this.#slots.size === 0 && this.#holds.size === 0;
  }

  /** When all that was used has left the window, in Unix milliseconds; `at` where nothing was. */
  emptyAt(window: Window | null, at: number): number {
    return window === null || this.#slots.size === 0 ? at : at + this.#resetMs(window, at);
  }

  /** What a take would say now; takes nothing. */
  check(request: TakeRequest, at: number): Decision {
    return this.#decide(request, this.#moveTo(at, request.window));
  }

  /** A held amount becomes what was really used. An id that is not held (any more) changes nothing. */
  settle(id: string, amount: number, window: Window, at: number): void {
    const now = this.#moveTo(at, window);
    if (this.#holds.delete(id)) {
      this.#use(amount, window, now);
      return;
    }
    // It outlasted its hold, which was counted then; what it used beyond that is counted now, and what it did not use comes back.
    const counted = this.#late.get(id);
    if (counted === undefined) return;
    this.#late.delete(id);
    if (amount >= counted.amount) this.#use(amount - counted.amount, window, now);
    else this.#giveBack(counted.amount - amount, counted.slot);
  }

  /**
   * What was held for a lease becomes what its calls used, and holds of those that go on. One that ran out was counted in full, its calls
   * with it.
   */
  endLease({ id, used, holds }: EndedLease, window: Window, at: number): void {
    const now = this.#moveTo(at, window);
    if (!this.#holds.delete(id)) return;
    this.#use(used, window, now);
    for (const hold of holds) this.#holds.set(hold.id, { amount: hold.amount, until: hold.holdUntil });
  }

  /** Holds that ran out count as used in full: what they were for may have been spent. */
  expire(window: Window, at: number): void {
    const now = this.#moveTo(at, window);
    for (const [id, hold] of this.#holds) {
      if (hold.until > now) continue;
      this.#holds.delete(id);
      const slot = this.#use(hold.amount, window, now);
      this.#late.set(id, { amount: hold.amount, slot });
      const [oldest] = this.#late.keys();
      if (this.#late.size > REMEMBERED && oldest !== undefined) this.#late.delete(oldest);
    }
  }

  #decide(request: TakeRequest, now: number): Decision {
    const { quota, window } = request;
    const used = this.#sum(this.#slots.values());
    const held = this.#sum([...this.#holds.values()].map((hold) => hold.amount));
    const free = quota - used - held;
    // What costs nothing is let through as long as anything is left.
    const isAdmitted = request.isFlexible || request.amount === 0 ? free > 0 : request.amount <= free;
    const taken = isAdmitted ? Math.min(request.amount, free) : 0;
    const resetMs = this.#resetMs(window, now);
    const rest = { used, held, resetMs: isAdmitted && request.holdUntil === null ? this.#fullMs(window, now) : resetMs };
    if (isAdmitted) return { ...rest, isAdmitted, taken, left: free - taken, retryAfterMs: 0, awaitsCalls: false };
    const retryAfterMs = this.#retryAfterMs(request, free, now);
    return { ...rest, isAdmitted, taken, left: Math.max(0, free), retryAfterMs: retryAfterMs ?? HELD_RETRY_MS, awaitsCalls: retryAfterMs === null };
  }

  #sum(amounts: Iterable<number>): number {
    let sum = 0;
    for (const amount of amounts) sum += amount;
    return sum;
  }

  /** Time never runs backwards here, whatever the clock does; what has left the window is forgotten. */
  #moveTo(at: number, window: Window): number {
    this.#now = Math.max(this.#now, at);
    const start = window.kind === 'sliding' ? this.#now - window.ms : window.startsAt;
    for (const end of this.#slots.keys()) if (end <= start) this.#slots.delete(end);
    return this.#now;
  }

  #use(amount: number, window: Window, now: number): number | null {
    if (amount <= 0) return null;
    const end = slotEnd(window, now);
    this.#slots.set(end, (this.#slots.get(end) ?? 0) + amount);
    return end;
  }

  #resetMs(window: Window, now: number): number {
    if (window.kind === 'calendar') return window.endsAt - now;
    return Math.max(0, ...[...this.#slots.keys()].map((end) => end + window.ms - now));
  }

  #fullMs(window: Window, now: number): number {
    return window.kind === 'calendar' ? window.endsAt - now : slotEnd(window, now) + window.ms - now;
  }

  /** Null: what leaves the window is not enough. */
  #retryAfterMs(request: TakeRequest, free: number, now: number): number | null {
    const { window, quota } = request;
    const wanted = request.isFlexible ? 1 : request.amount;
    const isHeldByCalls = request.holdUntil !== null;
    // Without what is held there is room: it may come back any moment, long before the window moves.
    if (isHeldByCalls && wanted <= quota - this.#sum(this.#slots.values())) return null;
    let missing = wanted - free;
    // What is used at once is held for leases alone, and used up when they end: by then, at the latest, it stands in the window.
    const leased = isHeldByCalls ? [] : [...this.#holds.values()].map(({ until, amount }) => [slotEnd(window, until), amount] as const);
    const leaving = [...this.#slots, ...leased];
    if (window.kind === 'calendar') return this.#sum(leaving.map(([, amount]) => amount)) >= missing ? window.endsAt - now : null;
    for (const [end, amount] of leaving.sort(([a], [b]) => a - b)) {
      missing -= amount;
      if (missing <= 0) return end + window.ms - now;
    }
    return null;
  }

  #remember(id: string, decision: Decision, slot: number | null): void {
    this.#decided.set(id, { decision, slot });
    if (this.#decided.size <= REMEMBERED) return;
    const oldest = this.#decided.keys().next();
    if (oldest.done !== true) this.#decided.delete(oldest.value);
  }
}

/** The last instant of the slot that an amount used now falls into. */
function slotEnd(window: Window, now: number): number {
  const length = window.kind === 'calendar' ? CALENDAR_SLOT_MS : Math.max(1, Math.ceil(window.ms / SLOTS));
  return Math.floor(now / length) * length + length - 1;
}
