import { describe, expect, it } from 'vitest';
import { Cached } from '../../src/edge/cached';
import { FakeClock } from '../fakes/clock';

function open(load: () => Promise<string>) {
  const clock = new FakeClock();
  let loads = 0;
  const behind: Promise<unknown>[] = [];
  const counted = () => {
    loads++;
    return load();
  };
  const cached = new Cached(counted, clock, (promise) => void behind.push(promise));
  return { clock, cached, loads: () => loads, settle: () => Promise.all(behind) };
}

describe('Cached', () => {
  it('loads once in ten seconds, and anew behind the call after that', async () => {
    let value = 'first';
    const { clock, cached, loads, settle } = open(async () => value);
    expect(cached.peek()).toBeNull();
    expect([await cached.get(), await cached.get(), cached.peek()]).toEqual(['first', 'first', 'first']);
    expect(loads()).toBe(1);
    value = 'second';
    clock.pass(10_000);
    expect(cached.peek()).toBe('first');
    await settle();
    expect([cached.peek(), loads()]).toEqual(['second', 2]);
  });

  it('keeps what it has while loading fails', async () => {
    let fails = false;
    const { clock, cached, settle } = open(async () => {
      if (fails) throw new Error('down');
      return 'kept';
    });
    await cached.get();
    fails = true;
    clock.pass(60_000);
    expect(cached.peek()).toBe('kept');
    await settle();
    expect(await cached.get()).toBe('kept');
  });

  it('makes the calls of the first 300 ms wait for a database that hangs, and none after them', async () => {
    const { clock, cached } = open(() => new Promise(() => {}));
    const first = cached.get();
    await Promise.resolve();
    clock.pass(300);
    expect(await first).toBeNull();
    expect(await cached.get()).toBeNull();
  });

  it('serves what it has while what was changed is fetched, where nobody should wait for that', async () => {
    let value = 'old';
    const { cached, settle } = open(async () => value);
    await cached.get();
    value = 'new';
    cached.expire();
    expect(await cached.get()).toBe('old');
    await settle();
    expect(await cached.get()).toBe('new');
  });

  it('forgets at once what has been changed here', async () => {
    let value = 'old';
    const { cached } = open(async () => value);
    await cached.get();
    value = 'new';
    cached.forget();
    expect(await cached.get()).toBe('new');
  });
});
