/** Every provider's entry: where a chat goes and in which wire it is asked; a provider takes one line here. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { providersPage } from '../../scripts/providers-page.mjs';
import type { Call } from '../../src/gateway/call';
import { planModel } from '../../src/gateway/routing/plan-model';
import { readPolicy } from '../../src/gateway/stages/read-policy';
import { listModels, serves } from '../../src/providers/catalogue';
import { configure, settingNames } from '../../src/providers/configure';
import type { EndpointName, Provider } from '../../src/providers/provider';
import { PROVIDERS } from '../../src/providers/registry';
import { ENDPOINTS, GENERATE_CONTENT } from '../../src/wires/endpoints';
import { testConfig } from '../fakes/config';

const SERVICE_ACCOUNT = JSON.stringify({ client_email: 'a@b.test', private_key: 'pem' });
const SETTINGS: Record<string, string> = {
  AWS_REGION: 'eu-west-1',
  GOOGLE_CLOUD_PROJECT: 'acme',
  AZURE_OPENAI_ENDPOINT: 'https://acme.openai.azure.com/',
  CLOUDFLARE_ACCOUNT_ID: 'acc',
  ...Object.fromEntries(['OLLAMA', 'LMSTUDIO', 'VLLM', 'LLAMA_CPP'].map((name) => [`${name}_BASE_URL`, `http://${name.toLowerCase()}.test/v1`])),
};
const KEYS = Object.fromEntries(PROVIDERS.flatMap(({ keyVariable }) => (keyVariable === null ? [] : [[keyVariable, 'key']])));

function asked(model: string, endpointName: EndpointName = 'chat', vars: Record<string, string> = {}): string {
  const endpoint = [...ENDPOINTS, GENERATE_CONTENT].find((each) => each.name === endpointName);
  if (endpoint === undefined) throw new Error(endpointName);
  const call = { door: { kind: 'gateway', endpoint }, wire: endpoint.wire, path: '/v1beta/models/x:generateContent', query: '' } as Call;
  const config = testConfig({ WEIR_MOCK: 'true', ...KEYS, ...SETTINGS, ...vars });
  const { policy } = { policy: readPolicy([], {}) };
  const targets = planModel(call, endpoint, policy, { model, streamed: true }, config, () => {});
  return targets.map((it) => `${it.wire.name} ${it.url}`).join(', ');
}

/** A chat for a model of each, by the provider's name. */
const CHATS: Readonly<Record<string, string>> = {
  openai: 'openai-chat https://api.openai.com/v1/chat/completions',
  anthropic: 'anthropic-messages https://api.anthropic.com/v1/messages',
  google: 'gemini https://generativelanguage.googleapis.com/v1beta/models/m:streamGenerateContent?alt=sse',
  mistral: 'openai-chat https://api.mistral.ai/v1/chat/completions',
  deepseek: 'openai-chat https://api.deepseek.com/chat/completions',
  xai: 'openai-chat https://api.x.ai/v1/chat/completions',
  perplexity: 'openai-responses https://api.perplexity.ai/v1/responses',
  cohere: 'openai-chat https://api.cohere.ai/compatibility/v1/chat/completions',
  moonshot: 'openai-chat https://api.moonshot.ai/v1/chat/completions',
  zai: 'openai-chat https://api.z.ai/api/paas/v4/chat/completions',
  zhipu: 'openai-chat https://open.bigmodel.cn/api/paas/v4/chat/completions',
  qwen: 'openai-chat https://dashscope-intl.aliyuncs.com/compatible-mode/v1/chat/completions',
  minimax: 'openai-chat https://api.minimax.io/v1/chat/completions',
  ai21: 'openai-chat https://api.ai21.com/studio/v1/chat/completions',
  upstage: 'openai-chat https://api.upstage.ai/v1/chat/completions',
  inception: 'openai-chat https://api.inceptionlabs.ai/v1/chat/completions',
  llama: 'openai-chat https://api.llama.com/compat/v1/chat/completions',
  azure: 'openai-chat https://acme.openai.azure.com/openai/v1/chat/completions',
  bedrock: 'bedrock-converse https://bedrock-runtime.eu-west-1.amazonaws.com/model/m/converse-stream',
  vertex: 'openai-chat https://aiplatform.googleapis.com/v1/projects/acme/locations/global/endpoints/openapi/chat/completions',
  groq: 'openai-chat https://api.groq.com/openai/v1/chat/completions',
  cerebras: 'openai-chat https://api.cerebras.ai/v1/chat/completions',
  sambanova: 'openai-chat https://api.sambanova.ai/v1/chat/completions',
  together: 'openai-chat https://api.together.ai/v1/chat/completions',
  fireworks: 'openai-chat https://api.fireworks.ai/inference/v1/chat/completions',
  deepinfra: 'openai-chat https://api.deepinfra.com/v1/openai/chat/completions',
  hyperbolic: 'openai-chat https://api.hyperbolic.xyz/v1/chat/completions',
  nebius: 'openai-chat https://api.tokenfactory.nebius.com/v1/chat/completions',
  novita: 'openai-chat https://api.novita.ai/openai/v1/chat/completions',
  nvidia: 'openai-chat https://integrate.api.nvidia.com/v1/chat/completions',
  huggingface: 'openai-chat https://router.huggingface.co/v1/chat/completions',
  baseten: 'openai-chat https://inference.baseten.co/v1/chat/completions',
  'workers-ai': 'openai-chat https://api.cloudflare.com/client/v4/accounts/acc/ai/v1/chat/completions',
  chutes: 'openai-chat https://llm.chutes.ai/v1/chat/completions',
  wandb: 'openai-chat https://api.inference.wandb.ai/v1/chat/completions',
  friendli: 'openai-chat https://api.friendli.ai/serverless/v1/chat/completions',
  scaleway: 'openai-chat https://api.scaleway.ai/v1/chat/completions',
  siliconflow: 'openai-chat https://api.siliconflow.com/v1/chat/completions',
  vercel: 'openai-chat https://ai-gateway.vercel.sh/v1/chat/completions',
  openrouter: 'openai-chat https://openrouter.ai/api/v1/chat/completions',
  ollama: 'openai-chat http://ollama.test/v1/chat/completions',
  lmstudio: 'openai-chat http://lmstudio.test/v1/chat/completions',
  vllm: 'openai-chat http://vllm.test/v1/chat/completions',
  'llama-cpp': 'openai-chat http://llama_cpp.test/v1/chat/completions',
  mock: 'openai-chat https://mock.invalid/v1/chat/completions',
};

