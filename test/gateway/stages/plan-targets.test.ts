import { describe, expect, it } from 'vitest';
import type { Policy } from '../../../schema/policy';
import type { Call, CallBody, Identity, Target } from '../../../src/gateway/call';
import { GatewayError } from '../../../src/gateway/errors';
import { RoutingMemory } from '../../../src/gateway/routing/memory';
import { proxyUrl } from '../../../src/gateway/routing/plan-proxy';
import { planTargets } from '../../../src/gateway/stages/plan-targets';
import { readPolicy } from '../../../src/gateway/stages/read-policy';
import type { Trail } from '../../../src/gateway/trail';
import { ENDPOINTS, type Endpoint } from '../../../src/wires/endpoints';
import { testConfig } from '../../fakes/config';
import { systemTestClock } from '../../fakes/system-clock';

const identity: Identity = { keyId: 'k', name: 'k', scopes: ['proxy'], defaults: {}, providerKey: 'held', rewritten: new Map() };
const config = testConfig({ OPENAI_API_KEY: 'sk-o', OPENROUTER_API_KEY: 'sk-or', ANTHROPIC_API_KEY: 'sk-a' });

/** Without a stored route nothing is waited for. */
function targetsOf(call: Call, who: Identity, policy: Policy, body: CallBody, warnings: string[] = [], its = config): readonly Target[] {
  const trail = { warn: (sentence: string) => warnings.push(sentence) } as unknown as Trail;
  const deps = {
    config: its,
    routes: async () => null,
    random: () => 0,
    memory: new RoutingMemory(),
    priceOverrides: async () => () => null,
    likings: async () => null,
    clock: systemTestClock,
  };
  const planned = planTargets(call, who, policy, body, deps, trail);
  if (planned instanceof Promise) throw new Error('a promise');
  return planned.targets;
}

const BEDROCK = { AWS_BEARER_TOKEN_BEDROCK: 'k', AWS_REGION: 'us-east-1' };
const VERTEX = { VERTEX_ACCESS_TOKEN: 'k', GOOGLE_CLOUD_PROJECT: 'acme' };

/** The first target of a deployment with these keys, as `provider model`. */
function firstWith(vars: Record<string, string>, model: string): string {
  const endpoint = ENDPOINTS.find((each) => each.name === 'chat') as Endpoint;
  const call = { door: { kind: 'gateway', endpoint }, wire: endpoint.wire, query: '' } as Call;
  const json = { model, messages: [{ role: 'user', content: 'hi' }] };
  const body = { json, facts: { model, streamed: false, choices: 1, user: null, session: null } } as unknown as CallBody;
  const [first] = targetsOf(call, identity, readPolicy([], {}), body, [], testConfig(vars));
  return `${first?.name} ${first?.model}`;
}

function plan(model: string | null, endpointName = 'chat', warnings: string[] = [], more: Record<string, unknown> = {}) {
  const endpoint = ENDPOINTS.find((each) => each.name === endpointName);
  if (endpoint === undefined) throw new Error(endpointName);
  const call = { door: { kind: 'gateway', endpoint }, wire: endpoint.wire, query: '?beta=true' } as Call;
  const json = { model, messages: [{ role: 'user', content: 'hi' }], ...more };
  const body = { json, facts: { model, streamed: false, choices: 1, user: null, session: null } } as unknown as CallBody;
  try {
    return targetsOf(call, identity, readPolicy([], {}), body, warnings).map((it) => `${it.name} ${it.model} ${it.url}`);
  } catch (error) {
    return error instanceof GatewayError ? `${error.code}: ${error.message}` : String(error);
  }
}

