import { describe, expect, it } from 'vitest';
import { TargetHealth } from '../../../src/gateway/routing/health';

const failing = (times: number, from = 0): TargetHealth => {
  const health = new TargetHealth();
  for (let index = 0; index < times; index++) health.fail(from + index, null);
  return health;
};

describe('TargetHealth', () => {
  it('opens after five failures in a row, and not before', () => {
    expect(failing(4).state(10)).toBe('closed');
    expect(failing(5).state(10)).toBe('open');
    const mixed = failing(4);
    mixed.succeed(9);
    mixed.fail(10, null);
    expect(mixed.state(10)).toBe('closed');
  });

  it('opens when half of the last twenty failed, whatever their order', () => {
    const health = new TargetHealth();
    for (let index = 0; index < 19; index++) {
      if (index % 2 === 0) health.fail(index, null);
      else health.succeed(index);
      expect(health.state(index)).toBe('closed');
    }
    health.fail(20, null);
    expect(health.state(20)).toBe('open');
  });

  it('opens for those who call seldom, too', () => {
    const health = new TargetHealth();
    for (let minute = 0; minute < 5; minute++) health.fail(minute * 60_000, null);
    expect(health.state(4 * 60_000)).toBe('open');
    const mixed = new TargetHealth();
    for (let minute = 0; minute < 20; minute++) {
      if (minute % 2 === 0) mixed.succeed(minute * 60_000);
      else mixed.fail(minute * 60_000, null);
    }
    expect(mixed.state(19 * 60_000)).toBe('open');
  });

  it('says whether what goes well counts for it', () => {
    const health = new TargetHealth();
    expect(health.hasFailed).toBe(false);
    health.fail(0, null);
    for (let index = 1; index < 20; index++) {
      expect(health.hasFailed).toBe(true);
      health.succeed(index);
    }
    health.succeed(20);
    expect(health.hasFailed).toBe(false);
  });

  it('stays open for five seconds twice, then twice as long each time, at most a minute', () => {
    const health = failing(5);
    let now = health.openUntil ?? 0;
    const spans = [now - 4];
    for (let turn = 0; turn < 6; turn++) {
      expect(health.state(now)).toBe('half-open');
      health.fail(now, null);
      spans.push((health.openUntil ?? 0) - now);
      now = health.openUntil ?? 0;
    }
    expect(spans).toEqual([5_000, 5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  });

  it('waits as long as the provider asks for, within reason', () => {
    const patient = failing(4);
    patient.fail(4, 30_000);
    expect(patient.openUntil).toBe(30_004);
    const endless = failing(4);
    endless.fail(4, 1e9);
    expect(endless.openUntil).toBe(300_004);
  });

  it('lets one probe through at a time, and one success closes it', () => {
    const health = failing(5);
    const now = health.openUntil ?? 0;
    expect([health.mayProbe(now - 1), health.mayProbe(now), health.mayProbe(now), health.mayProbe(now + 10_000)]).toEqual([false, true, false, true]);
    health.succeed(now);
    expect([health.state(now), health.openUntil]).toEqual(['closed', null]);
  });

  it('is not moved by calls that were on their way when it opened', () => {
    const health = failing(5);
    const until = health.openUntil;
    for (let index = 0; index < 10; index++) health.fail(100 + index, null);
    expect(health.openUntil).toBe(until);
  });

  it('forgets what came while it was open, both ways', () => {
    const health = failing(5);
    health.succeed(100);
    expect(health.state(100)).toBe('open');
    for (let index = 0; index < 30; index++) health.fail(200 + index, null);
    const now = health.openUntil ?? 0;
    health.succeed(now);
    health.fail(now + 1, null);
    expect(health.state(now + 1)).toBe('closed');
  });
});
