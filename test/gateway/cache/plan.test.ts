import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, planCache } from '../../../src/gateway/cache/plan';
import type { Call, CallBody, Identity, Target } from '../../../src/gateway/call';
import { readPolicy } from '../../../src/gateway/stages/read-policy';
import { openAiChat } from '../../../src/wires/openai-chat/wire';
import { raw } from '../../../src/wires/raw/wire';

const ON = { 'helicone-cache-enabled': 'true' };

function plan(changes: { call?: Partial<Call>; identity?: Partial<Identity>; headers?: Record<string, string>; body?: Partial<CallBody> } = {}) {
  const headers = new Map(Object.entries({ ...ON, ...changes.headers }));
  const call = {
    method: 'POST',
    path: '/chat/completions',
    query: '',
    wire: openAiChat,
    door: { kind: 'gateway' },
    headers,
    ...changes.call,
  } as Call;
  const identity = { keyId: 'k', providerKey: 'held', rewritten: new Map(), ...changes.identity } as Identity;
  const body = {
    text: null,
    bytes: null,
    stream: null,
    form: null,
    json: { model: 'm' },
    facts: { user: null },
    contentType: '',
    ...changes.body,
  } as CallBody;
  return planCache(call, identity, readPolicy(headers, {}), body, [{ name: 'openai', url: 'https://x', model: 'm' } as Target]);
}

describe('planCache', () => {
  it('leaves alone what is not asked for, what changes something, and what is no inference', () => {
    expect(plan()).toMatchObject({ reads: true, writes: true, ttlSeconds: 604_800, buckets: 1, isEarly: false });
    expect(plan({ headers: { 'helicone-cache-enabled': 'false' } })).toBeNull();
    expect(plan({ call: { method: 'GET' } })).toBeNull();
    expect(plan({ call: { wire: raw, path: '/v1/files' } })).toBeNull();
    expect(plan({ call: { wire: raw, path: '/v1/images/generations' } })).not.toBeNull();
    expect(plan({ body: { json: { store: true } } })).toBeNull();
    expect(plan({ body: { json: { store: false, previous_response_id: null } } })).not.toBeNull();
    expect(plan({ body: { json: { thread: { type: 'create' } } } })).toBeNull();
    expect(plan({ body: { json: null, text: '{"store":true' } })).toBeNull();
    expect(plan({ headers: { 'cache-control': 'no-store="x"' } })).toBeNull();
    expect(plan({ body: { stream: new ReadableStream() } })).toBeNull();
  });

  it.each([
    ['max-age=60', { ttlSeconds: 60 }],
    ['max-age=60, s-maxage="5"', { ttlSeconds: 5 }],
    ['max-age=99999999999', { ttlSeconds: 31_536_000 }],
    ['no-cache', { reads: false, writes: true }],
    ['max-age=0', { reads: true, writes: false }],
    ['max-age=soon', { writes: false }],
    ['max-age=-1', { writes: false }],
    ['max-age = 0', { writes: false }],
    ['max-age', { writes: false }],
  ])('reads Cache-Control: %s', (text, expected) => expect(plan({ headers: { 'cache-control': text } })).toMatchObject(expected));

  it('keeps apart a prompt that may be cut from one that may not', () => {
    const handler = (value: string) => plan({ headers: { ...ON, 'helicone-token-limit-exception-handler': value } })?.subject;
    expect(handler('truncate')).not.toBe(handler('middle-out'));
  });

  it('keeps apart what a provider would: another key of the caller, another body that is no JSON', () => {
    const own = (key: string) =>
      plan({ call: { door: { kind: 'proxy' } } as Partial<Call>, identity: { providerKey: 'own' }, headers: { authorization: `Bearer ${key}` } })
        ?.subject;
    expect(own('a')).not.toBe(own('b'));
    const held = (key: string) => plan({ headers: { authorization: `Bearer ${key}` } })?.subject;
    expect(held('a')).toBe(held('b'));
    const audio = { wire: raw, path: '/audio/transcriptions' };
    const bytes = (value: number) => plan({ call: audio, body: { json: null, bytes: new Uint8Array([1, value]) } })?.subject;
    expect(bytes(1)).not.toBe(bytes(2));
  });
});

describe('canonicalJson', () => {
  it('says the same for the same value, whatever the order of its members, and nothing else', () => {
    const shuffled = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(shuffled);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([name, member]) => [name, shuffled(member)]),
      );
    };
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value));
        void expect(canonicalJson(shuffled(plain))).toBe(canonicalJson(plain));
        void expect(JSON.parse(canonicalJson(plain))).toEqual(plain);
      }),
    );
  });
});
