import { describe, expect, it } from 'vitest';
import { looksLikeWeirKey } from '../../src/gateway/stages/authenticate';
import { readAddress as read } from '../../src/http/address';

const KEY = 'sk-helicone-abcdefg-1234567-hijklmn-7654321';

const ADMIN = 'admin-key-of-no-known-form';
const readAddress = (url: string, domains: readonly string[]) => read(url, domains, (text) => text === ADMIN || looksLikeWeirKey(text));

describe('readAddress', () => {
  it('keeps path and query byte for byte', () => {
    expect(readAddress('https://x.dev/openai/v1/a%2Fb?x=%20&y', [])).toEqual({
      path: '/openai/v1/a%2Fb',
      fullPath: '/openai/v1/a%2Fb',
      query: '?x=%20&y',
      urlKey: null,
    });
    expect(readAddress('https://x.dev', []).path).toBe('/');
  });

  it('cuts a Weir key out of the path, and no other segment', () => {
    expect(readAddress(`https://x.dev/${KEY}/v1/messages`, [])).toMatchObject({ path: '/v1/messages', urlKey: KEY });
    expect(readAddress(`https://x.dev/openai/${KEY}/v1/models`, [])).toMatchObject({
      path: '/openai/v1/models',
      fullPath: '/openai/v1/models',
      urlKey: KEY,
    });
    expect(readAddress('https://x.dev/openai/v1/models/sk-small', [])).toMatchObject({ path: '/openai/v1/models/sk-small', urlKey: null });
  });

  it('cuts every Weir key, the admin key and escaped ones included, out of path and query', () => {
    expect(readAddress(`https://x.dev/openai/${KEY}/${ADMIN}/v1/models`, [])).toMatchObject({ fullPath: '/openai/v1/models', urlKey: KEY });
    expect(readAddress(`https://x.dev/openai/${KEY.replaceAll('-', '%2D')}/v1/models`, [])).toMatchObject({
      fullPath: '/openai/v1/models',
      urlKey: KEY,
    });
    expect(readAddress(`https://x.dev/v1/models?a=%20&key=${KEY}&b=${ADMIN}&c`, [])).toMatchObject({ query: '?a=%20&c', urlKey: KEY });
    expect(readAddress(`https://x.dev/v1/models?key=${KEY}`, [])).toMatchObject({ query: '', urlKey: KEY });
    expect(readAddress('https://x.dev/v1/models?key=AIzaSyA-provider-key-0123456789&%E0%A4%A', []).query).toBe(
      '?key=AIzaSyA-provider-key-0123456789&%E0%A4%A',
    );
  });

  it('takes the first label of a host for a provider only under the domains that are named', () => {
    expect(readAddress('https://oai.acme.com/v1/x', ['acme.com'])).toMatchObject({ path: '/openai/v1/x', fullPath: '/v1/x' });
    expect(readAddress('https://anthropic.acme.com/v1/messages', ['acme.com']).path).toBe('/anthropic/v1/messages');
    expect(readAddress('https://gateway.acme.com/v1/x', ['acme.com']).path).toBe('/gateway/v1/x');
    expect(readAddress('https://ai-gateway.acme.com/v1/x', ['acme.com']).path).toBe('/v1/x');
    expect(readAddress('https://oai.acme.com/v1/x', []).path).toBe('/v1/x');
    expect(readAddress('https://gateway.acme.com/v1/x', ['other.com']).path).toBe('/v1/x');
    expect(readAddress('https://unknown.acme.com/v1/x', ['acme.com']).path).toBe('/v1/x');
  });
});
