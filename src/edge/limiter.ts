/**
 * Limiter over Durable Objects. Far from a limit an isolate holds a lease, permits that the object has counted as taken already, so
 * that almost no call pays a hop to it and none is admitted too many.
 */
import type { Decision, TakeRequest, Window } from '../gateway/limits/counter';
import type { Clock, EndedLease, Lease, Limiter, LimiterTake } from '../gateway/ports';
import { HeldLease } from './lease';
import type { Namer } from './vault';
import { within } from './within';

/** One hop takes a millisecond or a few; a call does not wait longer for a counter. */
const ANSWER_LIMIT_MS = 500;
/** Isolates hold leases for as many counters at once. */
const LEASES_LIMIT = 10_000;
/** The object hears of a lease's end within milliseconds. */
const REPORT_POLL_MS = 20;
const REPORT_POLLS = 50;

/** The object behind one counter, by RPC. */
export interface CounterObject {
  take(request: LimiterTake): Promise<{ readonly decision: Decision; readonly lease: Lease | null }>;
  check(request: TakeRequest): Promise<Decision>;
  settle(id: string, amount: number, window: Window, isDurable: boolean): Promise<void>;
  release(id: string, isDurable: boolean): Promise<void>;
  endLease(ended: EndedLease, window: Window, isDurable: boolean): Promise<void>;
}

export class DurableLimiter implements Limiter {
  readonly #leases = new Map<string, HeldLease>();
  /** Calls in flight that took from a lease, by counter and id, with whether the object knows of them by now. */
  readonly #leased = new Map<string, { readonly lease: HeldLease; isKnown: boolean }>();
  /** Counters that are being asked for a lease. */
  readonly #asking = new Set<string>();

  constructor(
    readonly objectOf: (name: string) => CounterObject,
    readonly namer: Namer,
    readonly clock: Clock,
    readonly newId: () => string,
    readonly waitUntil: (promise: Promise<unknown>) => void,
  ) {}

  async take(subject: string, take: TakeRequest, isDurable: boolean, mayLease: boolean): Promise<Decision> {
    const name = await this.namer.name(subject);
    const leased = mayLease ? this.#fromLease(name, take) : null;
    if (leased !== null) return leased;
    const leaseId = mayLease && !this.#leases.has(name) && !this.#asking.has(name) ? this.newId() : null;
    if (leaseId !== null) this.#asking.add(name);
    try {
      const answer = this.objectOf(name).take({ ...take, isDurable, leaseId });
      const { decision, lease } = await within(this.clock, ANSWER_LIMIT_MS, answer).catch((error: unknown) => {
        // It may still arrive and be counted, for a call that went on or was refused without it.
        this.waitUntil(this.#takeBack(answer, name, take.id, isDurable));
        throw error;
      });
      if (lease !== null) this.#hold(name, new HeldLease(lease, this.clock.now() + lease.ms, isDurable, decision, take));
      if (decision.isAdmitted || !mayLease) return decision;
      // What is left may lie in a lease that came meanwhile.
      return this.#fromLease(name, take) ?? decision;
    } finally {
      if (leaseId !== null) this.#asking.delete(name);
    }
  }

  async #takeBack(answer: Promise<{ readonly decision: Decision }>, name: string, id: string, isDurable: boolean): Promise<void> {
    try {
      if ((await answer).decision.isAdmitted) await this.objectOf(name).release(id, isDurable);
    } catch {
      // It never arrived.
    }
  }

  async settle(subject: string, id: string, amount: number, window: Window, isDurable: boolean): Promise<void> {
    const name = await this.namer.name(subject);
    const key = keyOf(name, id);
    const leased = this.#leased.get(key);
    this.#leased.delete(key);
    if (leased?.lease.settle(id, amount) === true) return;
    // The object can settle what it knows of alone.
    for (let poll = 0; leased?.isKnown === false && poll < REPORT_POLLS; poll++) await this.#sleep(REPORT_POLL_MS);
    await within(this.clock, ANSWER_LIMIT_MS, this.objectOf(name).settle(id, amount, window, isDurable));
  }

  async release(subject: string, id: string, isDurable: boolean): Promise<void> {
    const name = await this.namer.name(subject);
    const key = keyOf(name, id);
    const lease = this.#leased.get(key)?.lease ?? this.#leases.get(name);
    this.#leased.delete(key);
    if (lease?.release(id) === true) return;
    await within(this.clock, ANSWER_LIMIT_MS, this.objectOf(name).release(id, isDurable));
  }

  async check(subject: string, take: TakeRequest): Promise<Decision> {
    return within(this.clock, ANSWER_LIMIT_MS, this.objectOf(await this.namer.name(subject)).check(take));
  }

  #fromLease(name: string, take: TakeRequest): Decision | null {
    const lease = this.#leases.get(name);
    const now = this.clock.now();
    if (lease?.isGone(now) === true) this.#leases.delete(name);
    const decision = lease?.take(take, now) ?? null;
    if (lease !== undefined && decision !== null && take.holdUntil !== null) this.#leased.set(keyOf(name, take.id), { lease, isKnown: false });
    return decision;
  }

  /** The call that got the lease reports it when it ends; should that call die, the object counts it as used in full. */
  #hold(name: string, held: HeldLease): void {
    if (this.#leases.size >= LEASES_LIMIT) return;
    this.#leases.set(name, held);
    const report = async (): Promise<void> => {
      await this.#sleep(held.lease.ms);
      if (this.#leases.get(name) === held) this.#leases.delete(name);
      const ended = held.end();
      try {
        await this.objectOf(name).endLease(ended, held.window, held.isDurable);
      } catch (error) {
        console.error('a lease was not reported:', String(error));
      }
      for (const { id } of ended.holds) {
        const leased = this.#leased.get(keyOf(name, id));
        if (leased !== undefined) leased.isKnown = true;
      }
    };
    this.waitUntil(report());
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.clock.after(ms, resolve);
    });
  }
}

const keyOf = (name: string, id: string): string => `${name} ${id}`;
