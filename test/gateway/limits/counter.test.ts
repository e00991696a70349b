import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calendarWindow } from '../../../src/gateway/limits/calendar';
import { Counter, type TakeRequest, type Window } from '../../../src/gateway/limits/counter';

const WINDOW: Window = { kind: 'sliding', ms: 1_000 };
let ids = 0;
const take = (changes: Partial<TakeRequest> = {}): TakeRequest => ({
  id: `call-${ids++}`,
  amount: 1,
  isFlexible: false,
  holdUntil: null,
  quota: 5,
  window: WINDOW,
  ...changes,
});

describe('Counter', () => {
  it('never lets more than the quota into any window, and never refuses what a window of one slot more would let in', () => {
    const arrivals = fc.array(fc.record({ gapMs: fc.integer({ min: -300, max: 700 }), amount: fc.integer({ min: 1, max: 3 }) }), { maxLength: 120 });
    fc.assert(
      fc.property(arrivals, fc.integer({ min: 3, max: 12 }), fc.integer({ min: 1, max: 3_000 }), (list, quota, ms) => {
        const counter = new Counter();
        const admitted: { at: number; amount: number }[] = [];
        const slotMs = Math.max(1, Math.ceil(ms / 100));
        let clock = 1_000_000;
        let now = 0;
        for (const { gapMs, amount } of list) {
          clock += gapMs;
          now = Math.max(now, clock);
          const within = (length: number) => admitted.filter((each) => each.at > now - length).reduce((sum, each) => sum + each.amount, 0);
          const { isAdmitted } = counter.take(take({ quota, amount, window: { kind: 'sliding', ms } }), clock);
          if (isAdmitted) admitted.push({ at: now, amount });
          else expect(within(ms + slotMs) + amount).toBeGreaterThan(quota);
          expect(within(ms)).toBeLessThanOrEqual(quota);
        }
      }),
    );
  });

  it('tells when a refused amount fits: not a millisecond earlier, and surely then', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 5 }), (gaps, amount) => {
        const counter = new Counter();
        let now = 5_000;
        for (const gap of gaps) {
          now += gap;
          const refused = counter.take(take({ amount }), now);
          if (refused.isAdmitted) continue;
          const later = new Counter(counter.state);
          expect(new Counter(counter.state).take(take({ amount }), now + refused.retryAfterMs - 1).isAdmitted).toBe(false);
          expect(refused.awaitsCalls).toBe(false);
          expect(later.take(take({ amount }), now + refused.retryAfterMs).isAdmitted).toBe(true);
        }
      }),
    );
  });

  it('counts the same id once', () => {
    const counter = new Counter();
    const request = take({ amount: 3 });
    expect(counter.take(request, 0)).toEqual(counter.take(request, 10));
    expect(counter.check(take(), 10).used).toBe(3);
  });

  it('waits for calls in flight wherever they alone stand in the way, and for the window where they do not', () => {
    const quota = 10;
    const begun = { id: 'begun', quota, window: WINDOW, isFlexible: false };
    const counter = new Counter();
    counter.take({ ...begun, id: 'used', amount: 4, holdUntil: null }, 0);
    counter.take({ ...begun, amount: 6, holdUntil: 60_000 }, 0);
    const asked = (amount: number) => counter.check({ ...begun, id: `of ${amount}`, amount, holdUntil: 60_000 }, 1_000);
    expect(asked(3)).toMatchObject({ awaitsCalls: true, retryAfterMs: 1_000 });
    expect(asked(6)).toMatchObject({ awaitsCalls: true, retryAfterMs: 1_000 });
    // Even if all of it came back, what was used leaves no room.
    expect(asked(7).awaitsCalls).toBe(true);
    counter.settle('begun', 6, WINDOW, 1_000);
    expect(asked(3)).toMatchObject({ awaitsCalls: false });
  });

  it('holds what is in flight beyond the window, and takes the true amount when it is settled', () => {
    const counter = new Counter();
    const held = take({ amount: 4, holdUntil: 60_000 });
    expect(counter.take(held, 0)).toMatchObject({ isAdmitted: true, left: 1 });
    const asked = take({ amount: 2, holdUntil: 60_000 });
    expect(counter.take(asked, 5_000)).toMatchObject({ isAdmitted: false, held: 4, retryAfterMs: 1_000, awaitsCalls: true });
    counter.settle(held.id, 1, WINDOW, 6_000);
    counter.settle(held.id, 1, WINDOW, 6_000);
    expect(counter.check(take({ amount: 4 }), 6_000)).toMatchObject({ isAdmitted: true, used: 1, held: 0 });
  });

  it('counts a hold that ran out as used', () => {
    const counter = new Counter();
    counter.take(take({ amount: 4, holdUntil: 2_000 }), 0);
    expect(counter.nextExpiry).toBe(2_000);
    counter.expire(WINDOW, 2_000);
    expect(counter.check(take(), 2_000)).toMatchObject({ used: 4, held: 0 });
    expect(counter.check(take(), 3_100)).toMatchObject({ used: 0 });
  });

  it('gives what is left to a flexible request, and nothing when nothing is left', () => {
    const counter = new Counter();
    expect(counter.take(take({ amount: 9, isFlexible: true, holdUntil: 9_000 }), 0)).toMatchObject({ isAdmitted: true, taken: 5, left: 0 });
    expect(counter.take(take({ amount: 9, isFlexible: true }), 0)).toMatchObject({ isAdmitted: false, taken: 0 });
  });

  it('lives on from its state', () => {
    const counter = new Counter();
    counter.take(take({ amount: 2 }), 100);
    counter.take(take({ amount: 2, holdUntil: 9_000 }), 100);
    const again = new Counter(JSON.parse(JSON.stringify(counter.state)));
    expect(again.check(take(), 200)).toMatchObject({ used: 2, held: 2, left: 0, isAdmitted: true });
  });

  it('keeps what was spent when the quota is changed', () => {
    const counter = new Counter();
    counter.take(take({ amount: 5 }), 0);
    expect(counter.check(take({ quota: 6 }), 0).isAdmitted).toBe(true);
    expect(counter.check(take({ quota: 2 }), 0)).toMatchObject({ isAdmitted: false, left: 0 });
  });

  it('begins anew with each day or month of a time zone', () => {
    const at = (text: string) => Date.parse(text);
    const counter = new Counter();
    const spend = (text: string) => counter.take(take({ window: calendarWindow('day', 'Europe/Berlin', at(text)), amount: 5 }), at(text));
    expect(spend('2026-05-01T21:59:00Z').isAdmitted).toBe(true);
    expect(spend('2026-05-01T21:59:59Z')).toMatchObject({ isAdmitted: false, retryAfterMs: 1_000 });
    expect(spend('2026-05-01T22:00:00Z').isAdmitted).toBe(true);
  });
});

