/** The providers that Weir knows, vendors first and resellers last: a bare model name goes to the first that has it and has a key. */
import { mock } from './mock/mock';
import { BEARER, type EndpointName, type Provider } from './provider';

const OPENAI_COMPATIBLE: readonly EndpointName[] = ['chat', 'completions', 'embeddings'];
const WITH_RESPONSES: readonly EndpointName[] = [...OPENAI_COMPATIBLE, 'responses'];

/** An OpenAI-compatible provider: only what differs from the common case is written down. */
function compatible(it: Partial<Provider> & Pick<Provider, 'slug' | 'baseUrl' | 'keyVariable'>): Provider {
  return {
    aliases: [],
    auth: BEARER,
    baseUrlVariable: `${it.slug.replaceAll('-', '_').toUpperCase()}_BASE_URL`,
    endpoints: OPENAI_COMPATIBLE,
    priceId: it.slug,
    streamUsage: true,
    outputLimitField: 'max_tokens',
    fixedSampling: null,
    reasoning: [],
    prefill: null,
    models: [],
    ...it,
  };
}

export const PROVIDERS: readonly Provider[] = [
  compatible({
    slug: 'openai',
    aliases: ['oai'],
    baseUrl: 'https://api.openai.com/v1',
    keyVariable: 'OPENAI_API_KEY',
    endpoints: [...WITH_RESPONSES, 'moderations'],
    // `max_tokens` is refused by its reasoning models: https://platform.openai.com/docs/api-reference/chat/create
    outputLimitField: 'max_completion_tokens',
    // https://platform.openai.com/docs/guides/reasoning and the models' pages
    reasoning: [
      { models: /^o\d/, style: 'effort', efforts: ['low', 'medium', 'high'] },
      { models: /^gpt-5(?:-|$)(?!.*chat)/, style: 'effort', efforts: ['minimal', 'low', 'medium', 'high'] },
      { models: /^gpt-5\.(?!.*chat)/, style: 'effort', efforts: ['none', 'low', 'medium', 'high', 'xhigh'] },
      { models: /^gpt-6(?!.*chat)/, style: 'effort', efforts: ['none', 'low', 'medium', 'high', 'xhigh', 'max'] },
    ],
    // https://platform.openai.com/docs/guides/reasoning (limitations)
    fixedSampling: /^(?:o\d|gpt-[56](?!.*chat))/,
    models: ['omni-moderation-latest', 'text-moderation-latest'],
  }),
  {
    slug: 'anthropic',
    aliases: ['claude'],
    baseUrl: 'https://api.anthropic.com',
    auth: { header: 'x-api-key', prefix: '' },
    keyVariable: 'ANTHROPIC_API_KEY',
    baseUrlVariable: 'ANTHROPIC_BASE_URL',
    endpoints: ['messages', 'count-tokens'],
    priceId: 'anthropic',
    streamUsage: false,
    outputLimitField: 'max_tokens',
    // https://platform.claude.com/docs/en/build-with-claude/extended-thinking and /adaptive-thinking
    reasoning: [
      { models: /^claude-(?:[a-z]+-(?:[5-9]|\d\d)(?:-|$)|(?:opus|sonnet)-4-[6-9])/, style: 'adaptive' },
      { models: /^claude-(?:3-7|(?:opus|sonnet|haiku)-4)/, style: 'budget' },
    ],
    // https://platform.claude.com/docs/en/models/sonnet-5/overview
    fixedSampling: /^claude-(?:[a-z]+-(?:[5-9]|\d\d)(?:-|$)|opus-4-[78])/,
    // Refused from the 4.6 family on: https://platform.claude.com/docs/en/about-claude/models/migration-guide
    prefill: { models: /^claude-(?:3|(?:opus|sonnet|haiku)-4(?:-[0-5])?(?:-\d{8}|-latest|$))/, flag: null, repeats: false },
    models: [],
  },
  {
    slug: 'google',
    aliases: ['google-ai-studio', 'gemini'],
    baseUrl: 'https://generativelanguage.googleapis.com',
    auth: { header: 'x-goog-api-key', prefix: '' },
    keyVariable: 'GEMINI_API_KEY',
    baseUrlVariable: 'GOOGLE_GEMINI_BASE_URL',
    endpoints: ['generate-content', 'count-content', 'embed-content'],
    priceId: 'google',
    streamUsage: false,
    outputLimitField: 'max_tokens',
    fixedSampling: null,
    // https://ai.google.dev/gemini-api/docs/thinking
    reasoning: [
      { models: /^gemini-3(?!.*(?:image|tts|audio|live))/, style: 'level' },
      { models: /^gemini-2\.5-pro(?!.*(?:image|tts|audio|live))/, style: 'budget', budget: { least: 128, most: 32_768, hasOff: false } },
      { models: /^gemini-2\.5-flash(?!.*(?:image|tts|audio|live))/, style: 'budget', budget: { least: 512, most: 24_576, hasOff: true } },
    ],
    prefill: null,
    models: [],
  },
  compatible({
    slug: 'mistral',
    baseUrl: 'https://api.mistral.ai/v1',
    keyVariable: 'MISTRAL_API_KEY',
    streamUsage: false,
    // https://docs.mistral.ai/api/#tag/chat (`prefix` of an assistant's message)
    prefill: { models: /./, flag: 'prefix', repeats: true },
  }),
  compatible({ slug: 'deepseek', baseUrl: 'https://api.deepseek.com', keyVariable: 'DEEPSEEK_API_KEY' }),
  compatible({
    slug: 'xai',
    aliases: ['x', 'x-ai', 'grok'],
    baseUrl: 'https://api.x.ai/v1',
    keyVariable: 'XAI_API_KEY',
    endpoints: WITH_RESPONSES,
    priceId: 'x-ai',
  }),
  compatible({ slug: 'perplexity', baseUrl: 'https://api.perplexity.ai', keyVariable: 'PERPLEXITY_API_KEY', endpoints: ['chat'] }),
  compatible({
    slug: 'cohere',
    baseUrl: 'https://api.cohere.ai/compatibility/v1',
    keyVariable: 'COHERE_API_KEY',
    endpoints: ['chat', 'embeddings'],
  }),
  compatible({ slug: 'llama', baseUrl: 'https://api.llama.com/compat/v1', keyVariable: 'LLAMA_API_KEY', priceId: null }),
  compatible({
    slug: 'groq',
    baseUrl: 'https://api.groq.com/openai/v1',
    keyVariable: 'GROQ_API_KEY',
    endpoints: WITH_RESPONSES,
    // https://console.groq.com/docs/reasoning
    reasoning: [{ models: /gpt-oss/, style: 'effort', efforts: ['low', 'medium', 'high'] }],
    // https://console.groq.com/docs/prefilling
    prefill: { models: /./, flag: null, repeats: false },
  }),
  compatible({ slug: 'cerebras', baseUrl: 'https://api.cerebras.ai/v1', keyVariable: 'CEREBRAS_API_KEY' }),
  compatible({
    slug: 'together',
    aliases: ['togetherai'],
    baseUrl: 'https://api.together.xyz/v1',
    keyVariable: 'TOGETHER_API_KEY',
  }),
  compatible({
    slug: 'fireworks',
    aliases: ['fireworks-ai'],
    baseUrl: 'https://api.fireworks.ai/inference/v1',
    keyVariable: 'FIREWORKS_API_KEY',
    endpoints: WITH_RESPONSES,
  }),
  compatible({ slug: 'deepinfra', baseUrl: 'https://api.deepinfra.com/v1/openai', keyVariable: 'DEEPINFRA_API_KEY', priceId: null }),
  compatible({ slug: 'hyperbolic', baseUrl: 'https://api.hyperbolic.xyz/v1', keyVariable: 'HYPERBOLIC_API_KEY', priceId: null }),
  compatible({ slug: 'nebius', baseUrl: 'https://api.studio.nebius.ai/v1', keyVariable: 'NEBIUS_API_KEY', priceId: null }),
  compatible({ slug: 'novita', baseUrl: 'https://api.novita.ai/v3/openai', keyVariable: 'NOVITA_API_KEY' }),
  compatible({ slug: 'nvidia', baseUrl: 'https://integrate.api.nvidia.com/v1', keyVariable: 'NVIDIA_API_KEY', priceId: null }),
  compatible({ slug: 'chutes', baseUrl: 'https://llm.chutes.ai/v1', keyVariable: 'CHUTES_API_KEY', priceId: null }),
  compatible({ slug: 'predibase', baseUrl: 'https://api.app.predibase.com', keyVariable: 'PREDIBASE_API_KEY', priceId: null, endpoints: [] }),
  compatible({ slug: 'firecrawl', baseUrl: 'https://api.firecrawl.dev', keyVariable: 'FIRECRAWL_API_KEY', priceId: null, endpoints: [] }),
  compatible({
    slug: 'vercel',
    baseUrl: 'https://ai-gateway.vercel.sh/v1',
    keyVariable: 'AI_GATEWAY_API_KEY',
    endpoints: WITH_RESPONSES,
    priceId: null,
  }),
  compatible({
    slug: 'openrouter',
    baseUrl: 'https://openrouter.ai/api/v1',
    keyVariable: 'OPENROUTER_API_KEY',
    endpoints: WITH_RESPONSES,
  }),
  mock,
];

/** Slug or alias → provider, for the built-in ones. */
export const PROVIDER_BY_NAME: ReadonlyMap<string, Provider> = new Map(
  PROVIDERS.flatMap((it) => [it.slug, ...it.aliases].map((name) => [name, it] as const)),
);

/**
 * Further vendors that `/gateway/*` may call (hosts of the contract's list of approved targets that are no provider of ours yet).
 * A leading dot stands for any sub-domain.
 */
export const KNOWN_TARGET_HOSTS: readonly string[] = [
  'us.api.openai.com',
  'eu.api.openai.com',
  '.openai.azure.com',
  '.azure-api.net',
  '.cognitiveservices.azure.com',
  '.services.ai.azure.com',
  '.aiplatform.googleapis.com',
  '-aiplatform.googleapis.com',
  'gateway.ai.cloudflare.com',
  'qstash.upstash.io',
  'api.endpoints.anyscale.com',
  'api.avian.io',
  'api.openpipe.ai',
  'api.lemonfox.ai',
  'api.tokenfactory.nebius.com',
];
