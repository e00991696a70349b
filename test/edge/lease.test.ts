import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeldLease } from '../../src/edge/lease';
import { Counter, type TakeRequest, type Window } from '../../src/gateway/limits/counter';

const WINDOW: Window = { kind: 'sliding', ms: 1_000_000_000 };
const LEASE_PART = 0.02;
const ISOLATES = 3;

/** An isolate takes, a call in flight ends with so much of what it held, an isolate's lease ends, or its isolate dies. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('take' as const), isolate: fc.nat(ISOLATES - 1), amount: fc.integer({ min: 1, max: 40 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('settle' as const), which: fc.nat(1_000), part: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('end' as const), isolate: fc.nat(ISOLATES - 1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('die' as const), isolate: fc.nat(ISOLATES - 1) }) },
);

interface InFlight {
  readonly id: string;
  readonly amount: number;
  readonly lease: HeldLease | null;
}

describe('leases of money', () => {
  it('never let calls hold and spend more than the quota, and give back what was not used', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 10, max: 20_000 }), (steps, quota) => {
        const counter = new Counter();
        const leases: (HeldLease | null)[] = Array(ISOLATES).fill(null);
        const open: InFlight[] = [];
        let spent = 0;
        let lost = 0;
        let now = 1_000;
        let ids = 0;
        const settle = ({ id, lease }: InFlight, used: number): void => {
          spent += used;
          if (lease?.settle(id, used) !== true) counter.settle(id, used, WINDOW, now);
        };
        const end = (isolate: number): void => {
          const lease = leases[isolate];
          if (lease != null) counter.endLease(lease.end(), WINDOW, now);
          leases[isolate] = null;
        };
        for (const it of steps) {
          now++;
          if (it.kind === 'take') {
            const request: TakeRequest = { id: `call-${ids++}`, amount: it.amount, isFlexible: false, holdUntil: 1e12, quota, window: WINDOW };
            const lease = leases[it.isolate] ?? null;
            if (lease !== null && lease.take(request, now) !== null) {
              open.push({ ...request, lease });
              continue;
            }
            const decision = counter.take(request, now);
            if (!decision.isAdmitted) continue;
            open.push({ ...request, lease: null });
            const permits = Math.floor(decision.left * LEASE_PART);
            if (lease !== null || permits < it.amount) continue;
            const id = `lease-${ids++}`;
            expect(counter.take({ ...request, id, amount: permits }, now).isAdmitted).toBe(true);
            leases[it.isolate] = new HeldLease({ id, permits, ms: 1_000 }, 1e12, true, decision, request);
          } else if (it.kind === 'settle') {
            const [call] = open.splice(it.which % Math.max(1, open.length), 1);
            if (call !== undefined) settle(call, Math.floor(call.amount * it.part));
          } else if (it.kind === 'end') end(it.isolate);
          else {
            // Nobody reports the lease, and nobody settles its calls: all of it counts.
            const lease = leases[it.isolate];
            if (lease == null) continue;
            for (const call of open.filter((each) => each.lease === lease)) open.splice(open.indexOf(call), 1);
            const { used } = lease.end();
            counter.settle(lease.lease.id, lease.lease.permits, WINDOW, now);
            lost += lease.lease.permits - used;
            leases[it.isolate] = null;
          }
          expect(spent + lost + open.reduce((sum, each) => sum + each.amount, 0)).toBeLessThanOrEqual(quota);
        }
        for (let isolate = 0; isolate < ISOLATES; isolate++) end(isolate);
        for (const call of open) settle(call, 0);
        expect(counter.check({ id: 'check', amount: 1, isFlexible: false, holdUntil: null, quota, window: WINDOW }, now)).toMatchObject({
          used: spent + lost,
          held: 0,
        });
      }),
    );
  });

  it('counts in full where its report comes too late', () => {
    const counter = new Counter();
    const request: TakeRequest = { id: 'a', amount: 10, isFlexible: false, holdUntil: 5_000, quota: 1_000, window: WINDOW };
    counter.take({ ...request, id: 'lease', amount: 20, holdUntil: 2_000 }, 0);
    counter.expire(WINDOW, 2_000);
    counter.endLease({ id: 'lease', used: 3, holds: [{ id: 'a', amount: 10, holdUntil: 5_000 }] }, WINDOW, 2_001);
    counter.settle('a', 4, WINDOW, 2_002);
    expect(counter.check(request, 2_003)).toMatchObject({ used: 20, held: 0 });
  });
});
