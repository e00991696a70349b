import { describe, expect, it } from 'vitest';
import { Deadline, readTimeLimits } from '../../src/gateway/deadline';
import { FakeClock } from '../fakes/clock';

const LIMITS = { connectMs: null, firstByteMs: 1_000, idleMs: 500, totalMs: 5_000 };
const open = (client = new AbortController()) => {
  const clock = new FakeClock();
  return { clock, client, deadline: new Deadline(clock, client.signal, LIMITS) };
};

describe('Deadline', () => {
  it('runs out at its limit', () => {
    const { clock, deadline } = open();
    deadline.arm('first byte', 1_000);
    clock.pass(999);
    expect(deadline.expired).toBeNull();
    clock.pass(1);
    expect(deadline.expired).toEqual({ name: 'first byte', ms: 1_000 });
  });

  it('begins the idle limit anew with each touch, and the total counts along', () => {
    const { clock, deadline } = open();
    deadline.arm('idle', 500);
    for (let index = 0; index < 12; index++) {
      clock.pass(400);
      deadline.touch();
    }
    expect(deadline.expired).toBeNull();
    clock.pass(200);
    expect(deadline.expired).toEqual({ name: 'total', ms: 5_000 });
  });

  it('names the limit as it was set when part of it was spent already', () => {
    const { clock, deadline } = open();
    deadline.arm('first byte', 1_000, 600);
    clock.pass(400);
    expect(deadline.expired).toEqual({ name: 'first byte', ms: 1_000 });
  });

  it('never runs out once it is disarmed', () => {
    const { clock, deadline } = open();
    deadline.arm('idle', 500);
    deadline.disarm();
    clock.pass(10_000);
    expect(deadline.expired).toBeNull();
  });

  it('rejects what does not come within its limit, and lets the rest through', async () => {
    const { clock, deadline } = open();
    deadline.arm('first byte', 1_000);
    expect(await deadline.within(Promise.resolve('answer'))).toBe('answer');
    await expect(deadline.within(Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    const late = deadline.within(new Promise(() => {}));
    clock.pass(1_000);
    await expect(late).rejects.toThrow('timeout');
  });

  it('tells the leaving of the client from a limit', () => {
    const { client, deadline } = open();
    client.abort();
    expect([deadline.clientLeft, deadline.expired]).toEqual([true, null]);
  });
});

describe('readTimeLimits', () => {
  const none = {
    connectTimeoutMs: undefined,
    firstByteTimeoutMs: undefined,
    idleTimeoutMs: undefined,
    totalTimeoutMs: undefined,
    increaseTimeout: false,
  };
  it('lets a call that is no stream think as long as the total allows', () => {
    expect(readTimeLimits(none, false)).toMatchObject({ firstByteMs: null, totalMs: 600_000 });
    expect(readTimeLimits(none, true)).toMatchObject({ firstByteMs: 300_000 });
    expect(readTimeLimits({ ...none, increaseTimeout: true }, true)).toMatchObject({ totalMs: 1_800_000 });
    expect(readTimeLimits({ ...none, increaseTimeout: true, totalTimeoutMs: 5 }, true)).toMatchObject({ totalMs: 5 });
  });
});