describe('every provider', () => {
  const chatting = PROVIDERS.filter(({ endpoints }) =>
    (['chat', 'messages', 'generate-content', 'responses', 'converse'] as const).some((name) => endpoints.includes(name)),
  );

  it.each(chatting.map(({ slug }) => [slug]))('%s is asked where it says', (slug) =>
    expect(asked(slug === 'vertex' ? 'vertex/meta/llama-4' : `${slug}/m`)).toBe(CHATS[slug]),
  );

  it.each([
    ['voyage', 'openai-embeddings https://api.voyageai.com/v1/embeddings'],
    ['jina', 'openai-embeddings https://api.jina.ai/v1/embeddings'],
  ])('%s, which does not chat, embeds where it says', (slug, expected) => expect(asked(`${slug}/m`, 'embeddings')).toBe(expected));

  it('is tried by a test of its own, or passes as a proxy alone', () => {
    const silent = PROVIDERS.filter((it) => !chatting.includes(it) && !['voyage', 'jina'].includes(it.slug));
    expect(silent.filter(({ endpoints }) => endpoints.length > 0).map(({ slug }) => slug)).toEqual([]);
  });

  it.each(['constructor', 'valueOf', '__proto__', 'toString', 'hasOwnProperty'])('has no model called %s, whatever objects are made of', (model) => {
    for (const it of PROVIDERS) {
      expect([it.slug, it.spelling?.(model) ?? model, it.nameFor?.(model, SETTINGS) ?? model]).toEqual([it.slug, model, model]);
      for (const name of it.endpoints) {
        const members = it.bodyFor?.[name];
        if (typeof members === 'function') expect(members(model)).toEqual({});
      }
    }
  });

  it('has a name, a URL and a documentation of its own', () => {
    const names = PROVIDERS.flatMap(({ slug, aliases }) => [slug, ...aliases]);
    expect(new Set(names).size).toBe(names.length);
    const variables = PROVIDERS.map(({ baseUrlVariable }) => baseUrlVariable);
    expect(new Set(variables).size).toBe(variables.length);
    for (const { slug, documentation, baseUrl, regions } of PROVIDERS) {
      expect(`${slug} ${documentation}`).toMatch(/ https:\/\//);
      expect(`${slug} ${baseUrl}`).not.toMatch(/\/$/);
      for (const url of Object.values(regions ?? {})) expect(url).toMatch(/^https:\/\/.+[^/]$/);
    }
  });

  it('stands on the page as the code has it', () =>
    expect(readFileSync('docs/providers.md', 'utf8'), 'run `npm run docs`').toBe(providersPage(PROVIDERS, settingNames)));
});

describe('a provider with Messages of its own', () => {
  it.each([
    ['deepseek', 'https://api.deepseek.com/anthropic/v1/messages'],
    ['moonshot', 'https://api.moonshot.ai/anthropic/v1/messages'],
    ['zai', 'https://api.z.ai/api/anthropic/v1/messages'],
    ['qwen', 'https://dashscope-intl.aliyuncs.com/apps/anthropic/v1/messages'],
    ['minimax', 'https://api.minimax.io/anthropic/v1/messages'],
    ['sambanova', 'https://api.sambanova.ai/v1/messages'],
    ['fireworks', 'https://api.fireworks.ai/inference/v1/messages'],
    ['novita', 'https://api.novita.ai/anthropic/v1/messages'],
    ['baseten', 'https://inference.baseten.co/v1/messages'],
    ['openrouter', 'https://openrouter.ai/api/v1/messages'],
  ])('%s is asked in them', (slug, url) => expect(asked(`${slug}/m`, 'messages')).toBe(`anthropic-messages ${url}`));
});

describe('a base URL that was moved', () => {
  it('takes the endpoints beside it along', () => {
    expect(asked('fireworks/m', 'messages', { FIREWORKS_BASE_URL: 'https://gw.test/tenant/fireworks/v1' })).toBe(
      'anthropic-messages https://gw.test/tenant/fireworks/v1/messages',
    );
    expect(asked('moonshot/m', 'messages', { MOONSHOT_BASE_URL: 'https://gw.test/tenant/moonshot/v1' })).toBe(
      'anthropic-messages https://gw.test/tenant/moonshot/anthropic/v1/messages',
    );
  });
});

describe('clouds', () => {
  const entry = (slug: string): Provider => PROVIDERS.find((it) => it.slug === slug) as Provider;

  it('Azure takes deployments under a version, and the v1 API without', () => {
    const version = { OPENAI_API_VERSION: '2024-10-21' };
    expect(asked('azure/my gpt', 'chat', version)).toBe(
      'openai-chat https://acme.openai.azure.com/openai/deployments/my%20gpt/chat/completions?api-version=2024-10-21',
    );
    expect(asked('azure/m', 'responses', version)).toBe('openai-responses https://acme.openai.azure.com/openai/responses?api-version=2024-10-21');
    expect(asked('azure/m', 'embeddings')).toBe('openai-embeddings https://acme.openai.azure.com/openai/v1/embeddings');
    expect(asked('azure/draws', 'images', version)).toBe(
      'openai-images https://acme.openai.azure.com/openai/deployments/draws/images/generations?api-version=2024-10-21',
    );
    expect(asked('azure/says', 'speech')).toBe('openai-audio https://acme.openai.azure.com/openai/v1/audio/speech?api-version=preview');
  });

  it.each([
    ['gemini-2.5-pro', 'gemini', 'google/models/gemini-2.5-pro:streamGenerateContent?alt=sse'],
    ['claude-sonnet-4-5-20250929', 'anthropic-messages', 'anthropic/models/claude-sonnet-4-5@20250929:streamRawPredict'],
    ['claude-opus-4-6', 'anthropic-messages', 'anthropic/models/claude-opus-4-6:streamRawPredict'],
  ])('Vertex serves %s in the wire of its vendor', (model, wire, path) => {
    const here = { GOOGLE_CLOUD_LOCATION: 'europe-west4' };
    expect(asked(`vertex/${model}`, 'chat', here)).toBe(
      `${wire} https://europe-west4-aiplatform.googleapis.com/v1/projects/acme/locations/europe-west4/publishers/${path}`,
    );
  });

  it('Vertex has no chat for what only embeds', () => expect(() => asked('vertex/gemini-embedding-001')).toThrow(/no such endpoint/));

  it('Vertex has hosts for areas', () =>
    expect(asked('vertex/gemini-2.5-pro', 'chat', { GOOGLE_CLOUD_LOCATION: 'eu' })).toContain(
      'https://aiplatform.eu.rep.googleapis.com/v1/projects/acme/locations/eu/publishers/',
    ));

  it.each([
    ['claude-sonnet-4-5', 'eu-central-1', 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0'],
    ['claude-sonnet-4-5-20250929', 'us-east-1', 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'],
    ['anthropic/claude-haiku-4-5', 'ap-northeast-1', 'jp.anthropic.claude-haiku-4-5-20251001-v1:0'],
    ['claude-sonnet-4', 'ap-southeast-1', 'apac.anthropic.claude-sonnet-4-20250514-v1:0'],
    // No profile of the area has it; the region itself may.
    ['claude-opus-4', 'eu-central-1', 'anthropic.claude-opus-4-20250514-v1:0'],
    ['claude-opus-4-8', 'eu-west-1', 'eu.anthropic.claude-opus-4-8'],
    ['claude-opus-4.8', 'us-east-1', 'us.anthropic.claude-opus-4-8'],
    ['claude-4.5-sonnet', 'us-east-1', 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'],
    ['claude-sonnet-4-6', 'ap-northeast-1', 'jp.anthropic.claude-sonnet-4-6'],
    ['claude-3.5-haiku', 'us-east-1', 'anthropic.claude-3-5-haiku-20241022-v1:0'],
    ['amazon.nova-pro-v1:0', 'eu-central-1', 'amazon.nova-pro-v1:0'],
    ['global.anthropic.claude-opus-4-6-v1', 'eu-central-1', 'global.anthropic.claude-opus-4-6-v1'],
  ])('Bedrock’s name of %s in %s keeps the call in its area', (model, region, name) =>
    expect(entry('bedrock').nameFor?.(model, { AWS_REGION: region })).toBe(name),
  );

  it('Bedrock has a name of its own for each of Claude’s models that it serves', () => {
    const names = listModels(entry('anthropic'))
      .map(({ id }) => id)
      .filter((id) => serves(entry('bedrock'), id));
    expect(names.length).toBeGreaterThan(10);
    const unnamed = names.filter((id) => !(entry('bedrock').nameFor?.(id, { AWS_REGION: 'us-east-1' }) ?? '').includes('anthropic.'));
    expect(unnamed).toEqual([]);
  });

  it('say what is missing, and take either proof of who calls', () => {
    expect(configure(entry('bedrock'), {})).toMatchObject({
      ready: false,
      missing: ['AWS_BEARER_TOKEN_BEDROCK (or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY and AWS_REGION)', 'AWS_REGION'],
    });
    const keys = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_REGION: 'us-east-1' };
    expect(configure(entry('bedrock'), keys)).toMatchObject({ ready: true, key: null, signing: { kind: 'aws', region: 'us-east-1' } });
    expect(configure(entry('bedrock'), { ...keys, AWS_BEARER_TOKEN_BEDROCK: 'k' })).toMatchObject({ ready: true, key: 'k', signing: null });
    expect(configure(entry('vertex'), { GOOGLE_CLOUD_PROJECT: 'p', GOOGLE_APPLICATION_CREDENTIALS_JSON: '{"a":1}' }).missing).toEqual([
      'VERTEX_ACCESS_TOKEN (or GOOGLE_APPLICATION_CREDENTIALS_JSON, which cannot be read as it is)',
    ]);
    expect(configure(entry('vertex'), { GOOGLE_CLOUD_PROJECT: 'p', GOOGLE_APPLICATION_CREDENTIALS_JSON: SERVICE_ACCOUNT })).toMatchObject({
      ready: true,
      signing: { kind: 'google', tokenUrl: 'https://oauth2.googleapis.com/token' },
    });
    expect(configure(entry('ollama'), {})).toMatchObject({ ready: false, missing: ['OLLAMA_BASE_URL'] });
    expect(configure(entry('ollama'), { OLLAMA_BASE_URL: 'http://127.0.0.1:11434/v1' }).ready).toBe(true);
  });
});
