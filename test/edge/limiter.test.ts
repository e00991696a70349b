import { describe, expect, it } from 'vitest';
import { type CounterObject, DurableLimiter } from '../../src/edge/limiter';
import type { Namer } from '../../src/edge/vault';
import { FakeClock } from '../fakes/clock';

describe('DurableLimiter', () => {
  it('waits half a second for a counter that hangs, and takes back what still arrives', async () => {
    const clock = new FakeClock();
    const released: string[] = [];
    let arrive = (_: unknown): void => {};
    const hanging = {
      take: () =>
        new Promise((resolve) => {
          arrive = resolve;
        }),
      release: async (id: string) => void released.push(id),
    } as unknown as CounterObject;
    const behind: Promise<unknown>[] = [];
    const namer = { name: async (it: string) => it } as Namer;
    const limiter = new DurableLimiter(
      () => hanging,
      namer,
      clock,
      () => 'lease',
      (it) => void behind.push(it),
    );
    const take = { id: 'call', amount: 1, isFlexible: false, holdUntil: null, quota: 10, window: { kind: 'sliding', ms: 1_000 } } as const;
    let failure: unknown = null;
    const taking = limiter.take('one', take, false, false).catch((error: unknown) => {
      failure = error;
    });
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    clock.pass(499);
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    expect(failure).toBeNull();
    clock.pass(1);
    await taking;
    expect(String(failure)).toContain('no answer within 500 ms');
    arrive({ decision: { isAdmitted: true }, lease: null });
    await Promise.all(behind);
    expect(released).toEqual(['call']);
  });
});
