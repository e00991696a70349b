/** What `WEIR_REGION` binds: which providers may be asked and where, which hosts, and where objects live. */
import { describe, expect, it } from 'vitest';
import { type Config, readConfig } from '../src/config';
import { placed } from '../src/edge/jurisdiction';
import { GatewayError } from '../src/gateway/errors';
import { staysInRegion } from '../src/gateway/routing/region';
import { checkTarget } from '../src/gateway/targets';
import type { Region } from '../src/providers/provider';
import { testConfig } from './fakes/config';

const KEYS = { OPENAI_API_KEY: 'k', ANTHROPIC_API_KEY: 'k', MISTRAL_API_KEY: 'k', XAI_API_KEY: 'k', OPENROUTER_API_KEY: 'k' };
const inRegion = (region: Region | '', vars: Record<string, string> = {}): Config => testConfig({ ...KEYS, WEIR_REGION: region, ...vars });
const readyIn = (config: Config): string[] => config.providerList.filter((it) => it.ready).map((it) => it.provider.slug);

describe('providers of a region', () => {
  it('are asked at their address there; those without one are not asked', () => {
    const eu = inRegion('eu');
    expect(readyIn(eu)).toEqual(['openai', 'mistral', 'openrouter']);
    expect(eu.providers.get('openai')?.baseUrl).toBe('https://eu.api.openai.com/v1');
    expect(eu.providers.get('mistral')?.baseUrl).toBe('https://api.eu.mistral.ai/v1');
    expect(readyIn(inRegion('us'))).toEqual(['openai', 'xai']);
    expect(readyIn(inRegion('fedramp'))).toEqual([]);
    expect(readyIn(inRegion(''))).toEqual(['openai', 'anthropic', 'mistral', 'xai', 'openrouter']);
  });

  it('are those that their operator places there: a moved base, a server of its own, a resource', () => {
    const vars = {
      ANTHROPIC_BASE_URL: 'https://claude.eu.acme.test',
      OLLAMA_BASE_URL: 'https://ollama.eu.acme.test/v1',
      AZURE_OPENAI_ENDPOINT: 'https://acme-eu.openai.azure.com',
      AZURE_OPENAI_API_KEY: 'k',
      WEIR_MOCK: 'true',
    };
    expect(readyIn(inRegion('eu', vars))).toEqual(expect.arrayContaining(['anthropic', 'ollama', 'azure', 'mock']));
    const further = JSON.stringify([
      { slug: 'lab', baseUrl: 'https://lab.acme.test/v1', region: 'eu' },
      { slug: 'far', baseUrl: 'https://far.acme.test/v1', region: 'us' },
      { slug: 'unsaid', baseUrl: 'https://unsaid.acme.test/v1' },
    ]);
    expect(readyIn(inRegion('eu', { WEIR_PROVIDERS: further }))).toEqual(['openai', 'mistral', 'openrouter', 'lab']);
    expect(readyIn(inRegion('', { WEIR_PROVIDERS: further }))).toEqual(expect.arrayContaining(['lab', 'far', 'unsaid']));
  });

  it.each([
    ['eu-central-1', ['eu']],
    ['eu-west-2', []],
    ['us-east-1', ['us']],
    ['us-gov-west-1', ['us', 'fedramp']],
    ['ap-southeast-2', []],
  ])('Bedrock in %s is in %j', (AWS_REGION, regions) => {
    const found = (['eu', 'us', 'fedramp'] as const).filter((region) =>
      readyIn(inRegion(region, { AWS_REGION, AWS_BEARER_TOKEN_BEDROCK: 'k' })).includes('bedrock'),
    );
    expect(found).toEqual(regions);
  });

  it.each([
    ['europe-west1', ['eu']],
    ['europe-west2', []],
    ['eu', ['eu']],
    ['us-central1', ['us']],
    ['global', []],
  ])('Vertex in %s is in %j', (location, regions) => {
    const vars = { GOOGLE_CLOUD_PROJECT: 'p', GOOGLE_CLOUD_LOCATION: location, VERTEX_ACCESS_TOKEN: 'k' };
    expect((['eu', 'us', 'fedramp'] as const).filter((region) => readyIn(inRegion(region, vars)).includes('vertex'))).toEqual(regions);
  });

  it('a profile of Bedrock that answers elsewhere leaves the region by its name', () => {
    const config = inRegion('eu', { AWS_REGION: 'eu-central-1', AWS_BEARER_TOKEN_BEDROCK: 'k' });
    const bedrock = config.providers.get('bedrock');
    if (bedrock === undefined) throw new Error('no bedrock');
    const stays = (model: string): boolean => staysInRegion(bedrock, model, config);
    expect(['eu.anthropic.claude-x', 'anthropic.claude-x', 'mistral.large'].map(stays)).toEqual([true, true, true]);
    const leaving = [
      'global.anthropic.claude-x',
      'us.anthropic.claude-x',
      'arn:aws:bedrock:eu-central-1:1:inference-profile/global.anthropic.claude-x',
    ];
    expect(leaving.map(stays)).toEqual([false, false, false]);
  });

  it('a value that is no region stops the deployment', () => {
    expect(() => readConfig({ WEIR_ADMIN_KEY: 'a'.repeat(20), WEIR_VAULT_KEY: btoa('k'.repeat(32)), WEIR_REGION: 'europe' })).toThrow(
      /WEIR_REGION is not usable: expected eu, us, fedramp/,
    );
  });
});

describe('hosts that a call names', () => {
  const target = (url: string, config: Config): string => {
    try {
      return checkTarget(url, 'Helicone-Target-Url', config).host;
    } catch (error) {
      return error instanceof GatewayError ? error.code : 'threw';
    }
  };

  it('are those of the region, and those that the operator names', () => {
    const eu = inRegion('eu', { WEIR_ALLOWED_TARGETS: 'llm.acme.test' });
    expect(target('https://eu.api.openai.com', eu)).toBe('eu.api.openai.com');
    expect(target('https://llm.acme.test', eu)).toBe('llm.acme.test');
    expect(target('https://eu.api.openai.com.', eu)).toBe('eu.api.openai.com');
    for (const host of ['api.openai.com', 'us.api.openai.com', 'api.anthropic.com', 'acme.openai.azure.com']) {
      expect(target(`https://${host}`, eu)).toBe('bad_target');
      expect(target(`https://${host}`, inRegion(''))).toBe(host);
    }
  });
});

describe('placed', () => {
  const objects = (jurisdiction: (region: string) => unknown) => ({ name: 'anywhere', jurisdiction }) as unknown as DurableObjectNamespace<undefined>;

  it('gives the objects of the jurisdiction, and all of them without a region', () => {
    const all = objects((region) => ({ name: region }));
    expect([placed(all, 'eu'), placed(all, 'fedramp'), placed(all, null)]).toEqual([{ name: 'eu' }, { name: 'fedramp' }, all]);
  });

  it('goes without where workerd runs alone, and never where the platform refuses', () => {
    const local = objects(() => {
      throw new Error('Jurisdiction restrictions are not implemented in workerd.');
    });
    expect(placed(local, 'eu')).toBe(local);
    const refusing = objects(() => {
      throw new Error('Invalid jurisdiction');
    });
    expect(() => placed(refusing, 'eu')).toThrow('Invalid jurisdiction');
  });
});
