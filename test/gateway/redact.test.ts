import { describe, expect, it } from 'vitest';
import { REDACTED, redactHeaders } from '../../src/gateway/redact';

describe('redactHeaders', () => {
  it('removes credentials by the name of the header', () => {
    const names = [
      'authorization',
      'helicone-auth',
      'x-api-key',
      'api-key',
      'x-goog-api-key',
      'cookie',
      'helicone-posthog-key',
      'x-amz-security-token',
      'x-my-secret',
      'helicone-jwt',
    ];
    const kept = redactHeaders(names.map((name) => [name, 'plain-looking value'] as const));
    for (const name of names) expect(kept[name], name).toBe(REDACTED);
  });

  it('removes credentials by their form, wherever they stand', () => {
    const kept = redactHeaders([
      ['helicone-property-note', 'key is sk-proj-abcdefghijklmnop'],
      ['x-forwarded', 'Bearer abc.def'],
      ['x-google', 'AIzaSyA1234567890abcdefghijklmnopqrstuv'],
      ['user-agent', 'OpenAI/Python 2.0'],
    ]);
    expect(kept).toEqual({
      'helicone-property-note': `key is ${REDACTED}`,
      'x-forwarded': REDACTED,
      'x-google': REDACTED,
      'user-agent': 'OpenAI/Python 2.0',
    });
  });
});
