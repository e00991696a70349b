/**
 * Limiter over Durable Objects. Far from a limit an isolate holds a lease, permits that the object has counted as taken already, so
 * that almost no call pays a hop to it and none is admitted too many.
 */
import type { Decision, TakeRequest, Window } from '../gateway/limits/counter';
import type { Clock, Lease, Limiter, LimiterTake } from '../gateway/ports';
import type { Namer } from './vault';
import { within } from './within';

/** One hop takes a millisecond or a few; a call does not wait longer for a counter. */
const ANSWER_LIMIT_MS = 500;
/** Isolates hold leases for as many counters at once. */
const LEASES_LIMIT = 10_000;

/** The object behind one counter, by RPC. */
export interface CounterObject {
  take(request: LimiterTake): Promise<{ readonly decision: Decision; readonly lease: Lease | null }>;
  check(request: TakeRequest): Promise<Decision>;
  settle(id: string, amount: number, window: Window, isDurable: boolean): Promise<void>;
  release(id: string, isDurable: boolean): Promise<void>;
}

interface HeldLease extends Lease {
  readonly until: number;
  /** Another one means another limit on the same counter, or a changed one. */
  readonly quota: number;
  /** What the object said when it handed it out; later decisions are told from it. */
  readonly decision: Decision;
  used: number;
}

export class DurableLimiter implements Limiter {
  readonly #leases = new Map<string, HeldLease>();
  /** Counters that are being asked for a lease. */
  readonly #asking = new Set<string>();

  constructor(
    readonly objectOf: (name: string) => CounterObject,
    readonly namer: Namer,
    readonly clock: Clock,
    readonly newId: () => string,
    readonly waitUntil: (promise: Promise<unknown>) => void,
  ) {}

  async take(subject: string, take: TakeRequest, isDurable: boolean): Promise<Decision> {
    const name = await this.namer.name(subject);
    // A lease holds requests alone: money and tokens are asked for with another amount each time.
    const mayLease = take.holdUntil === null && !isDurable;
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
      if (lease !== null) this.#hold(name, lease, decision, take);
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
    await within(this.clock, ANSWER_LIMIT_MS, this.objectOf(await this.namer.name(subject)).settle(id, amount, window, isDurable));
  }

  async release(subject: string, id: string, isDurable: boolean): Promise<void> {
    const name = await this.namer.name(subject);
    const lease = this.#leases.get(name);
    if (lease !== undefined && lease.used > 0) lease.used--;
    else await within(this.clock, ANSWER_LIMIT_MS, this.objectOf(name).release(id, isDurable));
  }

  async check(subject: string, take: TakeRequest): Promise<Decision> {
    return within(this.clock, ANSWER_LIMIT_MS, this.objectOf(await this.namer.name(subject)).check(take));
  }

  #fromLease(name: string, take: TakeRequest): Decision | null {
    const lease = this.#leases.get(name);
    if (lease === undefined || lease.quota !== take.quota || lease.used + take.amount > lease.permits || this.clock.now() >= lease.until) return null;
    lease.used += take.amount;
    return { ...lease.decision, taken: take.amount, left: Math.max(0, lease.decision.left - lease.used) };
  }

  /** The call that got the lease reports it when it ends; should that call die, the object counts it as used in full. */
  #hold(name: string, lease: Lease, decision: Decision, { quota, window }: TakeRequest): void {
    if (this.#leases.size >= LEASES_LIMIT) return;
    const held: HeldLease = { ...lease, until: this.clock.now() + lease.ms, quota, decision, used: 0 };
    this.#leases.set(name, held);
    const reported = new Promise<void>((resolve) => this.clock.after(lease.ms, resolve)).then(async () => {
      this.#leases.delete(name);
      await this.objectOf(name).settle(held.id, held.used, window, false);
    });
    this.waitUntil(reported.catch((error: unknown) => console.error('a lease was not reported:', String(error))));
  }
}
