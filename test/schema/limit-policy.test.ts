import { describe, expect, it } from 'vitest';
import { parseLimitPolicies, writeLimitPolicy } from '../../schema/limit-policy';

const normal = (text: string): string => {
  const read = parseLimitPolicies(text);
  return 'expected' in read ? `${read.position}: ${read.expected}` : read.map(writeLimitPolicy).join(', ');
};

describe('parseLimitPolicies', () => {
  it.each([
    ['10;w=60', '10;w=60'],
    // Helicone's own example: https://docs.helicone.ai/features/advanced-usage/custom-rate-limits
    ['10;w=1000;u=cents;s=user', '10;w=1000;u=cents;s=user'],
    [' 10 ; s=User ; u=Requests ; w=60 ; ', '10;w=60;s=user'],
    ['w=60;10', '10;w=60'],
    ['2.5;w=60;u=usd', '250;w=60;u=cents'],
    ['10.9;w=60', '10;w=60'],
    ['1000;w=60;u=token', '1000;w=60;u=tokens'],
    ['5;w=60;s=none', '5;w=60'],
    ['5;w=day;tz=europe/BERLIN', '5;w=day;tz=Europe/Berlin'],
    ['50;w=month;u=usd;tz=Europe/Berlin;s=team', '5000;w=month;u=cents;s=team;tz=Europe/Berlin'],
    ['10;w=60;s=user, 1000;w=day;mode=strict,5;w=60;u=cents;hold=strict', '10;w=60;s=user, 1000;w=day;mode=strict, 5;w=60;u=cents;hold=strict'],
  ])('%s is %s', (text, expected) => expect(normal(text)).toBe(expected));

  it.each([
    ['', /^1: a policy/],
    ['0;w=60', /^1: a quota above 0/],
    ['0.5;w=60', /^1: a quota of at least 1/],
    ['-5;w=60', /^1: a quota above 0/],
    ['NaN;w=60', /^1: a quota above 0/],
    ['10', /^1: a window/],
    ['w=60', /^1: a quota/],
    ['10;w=0', /^4: a window of 1/],
    ['10;w=60;u=bananas', /^9: a unit/],
    ['10;w=60;s=a b', /^9: a segment/],
    ['10;w=60;x=1', /^9: one of/],
    ['10;w=60, 5;w=never', /^12: a window/],
    ['10;w=60;w=70', /^9: one window alone/],
    ['10;w=day;tz=Mars/Olympus', /^10: a time zone/],
    [Array(12).fill('1;w=1').join(','), /at most 10 policies/],
  ])('%j is refused at %s', (text, expected) => expect(normal(text)).toMatch(expected));
});
