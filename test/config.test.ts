import { describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from '../src/config';
import { testConfig } from './fakes/config';

const problems = (vars: Record<string, string>): readonly string[] => {
  try {
    readConfig(vars);
    return [];
  } catch (error) {
    return error instanceof ConfigError ? error.problems : [String(error)];
  }
};

const KEYS = { WEIR_ADMIN_KEY: 'sk-weir-admin-0123456789abcdef', WEIR_VAULT_KEY: Buffer.alloc(32, 7).toString('base64') };

describe('readConfig', () => {
  it('names every variable that is missing or unusable, and shows no value', () => {
    expect(problems({}).join(' ')).toMatch(/WEIR_ADMIN_KEY is missing.*WEIR_VAULT_KEY is missing/);
    const short = problems({ WEIR_ADMIN_KEY: 'short-secret', WEIR_VAULT_KEY: btoa('too short'), WEIR_MOCK: 'yes' }).join(' ');
    expect(short).toContain('WEIR_ADMIN_KEY');
    expect(short).toContain('WEIR_MOCK');
    expect(short).not.toContain('short-secret');
    expect(problems({ WEIR_ADMIN_KEY: 'a'.repeat(20), WEIR_VAULT_KEY: btoa('too short') })).toEqual(['WEIR_VAULT_KEY has 9 bytes, expected 32.']);
  });

  it('reads keys and base URLs by the names that the SDKs read', () => {
    const config = testConfig({ OPENAI_API_KEY: 'sk-x', OPENAI_BASE_URL: 'http://127.0.0.1:8085/v1/' });
    expect(config.providers.get('oai')).toMatchObject({ key: 'sk-x', ready: true, baseUrl: 'http://127.0.0.1:8085/v1', moved: true });
    expect(config.providers.get('groq')).toMatchObject({ key: null, ready: false, moved: false });
    expect(config.providers.has('mock')).toBe(false);
    // Some tools read it for proxies of theirs; whoever sets it for them means no target of Weir's.
    expect(testConfig({ ANTHROPIC_PROXY: 'http://127.0.0.1:9' }).providers.get('anthropic')).toMatchObject({ moved: false, ready: false });
    expect(testConfig({ WEIR_MOCK: 'true' }).providers.get('mock')).toMatchObject({ ready: true });
  });

  it('asks Workers AI by its binding where there is one, unless a key or an address says otherwise', () => {
    const ask = async (): Promise<Response> => new Response();
    const read = (vars: Record<string, string>, bound: typeof ask | null) => readConfig({ ...KEYS, ...vars }, bound).providers.get('workers-ai');
    expect(read({}, ask)).toMatchObject({ ready: true, key: null, provider: { fetch: ask } });
    expect(read({}, null)).toMatchObject({ ready: false, missing: ['CLOUDFLARE_API_KEY', 'CLOUDFLARE_ACCOUNT_ID'] });
    const withKey = read({ CLOUDFLARE_API_KEY: 'k', CLOUDFLARE_ACCOUNT_ID: 'a' }, ask);
    expect(withKey).toMatchObject({ key: 'k', baseUrl: 'https://api.cloudflare.com/client/v4/accounts/a/ai/v1' });
    expect(withKey?.provider.fetch).toBeUndefined();
  });

  it('keeps the bodies of all calls, of none, or of a part', () => {
    const part = (text: string) => testConfig({ WEIR_STORE_BODIES: text }).storeBodies;
    expect(['', 'true', 'false', '0.25', '1', '0'].map(part)).toEqual([1, 1, 0, 0.25, 1, 0]);
    expect(problems({ ...KEYS, WEIR_STORE_BODIES: '25%' }).join()).toMatch(/WEIR_STORE_BODIES.*the part of calls/);
  });

  it('adds providers from WEIR_PROVIDERS and names the entry that is wrong', () => {
    const config = testConfig({ WEIR_PROVIDERS: '[{"slug":"ollama","baseUrl":"http://127.0.0.1:11434/v1","models":["llama3"]}]' });
    expect(config.providers.get('ollama')).toMatchObject({ ready: true, baseUrl: 'http://127.0.0.1:11434/v1' });
    expect(() => testConfig({ WEIR_PROVIDERS: '[{"slug":"Bad Slug","baseUrl":"x"}]' })).toThrow(/WEIR_PROVIDERS\[0\.slug\]/);
    expect(() => testConfig({ WEIR_PROVIDERS: '{' })).toThrow(/WEIR_PROVIDERS is no JSON/);
  });
});
