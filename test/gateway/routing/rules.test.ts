import { describe, expect, it } from 'vitest';
import { compileCondition, type RuleFacts } from '../../../src/gateway/routing/rules';

const facts: RuleFacts = {
  request: { model: 'route/main' },
  tokens: 1_200n,
  messages: 3n,
  properties: { app: 'shop', tier: 'free' },
  user: 'ada',
  hour: 14n,
  stream: true,
  has_tools: false,
  region: 'NO',
};

describe('conditions', () => {
  it.each([
    ['tokens > 1000', true],
    ['tokens > 1000 && messages < 3', false],
    ['properties.app == "shop"', true],
    ['"team" in properties && properties.team == "x"', false],
    ['request.model.startsWith("route/")', true],
    ['user in ["ada", "bob"] && !has_tools', true],
    ['hour >= 9 && hour < 17', true],
    ['stream ? region == "NO" : false', true],
    ['properties.exists(name, name == "tier")', true],
  ])('%s is %s', (text, expected) => {
    const condition = compileCondition(text);
    expect(typeof condition === 'function' ? condition(facts) : condition).toBe(expected);
  });

  it('that cannot be told throw, for the caller of them to pass over', () => {
    const condition = compileCondition('properties.team == "x"');
    expect(() => typeof condition === 'function' && condition(facts)).toThrow();
  });

  it.each([
    ['tokens >', 8, /EOF/],
    ['tokens > 1 && nope', 14, /nope/],
    ['tokens + "a" == 1', 0, /overload/],
    ['user', 0, /expected a bool/],
    ['user == "x" || user.matches("^(a+)+$")', 15, /`matches` is not allowed/],
    ['user.split("").exists(c, c == "b")', 0, /`split` is not allowed/],
    ['cel.bind(a, user + user, a + a + a) == "x"', 0, /bind|cel/],
    ['properties.map(k, k + k).size() > 1', 0, /`map` is not allowed/],
    ['properties.all(a, properties.exists(b, a == b))', 18, /within another loop/],
    [`${'(stream || '.repeat(50)}stream${')'.repeat(50)}`, 0, /depth|nest/i],
    [Array.from({ length: 200 }, () => 'stream').join(' || '), 0, /nodes|exceed/i],
  ])('%s is none, and says where and why', (text, position, reason) => {
    const condition = compileCondition(text);
    if (typeof condition === 'function') throw new Error('it was taken');
    expect(condition.reason).toMatch(reason);
    if (position > 0) expect(condition.position).toBe(position);
  });
});
