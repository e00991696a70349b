import { describe, expect, it } from 'vitest';
import { parseLimitPolicies } from '../../../schema/limit-policy';
import type { Call, CallBody, Identity, Target } from '../../../src/gateway/call';
import type { Decision, TakeRequest } from '../../../src/gateway/limits/counter';
import type { Limiter, LimitRule } from '../../../src/gateway/ports';
import { type AdmitDeps, admit } from '../../../src/gateway/stages/admit';
import { readPolicy } from '../../../src/gateway/stages/read-policy';
import { Trail } from '../../../src/gateway/trail';
import { openAiChat } from '../../../src/wires/openai-chat/wire';
import { FakeClock } from '../../fakes/clock';
import { testConfig } from '../../fakes/config';

const call = { id: 'call', wire: openAiChat, path: '/chat/completions', headers: new Map() } as unknown as Call;
const identity = { keyId: 'k' } as Identity;
const facts = { model: 'gpt-4o-mini', maxOutputTokens: 1_000, choices: 1, user: null };
const body = { json: { messages: [{ role: 'user', content: 'hi' }] }, facts, byteLength: 10 } as unknown as CallBody;
const config = testConfig({ OPENAI_API_KEY: 'sk' });
const target = { provider: config.providers.get('openai')?.provider, name: 'openai', model: 'gpt-4o-mini', fallback: null } as Target;

const down: Limiter['take'] = async () => {
  throw new Error('down');
};
const admitted: Decision = { isAdmitted: true, taken: 1, used: 0, held: 0, left: 9, resetMs: 0, retryAfterMs: 0, awaitsCalls: false };

function run(policy: string, changes: { take?: Limiter['take']; failOpen?: string; rules?: LimitRule[] | null; target?: Target } = {}) {
  const trail = new Trail(call);
  const seen: { subject: string; amount: number }[] = [];
  const unchecked: string[] = [];
  const deps: AdmitDeps = {
    config: testConfig(changes.failOpen === undefined ? {} : { WEIR_FAIL_OPEN: changes.failOpen }),
    clock: new FakeClock(),
    records: { countUnchecked: async () => void unchecked.push(policy) },
    waitUntil: () => {},
    limitRules: async () => (changes.rules === undefined ? [] : changes.rules),
    priceOverrides: async () => () => null,
    limiter: {
      take: async (subject, take, isDurable, mayLease) => {
        seen.push({ subject, amount: take.amount });
        return changes.take?.(subject, take, isDurable, mayLease) ?? admitted;
      },
    } as Limiter,
  };
  const read = readPolicy(policy === '' ? [] : [['helicone-ratelimit-policy', policy]], {});
  const granted = admit(call, identity, read, body, [changes.target ?? target], 1_000, deps, trail);
  return { granted, trail, seen, unchecked };
}