describe('calendarWindow', () => {
  it.each([
    ['day', 'UTC', '2026-05-01T12:34:56Z', '2026-05-01T00:00:00Z', '2026-05-02T00:00:00Z'],
    ['month', 'UTC', '2026-02-28T23:59:59Z', '2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z'],
    ['day', 'America/New_York', '2026-11-01T12:00:00Z', '2026-11-01T04:00:00Z', '2026-11-02T05:00:00Z'],
    ['month', 'Asia/Kathmandu', '2026-01-31T18:20:00Z', '2026-01-31T18:15:00Z', '2026-02-28T18:15:00Z'],
    ['day', 'Europe/Berlin', '2026-03-29T00:30:00Z', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'],
  ] as const)('%s in %s around %s', (period, zone, at, startsAt, endsAt) => {
    const window = calendarWindow(period, zone, Date.parse(at));
    expect(window).toEqual({ kind: 'calendar', startsAt: Date.parse(startsAt), endsAt: Date.parse(endsAt) });
  });

  it('counts what a call used beyond a hold that it outlasted, once', () => {
    const counter = new Counter();
    counter.take({ id: 'long', amount: 10, isFlexible: false, holdUntil: 1_000, quota: 100, window: WINDOW }, 0);
    counter.expire(WINDOW, 2_000);
    const again = new Counter(counter.state);
    again.settle('long', 35, WINDOW, 3_000);
    again.settle('long', 35, WINDOW, 3_001);
    const ask = { id: 'x', amount: 1, isFlexible: false, holdUntil: null, quota: 100, window: WINDOW };
    expect(again.check(ask, 3_002).used).toBe(35);
  });

  it('knows a thousand of them, and forgets the oldest first', () => {
    const counter = new Counter();
    const ids = Array.from({ length: 1_001 }, (_, index) => `long-${index}`);
    for (const id of ids) counter.take(take({ id, amount: 10, holdUntil: 500, quota: 100_000 }), 0);
    counter.expire(WINDOW, 600);
    for (const id of ids) counter.settle(id, 1, WINDOW, 700);
    expect(counter.check(take({ quota: 100_000 }), 700).used).toBe(1_000 + 10);
  });

  it('gives back what such a call did not use, as long as it counts', () => {
    const counter = new Counter();
    const ask = take({ quota: 100 });
    counter.take(take({ id: 'long', amount: 10, holdUntil: 1_000, quota: 100 }), 0);
    counter.take(take({ amount: 7, quota: 100 }), 2_000);
    counter.expire(WINDOW, 2_000);
    expect(counter.check(ask, 2_000).used).toBe(17);
    const again = new Counter(JSON.parse(JSON.stringify(counter.state)));
    again.settle('long', 4, WINDOW, 2_500);
    again.settle('long', 0, WINDOW, 2_500);
    expect(again.check(ask, 2_500).used).toBe(11);
    counter.settle('long', 4, WINDOW, 3_500);
    expect(counter.check(ask, 3_500).used).toBe(0);
  });

  it('knows when it will be empty', () => {
    const counter = new Counter();
    expect(counter.emptyAt(WINDOW, 5_000)).toBe(5_000);
    counter.take(take(), 5_000);
    expect(counter.emptyAt(WINDOW, 5_500)).toBe(6_009);
    expect(counter.emptyAt({ kind: 'calendar', startsAt: 0, endsAt: 90_000 }, 5_500)).toBe(90_000);
  });
});
