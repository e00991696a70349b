import { describe, expect, it } from 'vitest';
import type { Call, Identity, Target } from '../../src/gateway/call';
import { findSecret, looksLikeWeirKey } from '../../src/gateway/stages/authenticate';
import { upstreamHeaders } from '../../src/gateway/upstream-headers';
import { openAiChat } from '../../src/wires/openai-chat/wire';
import { testConfig } from '../fakes/config';

const WEIR = `sk-weir-${'a'.repeat(48)}`;
const OTHER = `sk-weir-${'b'.repeat(48)}`;
const openai = testConfig({ OPENAI_API_KEY: 'sk-held' }).providers.get('openai');

function sent(headers: Record<string, string>, key: string | null = null): Record<string, string> {
  const call = { headers: new Map(new Headers(headers)), urlKey: null, query: '', door: { kind: 'proxy' }, wire: openAiChat } as unknown as Call;
  const found = findSecret(call, (text) => looksLikeWeirKey(text));
  const identity = { ...found } as unknown as Identity;
  return upstreamHeaders(call, identity, { provider: openai?.provider, key, fallback: null, wire: openAiChat } as Target);
}

describe('upstreamHeaders', () => {
  it.each([
    [{ 'helicone-auth': `Bearer ${WEIR}`, authorization: 'Bearer sk-own' }],
    [{ 'helicone-auth': `Bearer ${WEIR}`, authorization: `Bearer ${WEIR}`, 'x-api-key': 'sk-own' }],
    [{ 'helicone-auth': WEIR, 'x-api-key': WEIR, authorization: 'Bearer sk-own' }],
    [{ authorization: `Bearer sk-own, Bearer ${WEIR}` }],
    [{ authorization: `Bearer ${WEIR}` }],
    [{ 'x-goog-api-key': WEIR, 'x-api-key': 'other' }],
    [{ 'helicone-auth': `Bearer ${OTHER}`, authorization: `Bearer ${WEIR}` }],
    [{ 'helicone-auth': `Bearer ${WEIR}`, authorization: `Bearer ${WEIR}, Bearer sk-own` }],
    [{ 'helicone-auth': `Bearer ${WEIR}`, authorization: `Token ${WEIR}` }],
    [{ 'helicone-auth': `Bearer ${WEIR}`, authorization: 'Bearer sk-own', 'openai-organization': WEIR }],
    [{ 'helicone-auth': `Bearer ${WEIR}`, authorization: 'Bearer sk-own', 'x-note': `key=${WEIR};` }],
  ])('never lets the Weir key out: %j', (headers) => {
    expect(JSON.stringify(sent(headers, 'sk-held'))).not.toContain(WEIR);
  });

  it("sends the caller's own provider key as it came, and ours only in its place", () => {
    expect(sent({ 'helicone-auth': WEIR, authorization: 'Bearer sk-own' })).toEqual({ authorization: 'Bearer sk-own' });
    expect(sent({ authorization: `Bearer ${WEIR}, Bearer sk-own` })).toEqual({ authorization: 'Bearer sk-own' });
    expect(sent({ authorization: `Bearer ${WEIR}` }, 'sk-held')).toEqual({ authorization: 'Bearer sk-held' });
  });

  it("takes out what is Weir's, the hop's and Cloudflare's, and leaves the rest", () => {
    const local = {
      'helicone-user-id': 'a',
      'weir-timeout-idle': '1',
      'cf-connecting-ip': '1',
      'x-forwarded-for': '1',
      cookie: 'c',
      host: 'h',
      'accept-encoding': 'zstd',
      te: 'x',
    };
    expect(sent({ 'helicone-auth': WEIR, authorization: 'Bearer o', 'anthropic-beta': 'a,b', 'user-agent': 'u', ...local })).toEqual({
      authorization: 'Bearer o',
      'anthropic-beta': 'a,b',
      'user-agent': 'u',
    });
  });
});
