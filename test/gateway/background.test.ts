import { describe, expect, it } from 'vitest';
import type { BegunCall } from '../../schema/begun';
import { NO_USAGE } from '../../schema/record';
import { countBackground } from '../../src/gateway/background';
import type { Call, Target } from '../../src/gateway/call';
import type { Deps } from '../../src/gateway/ports';
import type { Grant } from '../../src/gateway/stages/admit';
import { Trail } from '../../src/gateway/trail';
import { openAiResponses } from '../../src/wires/openai-responses/wire';
import { storedResponse } from '../../src/wires/stored-response';
import type { Wire } from '../../src/wires/wire';

const DOWN = () => Promise.reject(new Error('no answer within 5000 ms'));
const grant: Grant = { held: [], settle: async () => {} };
function trailOf(wire: Partial<Wire>, path = '/v1/responses'): Trail {
  const trail = new Trail({ id: 'call', path, headers: new Map(), wire } as unknown as Call);
  trail.target = { name: 'openai', model: null } as Target;
  return trail;
}
const begins = (): Trail => trailOf(openAiResponses);
const fetches = (id: string): Trail => trailOf(storedResponse, `/v1/responses/${id}`);
const depsWith = (begunCalls: Partial<Deps['begunCalls']>): Pick<Deps, 'begunCalls' | 'limiter' | 'priceOverrides'> => ({
  begunCalls: { put: async () => {}, take: async () => null, ...begunCalls },
  limiter: { settle: async () => {} } as unknown as Deps['limiter'],
  priceOverrides: async () => () => null,
});

describe('countBackground', () => {
  it('leaves what is held as it is once the call is noted, and settles it where it is not', async () => {
    const noted: [string, BegunCall][] = [];
    const deps = depsWith({ put: async (id, call) => void noted.push([id, call]) });
    expect(await countBackground({ id: 'resp_1', usage: null }, grant, begins(), deps)).toBeNull();
    expect(noted).toEqual([['resp_1', expect.objectContaining({ id: 'call', held: [] })]]);
    expect(await countBackground({ id: 'resp_1', usage: null }, grant, begins(), depsWith({ put: DOWN }))).toBe(grant);
  });

  it('has nothing to note of an answer that came whole at once', async () => {
    expect(await countBackground({ id: 'resp_1', usage: NO_USAGE }, grant, begins(), depsWith({ put: DOWN }))).toBe(grant);
  });

  it('counts nothing where it cannot know whether it is counted, and says so', async () => {
    const trail = fetches('resp_1');
    expect(await countBackground({ id: 'resp_1', usage: NO_USAGE }, grant, trail, depsWith({ take: DOWN }))).toBe(grant);
    expect([trail.usage, trail.warnings]).toEqual([null, [expect.stringMatching(/cannot be had/)]]);
  });

  it('believes only of the answer that was asked for, and only who made it', async () => {
    const asked: string[][] = [];
    const deps = depsWith({
      take: async (...those) => {
        asked.push(those);
        return null;
      },
    });
    await countBackground({ id: 'resp_1', usage: NO_USAGE }, grant, fetches('resp_2'), deps);
    await countBackground({ id: 'resp_1', usage: NO_USAGE }, grant, fetches('xresp_1'), deps);
    expect(asked).toEqual([]);
    await countBackground({ id: 'resp_1', usage: NO_USAGE }, grant, fetches('resp_1'), deps);
    await countBackground({ id: 'resp_1', usage: NO_USAGE }, grant, fetches('resp_1/cancel'), deps);
    expect(asked).toEqual([
      ['resp_1', 'openai'],
      ['resp_1', 'openai'],
    ]);
  });
});
