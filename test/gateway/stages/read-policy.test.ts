import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FIELD_BY_HEADER, HEADER_RULES, type HeaderRule } from '../../../schema/policy';
import { GatewayError } from '../../../src/gateway/errors';
import { readPolicy } from '../../../src/gateway/stages/read-policy';

const policy = (headers: Record<string, string>, defaults: Record<string, string> = {}) => readPolicy(new Headers(headers), defaults);
const error = (headers: Record<string, string>): string => {
  try {
    policy(headers);
    return 'no error';
  } catch (thrown) {
    return thrown instanceof GatewayError ? thrown.message : 'foreign error';
  }
};

describe('readPolicy', () => {
  it('binds a call by the limits of its key and by its own', () => {
    const key = { 'helicone-ratelimit-policy': '1;w=3600;s=user' };
    const quotas = (headers: Record<string, string>) => policy(headers, key).rateLimitPolicy?.map((each) => each.quota);
    expect(quotas({})).toEqual([1]);
    expect(quotas({ 'Helicone-RateLimit-Policy': '1000000;w=1,5;w=60' })).toEqual([1_000_000, 5, 1]);
  });

  it('fills every default when there is no header', () => {
    const empty = policy({});
    for (const [field, rule] of Object.entries(HEADER_RULES))
      expect(empty[field as keyof typeof HEADER_RULES]).toEqual((rule as HeaderRule).fallback);
    expect(empty.warnings).toEqual([]);
  });

  it('names headers without effect, and unknown ones with the nearest known name', () => {
    expect(policy({ 'Helicone-Moderations-Enabled': 'true', 'Helicone-Cahe-Seed': 'x', 'Weir-Timout-Total': '1s' }).warnings).toEqual([
      'helicone-cahe-seed: unknown header, nearest known is Helicone-Cache-Seed',
      'Helicone-Moderations-Enabled: not active in this version',
      'weir-timout-total: unknown header, nearest known is Weir-Timeout-Total',
    ]);
    expect(policy({ 'Helicone-Cache-Enabled': 'false', 'Cache-Control': 'no-cache', 'X-Other': '1', 'Helicone-Auth': 'Bearer x' }).warnings).toEqual(
      [],
    );
  });

  it('reads aliases and documented misspellings', () => {
    expect(policy({ 'Helicone-Prompt-Security-Enabled': 'true' }).securityEnabled).toBe(true);
    expect(policy({ 'helicone-user': 'ada' }).userId).toBe('ada');
  });

  it('collects properties by lower-cased name, and lets the call win over the key', () => {
    const read = policy(
      { 'Helicone-Property-App': 'shop', 'Helicone-User-Id': 'ada' },
      { 'helicone-property-app': 'default', 'helicone-property-team': 'x', 'helicone-user-id': 'nobody' },
    );
    expect(read.properties).toEqual({ app: 'shop', team: 'x' });
    expect(read.userId).toBe('ada');
  });

  it.each([
    [{ 'Helicone-Cache-Bucket-Max-Size': '21' }, 'Helicone-Cache-Bucket-Max-Size: got `21`, expected a whole number from 1 to 20.'],
    [{ 'Helicone-Retry-Enabled': 'yes' }, 'Helicone-Retry-Enabled: got `yes`, expected `true` or `false`.'],
    [{ 'Helicone-Prompt-Mode': 'x' }, 'Helicone-Prompt-Mode: got `x`, expected one of `production`, `testing`, `deactivated`.'],
    [{ 'Helicone-Property-__proto__': 'x' }, 'Helicone-Property-__proto__: got the name __proto__, expected Helicone-Property-<Name>.'],
    [{ 'Weir-Timeout-Idle': 'soon' }, 'Weir-Timeout-Idle: got `soon`, expected a duration such as `250ms` or `30s`, or milliseconds.'],
    [
      { 'Helicone-Target-Url': 'api.openai.com' },
      'Helicone-Target-Url: got `api.openai.com`, expected an absolute URL such as `https://api.openai.com`.',
    ],
  ])('refuses %j with header, value and expectation', (headers, message) => {
    expect(error(headers)).toBe(message);
  });

  it('never echoes the value of a header that carries a credential', () => {
    expect(error({ 'Helicone-Posthog-Key': `phc_${'x'.repeat(2_000)}` })).toBe(
      'Helicone-Posthog-Key: got (hidden), expected at most 1000 characters.',
    );
  });

  it('takes names of object members for names like any other', () => {
    expect(policy({ 'Helicone-Property-Constructor': 'a' }, { 'helicone-property-tostring': 'b' }).properties).toEqual({
      constructor: 'a',
      tostring: 'b',
    });
  });

  it.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['2m', 120_000],
    ['1500', 1_500],
    ['0.5s', 500],
  ])('reads the duration %s', (text, ms) => {
    expect(policy({ 'Weir-Timeout-Total': text }).totalTimeoutMs).toBe(ms);
  });

  it('gives a policy or a bad_header for any value of any known header', () => {
    const value = fc.stringMatching(/^[\x21-\x7e][\x20-\x7e]{0,40}$/).map((text) => text.trim() || 'x');
    fc.assert(
      fc.property(fc.constantFrom(...FIELD_BY_HEADER.keys()), value, (name, text) => void expect(error({ [name]: text })).not.toBe('foreign error')),
    );
  });
});