describe('planTargets on the AI Gateway', () => {
  it("asks a bare name's vendor first, with the query kept", () => {
    expect(plan('gpt-4o-mini')).toEqual([
      'openai gpt-4o-mini https://api.openai.com/v1/chat/completions?beta=true',
      'openrouter openai/gpt-4o-mini https://openrouter.ai/api/v1/chat/completions?beta=true',
    ]);
    expect(plan('claude-sonnet-4-5, !openrouter', 'messages')).toEqual([
      'anthropic claude-sonnet-4-5 https://api.anthropic.com/v1/messages?beta=true',
    ]);
  });

  it('asks nobody else where a call builds on what lies at one vendor', () => {
    const warnings: string[] = [];
    const state = { previous_response_id: 'resp_1', input: 'hi' };
    expect(plan('o3, openrouter/openai/o3', 'responses', warnings, state)).toEqual(['openai o3 https://api.openai.com/v1/responses?beta=true']);
    expect(warnings).toEqual(['left out, for `previous_response_id` builds on what lies at openai: openrouter/openai/o3']);
    for (const more of [state, { background: true }, { store: true }, { conversation: 'conv_1' }]) {
      expect(plan('openrouter/openai/o3', 'responses', [], { input: 'hi', ...more })).toMatch(
        /^not_translated: `\w+`: builds on what lies at openai or azure/,
      );
    }
    expect(plan('openrouter/openai/o3', 'responses', [], { input: 'hi', store: false, previous_response_id: null })).toHaveLength(1);
    const thread = { thread: { type: 'continue', previous_message_id: 'msg_1' } };
    expect(plan('claude-sonnet-4-5,gpt-4o-mini', 'messages', [], thread)).toEqual([
      'anthropic claude-sonnet-4-5 https://api.anthropic.com/v1/messages?beta=true',
    ]);
  });

  it.each([
    ['claude-sonnet-4.5', 'claude-sonnet-4-5'],
    ['claude-4.5-sonnet', 'claude-sonnet-4-5'],
    ['claude-4.5-haiku', 'claude-haiku-4-5'],
    ['anthropic/claude-opus-4.1', 'claude-opus-4-1'],
    ['claude-3.7-sonnet', 'claude-3-7-sonnet-latest'],
    ['claude-3-7-sonnet-20250219', 'claude-3-7-sonnet-20250219'],
    ['claude-sonnet-4-5-20250929', 'claude-sonnet-4-5-20250929'],
  ])('asks for %s as its vendor spells it', (asked, name) => {
    expect(plan(`${asked}, !openrouter`, 'messages')).toEqual([`anthropic ${name} https://api.anthropic.com/v1/messages?beta=true`]);
  });

  // Names of Helicone's registry: https://docs.helicone.ai/gateway/overview
  it.each([
    [{ DEEPSEEK_API_KEY: 'k' }, 'deepseek-r1', 'deepseek deepseek-reasoner'],
    [{ DEEPSEEK_API_KEY: 'k' }, 'deepseek-v3', 'deepseek deepseek-chat'],
    [{ MOONSHOT_API_KEY: 'k' }, 'kimi-k2-0905', 'moonshot kimi-k2-0905-preview'],
    [{ MOONSHOT_API_KEY: 'k' }, 'kimi-k2', 'moonshot kimi-k2-0905-preview'],
    [{ OPENROUTER_API_KEY: 'k' }, 'llama-3.3-70b-instruct', 'openrouter meta-llama/llama-3.3-70b-instruct'],
    [{ GROQ_API_KEY: 'k' }, 'qwen3-32b', 'groq qwen/qwen3-32b'],
    [{ OPENROUTER_API_KEY: 'k' }, 'glm-4.6', 'openrouter z-ai/glm-4.6'],
    [{ ANTHROPIC_API_KEY: 'k' }, 'claude-3.5-sonnet-v2', 'anthropic claude-3-5-sonnet-20241022'],
    // Those of a vendor without a key go to who resells that vendor's, and to nobody else.
    [{ OPENROUTER_API_KEY: 'k' }, 'gpt-4o', 'openrouter openai/gpt-4o'],
    [{ ANTHROPIC_API_KEY: 'k' }, 'claude-3-haiku', 'anthropic claude-3-haiku-20240307'],
    [{ OPENAI_API_KEY: 'k' }, 'openai/gpt-5-chat', 'openai gpt-5-chat-latest'],
    [{ DEEPSEEK_API_KEY: 'k' }, 'deepseek/deepseek-chat-v3.1', 'deepseek deepseek-chat'],
    [{ XAI_API_KEY: 'k' }, 'x-ai/grok-4.1-fast', 'xai grok-4-1-fast-reasoning'],
    [{ MISTRAL_API_KEY: 'k' }, 'mistral-small', 'mistral mistral-small-latest'],
    [{ MISTRAL_API_KEY: 'k' }, 'mistralai/mistral-large-2411', 'mistral mistral-large-2411'],
    [{ ZAI_API_KEY: 'k' }, 'glm-4.6', 'zai glm-4.6'],
    [{ GEMINI_API_KEY: 'k' }, 'gemini-flash-latest', 'google gemini-flash-latest'],
    [{ PERPLEXITY_API_KEY: 'k' }, 'sonar-pro', 'perplexity perplexity/sonar'],
    [{ PERPLEXITY_API_KEY: 'k' }, 'perplexity/sonar', 'perplexity perplexity/sonar'],
    [BEDROCK, 'claude-4.5-sonnet', 'bedrock us.anthropic.claude-sonnet-4-5-20250929-v1:0'],
    [BEDROCK, 'claude-4.5-sonnet/bedrock', 'bedrock us.anthropic.claude-sonnet-4-5-20250929-v1:0'],
    [BEDROCK, 'claude-opus-4.8', 'bedrock us.anthropic.claude-opus-4-8'],
    [BEDROCK, 'claude-3.5-haiku', 'bedrock anthropic.claude-3-5-haiku-20241022-v1:0'],
    // Behind a model, resellers are meant by their own names, too.
    [{ GROQ_API_KEY: 'k' }, 'gpt-oss-120b/groq', 'groq openai/gpt-oss-120b'],
    [{ GROQ_API_KEY: 'k' }, 'qwen3-32b/groq', 'groq qwen/qwen3-32b'],
    [{ OPENROUTER_API_KEY: 'k' }, 'gpt-4o-mini/openrouter', 'openrouter openai/gpt-4o-mini'],
    [{ OPENROUTER_API_KEY: 'k' }, 'claude-sonnet-4/openrouter', 'openrouter anthropic/claude-sonnet-4'],
    [{ OPENROUTER_API_KEY: 'k' }, 'brand-new/openrouter', 'openrouter brand-new'],
    // Open models that their maker serves nowhere.
    [{ OPENAI_API_KEY: 'k', GROQ_API_KEY: 'k' }, 'gpt-oss-120b', 'groq openai/gpt-oss-120b'],
    [VERTEX, 'claude-4.5-sonnet/vertex', 'vertex claude-sonnet-4-5'],
    [VERTEX, 'claude-sonnet-4-5-20250929', 'vertex claude-sonnet-4-5@20250929'],
    [VERTEX, 'claude-haiku-4.5', 'vertex claude-haiku-4-5'],
    [VERTEX, 'claude-sonnet-5', 'vertex claude-sonnet-5'],
  ])('with %o serves %s by %s', (vars, asked, expected) => expect(firstWith(vars, asked)).toBe(expected));

  it('takes the provider that is named, before or behind the model', () => {
    expect(plan('openai/gpt-4o-mini')).toEqual(plan('gpt-4o-mini/openai'));
    expect(plan('openrouter/openai/gpt-4o-mini')).toEqual(['openrouter openai/gpt-4o-mini https://openrouter.ai/api/v1/chat/completions?beta=true']);
    expect(plan('openai/brand-new-model')).toEqual(['openai brand-new-model https://api.openai.com/v1/chat/completions?beta=true']);
  });

  it.each([
    [null, 'bad_request'],
    ['', 'bad_request'],
    [' , ', 'bad_request'],
    ['gpt-4o-minni', 'model_not_found'],
    ['no/such', 'model_not_found'],
    ['llama-3.3-70b-versatile/groq', 'no_provider_key'],
    ['gpt-4o-mini, !openai, !openrouter', 'model_not_found'],
    ['gpt-4o-mini, !nobody', 'bad_request'],
    ['gpt-4o-mini, route/x', 'bad_request'],
    ['route/x, gpt-4o-mini', 'bad_request'],
    [`openai/${'x'.repeat(5_000)}`, 'bad_request'],
    [Array.from({ length: 60 }, (_, index) => `openai/m${index}`).join(','), 'bad_request'],
  ])('%s is %s', (model, code) => expect(plan(model)).toMatch(new RegExp(`^${code}: `)));

  it('asks in the other dialect where a provider speaks that alone, without the query of this one', () => {
    expect(plan('claude-sonnet-4-5, !openrouter')).toEqual(['anthropic claude-sonnet-4-5 https://api.anthropic.com/v1/messages']);
    expect(plan('gpt-4o-mini, !openrouter', 'messages')).toEqual(['openai gpt-4o-mini https://api.openai.com/v1/chat/completions']);
    expect(plan('gpt-4o/claude-sonnet-4, !openrouter')).toEqual([
      'openai gpt-4o https://api.openai.com/v1/chat/completions?beta=true',
      'anthropic claude-sonnet-4 https://api.anthropic.com/v1/messages',
    ]);
  });

  it('does not translate what is no conversation', () => {
    expect(plan('claude-sonnet-4-5', 'completions')).toMatch(/^not_translated: /);
  });

  it('counts tokens itself where nobody who serves the model does', () => {
    const warnings: string[] = [];
    expect(plan('gpt-4o-mini', 'count-tokens', warnings)).toEqual(['weir gpt-4o-mini https://weir.invalid/v1/messages/count_tokens?beta=true']);
    expect(warnings.join()).toContain('estimated by tokenx');
    expect(plan('claude-sonnet-4-5', 'count-tokens')).toEqual([
      'anthropic claude-sonnet-4-5 https://api.anthropic.com/v1/messages/count_tokens?beta=true',
    ]);
  });

  it('names the variable and where to put it when a key is missing', () => {
    expect(plan('groq/llama-3.3-70b-versatile')).toMatch(/Set GROQ_API_KEY: `npx wrangler secret put GROQ_API_KEY`, or in \.dev\.vars/);
  });

  it('asks where the web is searched for `:online`, and says where it is not', () => {
    expect(plan('gpt-4o:online/openai')).toEqual(['openai gpt-4o https://api.openai.com/v1/responses']);
    expect(plan('openrouter/openai/gpt-4o:online')).toEqual([
      'openrouter openai/gpt-4o:online https://openrouter.ai/api/v1/chat/completions?beta=true',
    ]);
    const warnings: string[] = [];
    expect(plan('text-embedding-3-small:online', 'embeddings', warnings)).toEqual([
      'openai text-embedding-3-small https://api.openai.com/v1/embeddings?beta=true',
    ]);
    expect(warnings).toEqual(['`:online`: openai searches no web for this call']);
  });

  it('takes a list, or models in one item, for a chain, each target once', () => {
    const chain = ['openai gpt-4o', 'openrouter openai/gpt-4o', 'openai gpt-4o-mini', 'openrouter openai/gpt-4o-mini'];
    const names = (model: string) => (plan(model) as string[]).map((each) => each.split(' ').slice(0, 2).join(' '));
    expect(names('gpt-4o, gpt-4o-mini,openrouter/openai/gpt-4o, openai/gpt-4o')).toEqual(chain);
    expect(names('gpt-4o/gpt-4o-mini, !openrouter')).toEqual(['openai gpt-4o', 'openai gpt-4o-mini']);
  });

  it('leaves out what it cannot serve, with a warning, as long as something is left', () => {
    const warnings: string[] = [];
    expect(plan('no-such-model, groq/llama-3.3-70b-versatile, gpt-4o, !openrouter', 'chat', warnings)).toHaveLength(1);
    expect(warnings.join(' ')).toMatch(/left out of the chain: No provider serves.*left out of the chain: .*GROQ_API_KEY/);
    expect(plan('no-such-model, groq/llama-3.3-70b-versatile')).toMatch(/^model_not_found/);
  });

  describe('leaves out of a chain whose model is known not to take what the call brings', () => {
    const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } };
    const file = { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' } };
    const audio = { type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'wav' } };
    const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object' } } }];
    const says = (content: unknown) => ({ messages: [{ role: 'user', content: [{ type: 'text', text: 'Look.' }, content] }] });
    it.each([
      ['images', says(image), 'gpt-3.5-turbo, gpt-4o', ['gpt-4o'], 'openai/gpt-3.5-turbo (images)'],
      ['documents', says(file), 'gpt-4-turbo, gpt-4o', ['gpt-4o'], 'openai/gpt-4-turbo (documents)'],
      ['audio', says(audio), 'gpt-4o, gpt-4o-audio-preview', ['gpt-4o-audio-preview'], 'openai/gpt-4o (audio)'],
      ['tools', { tools }, 'openai/o1-preview, gpt-4o', ['gpt-4o'], 'openai/o1-preview (tools)'],
    ])('%s', (_, more, models, left, said) => {
      const warnings: string[] = [];
      const planned = plan(`${models}, !openrouter`, 'chat', warnings, more) as string[];
      expect(planned.map((each) => each.split(' ')[1])).toEqual(left);
      expect(warnings).toEqual([`left out for what they do not take: ${said}`]);
    });

    it('in what a tool gave, too', () => {
      const messages = [
        { role: 'user', content: [{ type: 'text', text: 'Look.' }] },
        { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'shot', input: {} }] },
        {
          role: 'user',
          content: [
            {
              type: 'tool_result',
              tool_use_id: 't1',
              content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } }],
            },
          ],
        },
      ];
      const warnings: string[] = [];
      expect(plan('gpt-3.5-turbo, claude-sonnet-4-5', 'messages', warnings, { max_tokens: 9, messages })).toHaveLength(1);
      expect(warnings[0]).toContain('gpt-3.5-turbo (images)');
    });

    it.each([
      ['none of it is in the call', {}, 'gpt-3.5-turbo/openai, gpt-4o/openai'],
      ['nobody would be left', says(image), 'gpt-3.5-turbo/openai, gpt-4/openai'],
      ['it is not known of them', says(image), 'openrouter/microsoft/phi-4, gpt-4o/openai'],
      ['the tools may not be called', { tools, tool_choice: 'none' }, 'openai/o1-preview, gpt-4o/openai'],
    ])('but not where %s', (_, more, models) => {
      const warnings: string[] = [];
      expect(plan(models, 'chat', warnings, more)).toHaveLength(2);
      expect(warnings).toEqual([]);
    });
  });

  it('says whom a call excludes where that leaves nobody', () =>
    expect(plan('gpt-4o, !openai, !openrouter')).toMatch(
      /^model_not_found: The model `gpt-4o` is served by openai.*, and the call excludes all of them/,
    ));

  it('asks the first target alone where fallback is off', () => {
    const call = { door: { kind: 'gateway', endpoint: ENDPOINTS[0] }, wire: ENDPOINTS[0]?.wire, query: '' } as Call;
    const body = { facts: { model: 'gpt-4o, gpt-4o-mini' } } as CallBody;
    expect(targetsOf(call, identity, readPolicy([['helicone-fallback-enabled', 'false']], {}), body)).toHaveLength(1);
  });
});

