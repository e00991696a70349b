/** A part of a limit that this isolate may hand out by itself: the object has counted all of it as taken. */
import type { Decision, TakeRequest, Window } from '../gateway/limits/counter';
import type { EndedLease, Lease } from '../gateway/ports';

interface Taken {
  readonly amount: number;
  /** As in {@link TakeRequest}. */
  readonly holdUntil: number | null;
}

/** How long after its end a lease is believed to be on its way back: the call that should report it may have died. */
const REPORT_GRACE_MS = 3_000;

export class HeldLease {
  readonly window: Window;
  /** Another one means another limit on the same counter, or a changed one. */
  readonly #quota: number;
  readonly #open = new Map<string, Taken>();
  /** Of calls that are over. */
  #used = 0;
  /** Of calls in flight. */
  #held = 0;
  #isReported = false;

  /** `decision`: what the object said when it handed it out; later ones are told from it. `until`: Unix milliseconds. */
  constructor(
    readonly lease: Lease,
    readonly until: number,
    readonly isDurable: boolean,
    readonly decision: Decision,
    { quota, window }: TakeRequest,
  ) {
    this.#quota = quota;
    this.window = window;
  }

  /** It was reported, or should have been long since. */
  isGone(now: number): boolean {
    return this.#isReported || now > this.until + REPORT_GRACE_MS;
  }

  /** Null: the object has to be asked. */
  take(request: TakeRequest, now: number): Decision | null {
    const taken = this.#used + this.#held;
    if (request.quota !== this.#quota || now >= this.until || this.#isReported || taken + request.amount > this.lease.permits) return null;
    this.#held += request.amount;
    this.#open.set(request.id, { amount: request.amount, holdUntil: request.holdUntil });
    return { ...this.decision, taken: request.amount, left: Math.max(0, this.decision.left - taken - request.amount) };
  }

  /** A call has ended. False: it is none of this lease's, or the object knows of it by now. */
  settle(id: string, amount: number): boolean {
    if (!this.release(id)) return false;
    this.#used += amount;
    return true;
  }

  /** As if it had never been; false as in {@link settle}. */
  release(id: string): boolean {
    const taken = this.#open.get(id);
    if (this.#isReported || taken === undefined) return false;
    this.#open.delete(id);
    this.#held -= taken.amount;
    return true;
  }

  /** What the object is told when it is over: from here on it answers for the calls that go on. */
  end(): EndedLease {
    this.#isReported = true;
    const open = [...this.#open].map(([id, it]) => ({ id, ...it }));
    const atOnce = open.filter((each) => each.holdUntil === null);
    const used = this.#used + atOnce.reduce((sum, each) => sum + each.amount, 0);
    const holds = open.flatMap(({ id, amount, holdUntil }) => (holdUntil === null ? [] : [{ id, amount, holdUntil }]));
    return { id: this.lease.id, used, holds };
  }
}
