import { describe, expect, it } from 'vitest';
import type { Target } from '../../../src/gateway/call';
import { RoutingMemory } from '../../../src/gateway/routing/memory';
import { orderTargets, type TargetFacts } from '../../../src/gateway/routing/strategy';

const target = (name: string): Target => ({ name, model: 'm' }) as Target;
const targets = ['a', 'b', 'c'].map(target);
const names = (list: readonly Target[]): string => list.map(({ name }) => name).join('');
const NOTHING: TargetFacts = { costNanoUsd: null, medianMs: null, score: null, liking: null };
const facts = (of: Record<string, Partial<TargetFacts>>) => (it: Target) => ({ ...NOTHING, ...of[it.name] });
const at = { turn: () => 0, point: 0 };

describe('strategies', () => {
  it('failover keeps the order', () => expect(names(orderTargets('failover', targets, facts({}), at).targets)).toBe('abc'));

  it('round-robin goes round', () => {
    const orders = [0, 1, 2, 3].map((turn) => names(orderTargets('round-robin', targets, facts({}), { ...at, turn: () => turn }).targets));
    expect(orders).toEqual(['abc', 'bca', 'cab', 'abc']);
  });

  it('weighted draws, each alike where nothing is said', () => {
    const orders = [0, 0.34, 0.99].map((point) => names(orderTargets('weighted', targets, facts({}), { ...at, point }).targets));
    expect(orders).toEqual(['abc', 'bca', 'cab']);
  });

  it('cost asks the cheapest first, and what nobody can price last', () => {
    const known = facts({ a: { costNanoUsd: 2_000_000 }, c: { costNanoUsd: 1_000_000 } });
    const { targets: order, reason } = orderTargets('cost', targets, known, at);
    expect(names(order)).toBe('cab');
    expect(reason).toBe('cost: c/m (at most 0.001 USD) before a/m (at most 0.002 USD)');
  });

  it('latency asks the quickest first, and one that is not known before, so that it will be', () => {
    const known = facts({ a: { medianMs: 300 }, b: { medianMs: 90 } });
    expect(names(orderTargets('latency', targets, known, at).targets)).toBe('cba');
    const all = facts({ a: { medianMs: 300 }, b: { medianMs: 90 }, c: { medianMs: 100 } });
    expect(orderTargets('latency', targets, all, at)).toMatchObject({
      reason: 'latency: b/m (begins within 90 ms) before c/m (begins within 100 ms)',
    });
  });

  it('quality asks the best first, and keeps the order where there are no scores', () => {
    expect(names(orderTargets('quality', targets, facts({ b: { score: 0.9 }, c: { score: 0.5 } }), at).targets)).toBe('bca');
    expect(names(orderTargets('quality', targets, facts({}), at).targets)).toBe('abc');
  });

  it('quality goes by what users said, where they said anything: who nobody rated stands between liked and disliked', () => {
    const liked = facts({ a: { liking: { liked: 2, rated: 10 }, score: 1 }, c: { liking: { liked: 8, rated: 10 } } });
    const { targets: order, reason } = orderTargets('quality', targets, liked, at);
    expect([names(order), reason]).toEqual(['cba', 'quality: c/m (users liked 8 of 10 answers) before b/m (not known)']);
    // One bad word does not sink a target that many like.
    const once = facts({ a: { liking: { liked: 30, rated: 31 } }, b: { liking: { liked: 1, rated: 1 } } });
    expect(names(orderTargets('quality', targets, once, at).targets)).toBe('abc');
  });
});

describe('what is remembered', () => {
  it('is the median of late, streams and whole answers each for themselves', () => {
    const memory = new RoutingMemory();
    const [a, b] = targets as [Target, Target];
    for (const ms of [100, 5_000, 110]) memory.noteFirstByte(a, true, ms, 1_000);
    memory.noteFirstByte(a, false, 900, 1_000);
    expect([memory.medianMs(a, true, 2_000), memory.medianMs(a, false, 2_000), memory.medianMs(b, true, 2_000)]).toEqual([110, 900, null]);
    expect(memory.medianMs(a, true, 400_000)).toBeNull();
  });

  it('lets what is new weigh more than what is old', () => {
    const memory = new RoutingMemory();
    const a = target('a');
    for (const at of [0, 1_000, 2_000]) memory.noteFirstByte(a, true, 100, at);
    for (const at of [180_000, 181_000]) memory.noteFirstByte(a, true, 3_000, at);
    // Three quick ones of three minutes ago weigh three eighths of a slow one.
    expect(memory.medianMs(a, true, 182_000)).toBe(3_000);
    expect(new RoutingMemory().medianMs(a, true, 0)).toBeNull();
  });

  it('is whose turn it is, of each route', () => {
    const memory = new RoutingMemory();
    expect([memory.nextTurn('x'), memory.nextTurn('x'), memory.nextTurn('y')]).toEqual([0, 1, 0]);
  });
});
