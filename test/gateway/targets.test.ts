import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/gateway/errors';
import { checkTarget, isPrivateHost } from '../../src/gateway/targets';
import { testConfig } from '../fakes/config';

const config = testConfig({ WEIR_ALLOWED_TARGETS: 'llm.acme.com, 10.0.0.5:8080, http-only.acme.com' });
const refuse = (url: string): string => {
  try {
    checkTarget(url, 'Helicone-Target-Url', config);
    return 'allowed';
  } catch (error) {
    return error instanceof GatewayError ? error.message : 'threw';
  }
};

describe('checkTarget', () => {
  it.each([
    'https://api.openai.com',
    'https://api.openai.com/v1',
    'https://API.OPENAI.COM./x',
    'https://my-resource.openai.azure.com',
    'https://europe-west1-aiplatform.googleapis.com',
    'https://llm.acme.com',
    'http://http-only.acme.com',
    'http://10.0.0.5:8080',
  ])('allows %s', (url) => expect(refuse(url)).toBe('allowed'));

  it.each([
    'http://api.openai.com',
    'https://api.openai.com.evil.example',
    'https://evil.example/api.openai.com',
    'https://user:pw@api.openai.com',
    'https://api.openai.com@evil.example',
    'https://api.openai.com:8443',
    'https://evilopenai.azure.com.example',
    'https://notapi-openai.com',
    'https://127.0.0.1',
    'https://2130706433',
    'https://0x7f000001',
    'https://0177.0.0.1',
    'https://127.1',
    'https://[::1]',
    'https://[::ffff:127.0.0.1]',
    'https://[::ffff:a9fe:a9fe]',
    'https://[fe80::1]',
    'https://[fd00::1]',
    'https://[ff02::1]',
    'https://169.254.169.254/latest/meta-data',
    'https://metadata.google.internal',
    'https://localhost',
    'https://localhost.',
    'https://10.0.0.5',
    'https://10.0.0.6:8080',
    'https://192.168.1.1',
    'https://172.16.0.1',
    'https://100.64.0.1',
    'https://224.0.0.1',
    'https://0.0.0.0',
    'ftp://api.openai.com',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'not a url',
  ])('refuses %s', (url) => expect(refuse(url)).toMatch(/^Helicone-Target-Url: /));

  it('never throws anything but its own error', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.webUrl({ withQueryParameters: true })), (url) => void expect(refuse(url)).not.toBe('threw')));
  });

  it('takes every notation of a private address for private', () => {
    const octet = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(fc.constantFrom(10, 127), octet, octet, octet, (a, b, c, d) => {
        const value = ((a * 256 + b) * 256 + c) * 256 + d;
        for (const host of [`${a}.${b}.${c}.${d}`, String(value), `0x${value.toString(16)}`, `[::ffff:${a}.${b}.${c}.${d}]`]) {
          expect(isPrivateHost(new URL(`https://${host}`).hostname), host).toBe(true);
        }
      }),
    );
  });
});