describe('admit', () => {
  it('lets requests through and stops money while a counter is down, unless told otherwise', async () => {
    const open = run('10;w=60', { take: down });
    await open.granted;
    expect(open.trail.warnings.join()).toContain('not checked, its counter does not answer');
    await expect(run('10;w=60;u=cents', { take: down }).granted).rejects.toMatchObject({ code: 'unavailable', retryAfterSeconds: 1 });
    await expect(run('10;w=60', { take: down, failOpen: 'none' }).granted).rejects.toMatchObject({ code: 'unavailable' });
    const money = run('10;w=60;u=cents', { take: down, failOpen: 'cents, request' });
    await money.granted;
    expect([open.unchecked, money.unchecked]).toEqual([['10;w=60'], ['10;w=60;u=cents']]);
  });

  it('gives back what the others took when one counter fails or refuses', async () => {
    for (const answer of ['fails', 'refuses']) {
      const released: string[] = [];
      const trail = new Trail(call);
      const deps: AdmitDeps = {
        config: testConfig(),
        clock: new FakeClock(),
        records: { countUnchecked: async () => {} },
        waitUntil: () => {},
        limitRules: async () => [],
        priceOverrides: async () => () => null,
        limiter: {
          take: async (subject: string) => {
            if (!subject.includes('cents')) return admitted;
            if (answer === 'fails') throw new Error('down');
            return { ...admitted, isAdmitted: false };
          },
          release: async (subject: string) => void released.push(subject),
        } as unknown as Limiter,
      };
      const policy = readPolicy([['helicone-ratelimit-policy', '10;w=60,1000;w=60;u=cents,100000;w=60;u=tokens']], {});
      await expect(admit(call, identity, policy, body, [target], 1_000, deps, trail)).rejects.toMatchObject({
        code: answer === 'fails' ? 'unavailable' : 'rate_limited',
      });
      expect(released.map((each) => JSON.parse(each)[0]).sort()).toEqual(['request', 'tokens']);
    }
  });

  it('says how long the longest of the refusals lasts', async () => {
    const take = (async (_: string, { quota }: TakeRequest) => ({
      ...admitted,
      isAdmitted: false,
      retryAfterMs: quota === 1 ? 1_000 : 90_000,
    })) as Limiter['take'];
    await expect(run('1;w=1;s=user,2;w=3600;s=user', { take }).granted).rejects.toMatchObject({ code: 'rate_limited', retryAfterSeconds: 90 });
  });

  it('warns of a budget by what was spent, not by what is held for calls in flight', async () => {
    const held: Decision = { ...admitted, taken: 6_000, used: 1_000, held: 3_000, left: 0 };
    const spending = run('1;w=day;u=usd', { take: async (_, { quota }) => ({ ...held, used: quota * 0.1 }) });
    await spending.granted;
    expect(spending.trail.budgets).toEqual([]);
    const spent = run('1;w=day;u=usd', { take: async (_, { quota }) => ({ ...held, used: quota * 0.8, left: quota * 0.1 }) });
    await spent.granted;
    expect(spent.trail.budgets).toMatchObject([{ percent: 80 }]);
  });

  it('calls a budget used up when it has no room for a call', async () => {
    const take = (async (_: string, { quota }: TakeRequest) => ({
      ...admitted,
      isAdmitted: false,
      used: quota * 0.9999,
      left: 1,
    })) as Limiter['take'];
    const refused = run('1;w=day;u=usd', { take });
    await expect(refused.granted).rejects.toMatchObject({ code: 'rate_limited' });
    expect(refused.trail.budgets).toMatchObject([{ percent: 100 }]);
    const waiting = run('1;w=day;u=usd', {
      take: (async () => ({ ...admitted, isAdmitted: false, used: 0, held: 1e9, left: 0 })) as Limiter['take'],
    });
    await expect(waiting.granted).rejects.toMatchObject({ code: 'rate_limited' });
    expect(waiting.trail.budgets).toEqual([]);
  });

  it('reserves for the body that a target would really get', async () => {
    const override = { max_tokens: 50_000 };
    const fallback = { index: 0, headers: {}, onCodes: [], bodyOverride: override };
    const { granted, seen } = run('1000000;w=60;u=tokens', { target: { ...target, fallback } as Target });
    await granted;
    expect(seen[0]?.amount).toBeGreaterThan(50_000);
  });

  it('goes on with a warning while the stored limits cannot be known', async () => {
    const { granted, trail } = run('', { rules: null });
    await granted;
    expect(trail.warnings.join()).toContain('stored limits: not checked');
  });

  it('reserves the worst case at the price of the dearest target', async () => {
    const { granted, seen } = run('100;w=60;u=cents');
    await granted;
    // gpt-4o-mini: 0.15 and 0.60 USD a million tokens, https://platform.openai.com/docs/pricing
    const tokens = (seen[0]?.amount ?? 0) - 1_000 * 600;
    expect(tokens).toBeGreaterThan(0);
    expect(tokens).toBeLessThan(20 * 150);
  });

  it('reserves at the dearest price of a provider where the model has none, and says so', async () => {
    const { granted, seen, trail } = run('100000;w=60;u=cents', { target: { ...target, model: 'brand-new' } });
    await granted;
    expect(seen[0]?.amount).toBeGreaterThan(1_000 * 600);
    expect(trail.warnings.join()).toContain('no price for openai/brand-new');
  });

  it('counts a stored limit by its id, so that a changed quota keeps what was spent', async () => {
    const rule = (policy: string): LimitRule => {
      const read = parseLimitPolicies(policy);
      if ('expected' in read || read[0] === undefined) throw new Error(policy);
      return { id: 'rule', name: 'r', policy: read[0], isDryRun: false };
    };
    const [before, after] = [run('', { rules: [rule('5;w=60;s=key')] }), run('', { rules: [rule('50;w=3600;s=key')] })];
    await Promise.all([before.granted, after.granted]);
    expect(before.seen[0]?.subject).toBe(after.seen[0]?.subject);
    expect(before.seen[0]?.subject).toBe('["rule","key","k"]');
  });
});
