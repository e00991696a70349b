import { describe, expect, it } from 'vitest';
import type { BegunCall } from '../../schema/begun';
import { NO_USAGE } from '../../schema/record';
import { countBackground } from '../../src/gateway/background';
import type { Call } from '../../src/gateway/call';
import type { Deps } from '../../src/gateway/ports';
import type { Grant } from '../../src/gateway/stages/admit';
import { Trail } from '../../src/gateway/trail';

const DOWN = () => Promise.reject(new Error('no answer within 5000 ms'));
const grant: Grant = { held: [], settle: async () => {} };
const trailOf = (wire: string): Trail => new Trail({ id: 'call', headers: new Map(), wire: { name: wire } } as unknown as Call);
const depsWith = (begunCalls: Partial<Deps['begunCalls']>): Pick<Deps, 'begunCalls' | 'limiter' | 'priceOverrides'> => ({
  begunCalls: { put: async () => {}, take: async () => null, ...begunCalls },
  limiter: { settle: async () => {} } as unknown as Deps['limiter'],
  priceOverrides: async () => () => null,
});

describe('countBackground', () => {
  it('leaves what is held as it is once the call is noted, and settles it where it is not', async () => {
    const noted: [string, BegunCall][] = [];
    const deps = depsWith({ put: async (id, call) => void noted.push([id, call]) });
    expect(await countBackground({ id: 'resp_1', usage: null }, grant, trailOf('openai-responses'), deps)).toBeNull();
    expect(noted).toEqual([['resp_1', expect.objectContaining({ id: 'call', held: [] })]]);
    expect(await countBackground({ id: 'resp_1', usage: null }, grant, trailOf('openai-responses'), depsWith({ put: DOWN }))).toBe(grant);
  });

  it('has nothing to note of an answer that came whole at once', async () => {
    expect(await countBackground({ id: 'resp_1', usage: NO_USAGE }, grant, trailOf('openai-responses'), depsWith({ put: DOWN }))).toBe(grant);
  });

  it('counts nothing where it cannot know whether it is counted, and says so', async () => {
    const trail = trailOf('raw');
    expect(await countBackground({ id: 'resp_1', usage: NO_USAGE }, grant, trail, depsWith({ take: DOWN }))).toBe(grant);
    expect([trail.usage, trail.warnings]).toEqual([null, [expect.stringMatching(/the database does not answer/)]]);
  });
});
