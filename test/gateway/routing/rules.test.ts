import { describe, expect, it } from 'vitest';
import type { Policy } from '../../../schema/policy';
import type { Call, CallBody } from '../../../src/gateway/call';
import { compileCondition, FACT_LIMIT_CHARS, FACT_LIMIT_PROPERTIES, type RuleFacts, ruleFacts } from '../../../src/gateway/routing/rules';
import type { JsonObject } from '../../../src/wires/wire';

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
    [`user in [${Array.from({ length: 51 }, (_, index) => `"u${index}"`).join(', ')}]`, 0, /list.*50|50.*list|elements/i],
    [`{${Array.from({ length: 21 }, (_, index) => `"k${index}": 1`).join(', ')}}.size() > 1`, 0, /map.*20|20.*map|entries/i],
    [`${'(stream || '.repeat(50)}stream${')'.repeat(50)}`, 0, /depth|nest/i],
    [Array.from({ length: 200 }, () => 'stream').join(' || '), 0, /nodes|exceed/i],
  ])('%s is none, and says where and why', (text, position, reason) => {
    const condition = compileCondition(text);
    if (typeof condition === 'function') throw new Error('it was taken');
    expect(condition.reason).toMatch(reason);
    if (position > 0) expect(condition.position).toBe(position);
  });
});

describe('ruleFacts', () => {
  const call = { country: 'DE' } as Call;
  const policy = (more: Partial<Policy> = {}) => ({ properties: {}, userId: undefined, ...more }) as Policy;
  const body = (json: JsonObject, facts: Partial<CallBody['facts']> = {}) =>
    ({ json, facts: { model: 'm', streamed: false, user: null, ...facts } }) as CallBody;
  const at = Date.parse('2026-05-01T17:30:00Z');

  it('are what the call is', () => {
    const json = {
      messages: [
        { role: 'user', content: 'hello there' },
        { role: 'assistant', content: 'ho' },
      ],
      tools: [{}],
    };
    const facts = ruleFacts(call, body(json, { streamed: true, user: 'from the body' }), policy({ properties: { team: 'blue' } }), at, true);
    expect(facts).toMatchObject({
      request: { model: 'm' },
      messages: 2n,
      properties: { team: 'blue' },
      user: 'from the body',
      hour: 17n,
      stream: true,
      has_tools: true,
      region: 'DE',
    });
    expect(facts.tokens > 2n).toBe(true);
    const other = ruleFacts({ country: null } as Call, body({ contents: [{}] }), policy({ userId: 'ada' }), at, false);
    expect(other).toMatchObject({ messages: 1n, tokens: 0n, user: 'ada', has_tools: false, region: '' });
  });

  it('are cut to a size that a rule may look at', () => {
    const properties = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`p${index}`, 'x'.repeat(100_000)]));
    const facts = ruleFacts(call, body({}, { model: 'm'.repeat(100_000) }), policy({ properties, userId: 'u'.repeat(100_000) }), at, false);
    expect([facts.request.model.length, facts.user.length]).toEqual([FACT_LIMIT_CHARS, FACT_LIMIT_CHARS]);
    expect(Object.keys(facts.properties)).toHaveLength(FACT_LIMIT_PROPERTIES);
    expect(Object.values(facts.properties).every((each) => each.length === FACT_LIMIT_CHARS)).toBe(true);
  });
});