describe('a key that Weir holds', () => {
  const target = (headers: Record<string, string>, slug: string | null, providerKey: 'held' | 'own' = 'held') => {
    const provider = slug === null ? undefined : config.providers.get(slug)?.provider;
    const door = provider === undefined ? { kind: 'target' } : { kind: 'proxy', provider };
    const call = { door, path: '/v1/x', query: '' } as Call;
    const body = { facts: { model: null } } as CallBody;
    try {
      const [it] = targetsOf(call, { ...identity, providerKey }, readPolicy(new Headers(headers), {}), body);
      return `${it?.url} ${it?.key}`;
    } catch (error) {
      return error instanceof GatewayError ? error.code : String(error);
    }
  };

  it('goes to the origin of its own provider, and to no other host that a caller names', () => {
    expect(target({ 'Helicone-Target-Url': 'https://api.openai.com' }, null)).toBe('https://api.openai.com/v1/x sk-o');
    expect(target({ 'Helicone-OpenAI-Api-Base': 'https://api.openai.com/v1' }, 'openai')).toBe('https://api.openai.com/v1/x sk-o');
    expect(target({ 'Helicone-OpenAI-Api-Base': 'https://api.anthropic.com' }, 'openai')).toBe('https://api.anthropic.com/v1/x sk-a');
    expect(target({ 'Helicone-OpenAI-Api-Base': 'https://mine.openai.azure.com' }, 'openai')).toBe('missing_provider_key');
    expect(target({ 'Helicone-Target-Url': 'https://api.avian.io' }, null)).toBe('missing_provider_key');
    expect(target({ 'Helicone-OpenAI-Api-Base': 'https://mine.openai.azure.com' }, 'openai', 'own')).toBe('https://mine.openai.azure.com/v1/x null');
  });
});

describe('proxyUrl', () => {
  const openai = (base?: string) => {
    const it = testConfig(base === undefined ? {} : { OPENAI_BASE_URL: base }).providers.get('openai');
    if (it === undefined) throw new Error('openai');
    return it;
  };

  it.each([
    [undefined, '/v1/chat/completions', 'https://api.openai.com/v1/chat/completions'],
    [undefined, '/dashboard/x', 'https://api.openai.com/dashboard/x'],
    ['http://127.0.0.1:8085/v1', '/v1/chat/completions', 'http://127.0.0.1:8085/v1/chat/completions'],
    ['http://127.0.0.1:8085/v1', '/chat/completions', 'http://127.0.0.1:8085/v1/chat/completions'],
    ['https://proxy.acme.com/openai/eu', '/v1/chat/completions', 'https://proxy.acme.com/openai/eu/chat/completions'],
    ['https://proxy.acme.com/openai/eu', '/openai/eu/models', 'https://proxy.acme.com/openai/eu/models'],
    ['https://proxy.acme.com/v1', '/v10/x', 'https://proxy.acme.com/v1/v10/x'],
  ])('base %s, path %s', (base, path, url) => expect(proxyUrl(openai(base), path)).toBe(url));
});
