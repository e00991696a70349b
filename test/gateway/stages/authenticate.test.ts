import { describe, expect, it } from 'vitest';
import type { Call } from '../../../src/gateway/call';
import { findSecret, looksLikeWeirKey } from '../../../src/gateway/stages/authenticate';

const WEIR = `sk-weir-${'a'.repeat(48)}`;
const ADMIN = 'an admin key of any form'.replaceAll(' ', '_');
const HELICONE = 'sk-helicone-abcdefg-1234567-hijklmn-7654321';
const find = (headers: Record<string, string>, rest: Partial<Call> = {}) =>
  findSecret(
    { headers: new Map(new Headers(headers)), urlKey: null, query: '', ...rest } as unknown as Call,
    (text) => text === ADMIN || looksLikeWeirKey(text),
  );

describe('findSecret', () => {
  it.each([
    ['Helicone-Auth wins', { 'Helicone-Auth': `Bearer ${WEIR}`, Authorization: 'Bearer sk-provider' }, WEIR, 'own'],
    ['Helicone-Auth alone', { 'Helicone-Auth': `Bearer ${WEIR}` }, WEIR, 'held'],
    ['the same key in both places', { 'Helicone-Auth': `Bearer ${WEIR}`, Authorization: `Bearer ${WEIR}` }, WEIR, 'held'],
    ['Anthropic clients', { 'x-api-key': WEIR }, WEIR, 'held'],
    ['Gemini clients', { 'x-goog-api-key': WEIR }, WEIR, 'held'],
    ['an empty header is no header', { 'Helicone-Auth': 'Bearer ', Authorization: `Bearer ${WEIR}` }, WEIR, 'held'],
    ['an empty Authorization beside Helicone-Auth', { 'Helicone-Auth': WEIR, Authorization: '' }, WEIR, 'held'],
    ['the provider key in x-api-key', { 'Helicone-Auth': `Bearer ${WEIR}`, 'x-api-key': 'sk-ant' }, WEIR, 'own'],
  ])('%s', (_, headers, secret, providerKey) => {
    expect(find(headers)).toMatchObject({ secret, providerKey });
  });

  it('splits an Authorization that carries both keys', () => {
    expect(find({ Authorization: `Bearer sk-provider, Bearer ${HELICONE}` })).toMatchObject({
      secret: HELICONE,
      providerKey: 'own',
      rewritten: new Map([['authorization', 'Bearer sk-provider']]),
    });
  });

  it('takes the key of the path, and a key in the query as the provider key of Gemini clients', () => {
    expect(find({}, { urlKey: HELICONE })).toMatchObject({ secret: HELICONE, providerKey: 'held' });
    expect(find({ 'Helicone-Auth': WEIR }, { query: '?key=AIza' })).toMatchObject({ providerKey: 'own' });
  });

  it("takes no other key of the deployment for the provider's", () => {
    expect(find({ 'Helicone-Auth': WEIR, Authorization: `Bearer ${ADMIN}` })).toMatchObject({ secret: WEIR, providerKey: 'held' });
    expect(find({ 'Helicone-Auth': WEIR, 'x-api-key': HELICONE })).toMatchObject({ secret: WEIR, providerKey: 'held' });
  });

  it('finds nothing where there is nothing', () => {
    expect(find({})).toBeNull();
    expect(find({ Authorization: 'Bearer' })).toBeNull();
  });
});

describe('looksLikeWeirKey', () => {
  it.each([WEIR, HELICONE, 'pk-helicone-eu-abcdefg-1234567-hijklmn-7654321', 'sk-abcdefg-1234567-hijklmn-7654321'])('%s', (key) =>
    expect(looksLikeWeirKey(key)).toBe(true),
  );
  it.each(['sk-proj-abc', 'sk-ant-api03-xyz', 'sk-1234', 'gsk_abc', ''])('not %s', (key) => expect(looksLikeWeirKey(key)).toBe(false));
});
