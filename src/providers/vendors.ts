/** Those who make models and serve them, each in its own wire. Facts by the documentation that each entry names. */
import { compatible, OPENAI_COMPATIBLE, OPENAI_EXTRAS, THOUGHTS } from './compatible';
import {
  CLAUDE_FIXED_SAMPLING,
  CLAUDE_REASONING,
  CLAUDE_SCHEMA_BY_TOOL,
  claudeSpelling,
  deepSeekSpelling,
  GEMINI_REASONING,
  GEMINI_SCHEMA_WITHOUT_TOOLS,
  gptSpelling,
  grokSpelling,
  kimiSpelling,
  mistralSpelling,
} from './families';
import { gptEndpoints } from './gpt-endpoints';
import type { BodyMembers, EndpointName, Provider } from './provider';

/** By depth: https://docs.perplexity.ai/docs/agent-api/presets */
const SONAR_PRESETS: ReadonlyMap<string, string> = new Map([
  ['sonar', 'fast'],
  ['sonar-pro', 'low'],
  ['sonar-reasoning', 'low'],
  ['sonar-reasoning-pro', 'medium'],
  ['sonar-deep-research', 'high'],
]);

const OPENAI_ENDPOINTS: readonly EndpointName[] = [
  ...OPENAI_COMPATIBLE,
  ...(['responses', 'moderations', 'images', 'image-edits', 'speech', 'transcriptions', 'translations'] as const),
];

export const VENDORS: readonly Provider[] = [
  compatible({
    slug: 'openai',
    aliases: ['oai'],
    spelling: gptSpelling,
    baseUrl: 'https://api.openai.com/v1',
    keyVariable: 'OPENAI_API_KEY',
    endpoints: OPENAI_ENDPOINTS,
    // Its open models it gives away, and serves nowhere: https://platform.openai.com/docs/models/gpt-oss-120b
    endpointsFor: (model) => (model.startsWith('gpt-oss') ? [] : gptEndpoints(model, OPENAI_ENDPOINTS)),
    // `max_tokens` is refused by its reasoning models: https://platform.openai.com/docs/api-reference/chat/create
    outputLimitField: 'max_completion_tokens',
    vendor: 'openai',
    // Its chat takes back no thoughts: https://platform.openai.com/docs/api-reference/chat/create (assistant message)
    refusedInMessages: () => THOUGHTS,
    // https://platform.openai.com/docs/guides/reasoning and the models' pages
    reasoning: [
      { models: /^o\d/, style: 'effort', efforts: ['low', 'medium', 'high'] },
      { models: /^gpt-5(?:-|$)(?!.*chat)/, style: 'effort', efforts: ['minimal', 'low', 'medium', 'high'] },
      { models: /^gpt-5\.(?!.*chat)/, style: 'effort', efforts: ['none', 'low', 'medium', 'high', 'xhigh'] },
      { models: /^gpt-6(?!.*chat)/, style: 'effort', efforts: ['none', 'low', 'medium', 'high', 'xhigh', 'max'] },
    ],
    // https://platform.openai.com/docs/guides/reasoning (limitations)
    fixedSampling: /^(?:o\d|gpt-[56](?!.*chat))/,
    regions: { eu: 'https://eu.api.openai.com/v1', us: 'https://us.api.openai.com/v1' },
    // https://platform.openai.com/docs/guides/tools-web-search
    online: { tools: { responses: { type: 'web_search' } } },
    documentation: 'https://developers.openai.com/api/reference/overview',
    dataUse: 'Not used for training unless opted in; kept up to 30 days for abuse monitoring, not at all by approval.',
    models: ['omni-moderation-latest', 'text-moderation-latest', 'tts-1', 'tts-1-hd'],
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
    reasoning: CLAUDE_REASONING,
    fixedSampling: CLAUDE_FIXED_SAMPLING,
    // Refused from the 4.6 family on: https://platform.claude.com/docs/en/about-claude/models/migration-guide
    prefill: { models: /^claude-(?:3|(?:opus|sonnet|haiku)-4(?:-[0-5])?(?:-\d{8}|-latest|$))/, flag: null, repeats: false },
    schemaByTool: CLAUDE_SCHEMA_BY_TOOL,
    spelling: claudeSpelling,
    models: [],
    // https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool
    online: { tools: { messages: { type: 'web_search_20250305', name: 'web_search', max_uses: 5 } } },
    documentation: 'https://platform.claude.com/docs/en/api/messages',
    dataUse: 'Not used for training on commercial terms; kept 30 days unless agreed otherwise.',
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
    reasoning: GEMINI_REASONING,
    prefill: null,
    // The price catalogue files what Vertex sells here too.
    vendor: 'google',
    endpointsFor: (model) => (model.startsWith('claude-') || model.includes('/') ? [] : ['generate-content', 'count-content', 'embed-content']),
    schemaByTool: null,
    schemaWithoutTools: GEMINI_SCHEMA_WITHOUT_TOOLS,
    // https://ai.google.dev/gemini-api/docs/models (latest)
    models: ['gemini-pro-latest', 'gemini-flash-latest', 'gemini-flash-lite-latest'],
    // https://ai.google.dev/gemini-api/docs/google-search
    online: { tools: { 'generate-content': { googleSearch: {} } } },
    documentation: 'https://ai.google.dev/api/generate-content',
    dataUse: 'What the unpaid tier is sent may improve products; the paid tier is not used so.',
  },
  compatible({
    slug: 'mistral',
    aliases: ['mistralai'],
    spelling: mistralSpelling,
    baseUrl: 'https://api.mistral.ai/v1',
    regions: { eu: 'https://api.eu.mistral.ai/v1' },
    keyVariable: 'MISTRAL_API_KEY',
    endpoints: ['chat', 'embeddings', 'moderations', 'speech', 'transcriptions', 'ocr'],
    // https://docs.mistral.ai/api/#tag/embeddings
    vectorSize: 'output_dimension',
    // It refuses members that it does not know, and reports usage unasked.
    streamUsage: false,
    // https://docs.mistral.ai/api/#tag/chat
    chatNames: { user: null, seed: 'random_seed' },
    // https://github.com/charmbracelet/crush/issues/1590
    refusedInMessages: () => [...THOUGHTS, ...OPENAI_EXTRAS],
    // https://docs.mistral.ai/capabilities/document_ai/document_qna
    readsDocuments: true,
    // https://docs.mistral.ai/api/#tag/chat (`prefix` of an assistant's message)
    prefill: { models: /./, flag: 'prefix', repeats: true },
    documentation: 'https://docs.mistral.ai/api',
    dataUse: 'Kept 30 days for abuse monitoring; not at all on request on paid plans.',
  }),
  compatible({
    slug: 'deepseek',
    baseUrl: 'https://api.deepseek.com',
    keyVariable: 'DEEPSEEK_API_KEY',
    spelling: deepSeekSpelling,
    endpoints: ['chat', 'completions', 'messages'],
    paths: { messages: 'anthropic/v1/messages' },
    // Chat has `json_object` alone: https://api-docs.deepseek.com/api/create-chat-completion
    schemaByTool: /./,
    documentation: 'https://api-docs.deepseek.com',
    dataUse: 'Its policy allows training, with an opt-out, and names no period; processed in China.',
  }),
  compatible({
    slug: 'xai',
    aliases: ['x', 'x-ai', 'grok'],
    spelling: grokSpelling,
    baseUrl: 'https://api.x.ai/v1',
    regions: { us: 'https://us.api.x.ai/v1' },
    keyVariable: 'XAI_API_KEY',
    endpoints: ['chat', 'responses', 'images'],
    priceId: 'x-ai',
    // https://docs.x.ai/docs/guides/tools/overview
    online: { tools: { responses: { type: 'web_search' } } },
    documentation: 'https://docs.x.ai/docs/api-reference',
    dataUse: 'Not used for training without permission; kept 30 days.',
  }),
  compatible({
    slug: 'perplexity',
    baseUrl: 'https://api.perplexity.ai/v1',
    keyVariable: 'PERPLEXITY_API_KEY',
    // Its chat completions ended on 27 September 2026: https://docs.perplexity.ai/docs/agent-api/migrate-from-sonar
    endpoints: ['responses'],
    // One model is left of its own, and what the others were for is a preset of it, which brings the search along.
    nameFor: (model) => (/^sonar\b/.test(model) ? 'perplexity/sonar' : model),
    bodyFor: { responses: (model): BodyMembers => (SONAR_PRESETS.has(model) ? { preset: SONAR_PRESETS.get(model) ?? '' } : {}) },
    documentation: 'https://docs.perplexity.ai',
    dataUse: 'Neither kept nor used for training (Sonar).',
  }),
  compatible({
    slug: 'cohere',
    baseUrl: 'https://api.cohere.ai/compatibility/v1',
    keyVariable: 'COHERE_API_KEY',
    endpoints: ['chat', 'embeddings', 'rerank'],
    paths: { rerank: '../../v2/rerank' },
    models: ['rerank-v3.5', 'rerank-v4.0-fast', 'rerank-v4.0-pro'],
    // It refuses `stream_options`: https://docs.cohere.com/docs/compatibility-api
    streamUsage: false,
    documentation: 'https://docs.cohere.com/docs/compatibility-api',
    dataUse: 'Used for training unless turned off in its dashboard; kept 30 days.',
  }),
  compatible({
    slug: 'moonshot',
    aliases: ['moonshotai', 'kimi'],
    baseUrl: 'https://api.moonshot.ai/v1',
    keyVariable: 'MOONSHOT_API_KEY',
    spelling: kimiSpelling,
    endpoints: ['chat', 'responses', 'messages'],
    paths: { messages: '../anthropic/v1/messages' },
    priceId: 'moonshotai',
    // https://platform.kimi.ai/docs/guide/use-partial-mode-feature-of-kimi-api
    prefill: { models: /./, flag: 'partial', repeats: false },
    documentation: 'https://platform.kimi.ai/docs/api/overview',
    dataUse: 'Its help page says not used for training, its terms allow use to improve the service.',
  }),
  compatible({
    slug: 'zai',
    aliases: ['z-ai'],
    baseUrl: 'https://api.z.ai/api/paas/v4',
    keyVariable: 'ZAI_API_KEY',
    endpoints: ['chat', 'messages'],
    models: ['glm-4.5', 'glm-4.5-air', 'glm-4.5-flash', 'glm-4.5v', 'glm-4.6', 'glm-4.6v', 'glm-4.7', 'glm-5', 'glm-5.1'],
    paths: { messages: '../../anthropic/v1/messages' },
    documentation: 'https://docs.z.ai/guides/develop/openai/python',
    dataUse: 'Neither stored nor used for anything but the answer, by its data processing addendum; in Singapore.',
  }),
  compatible({
    slug: 'zhipu',
    aliases: ['zhipuai', 'bigmodel'],
    baseUrl: 'https://open.bigmodel.cn/api/paas/v4',
    keyVariable: 'ZHIPUAI_API_KEY',
    endpoints: ['chat', 'embeddings'],
    priceId: 'zhipuai',
    documentation: 'https://docs.bigmodel.cn',
    dataUse: 'Its agreement allows use to maintain and improve the service; kept in China.',
  }),
  compatible({
    slug: 'qwen',
    aliases: ['dashscope', 'alibaba'],
    baseUrl: 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1',
    regions: { us: 'https://dashscope-us.aliyuncs.com/compatible-mode/v1' },
    keyVariable: 'DASHSCOPE_API_KEY',
    endpoints: ['chat', 'embeddings', 'messages'],
    paths: { messages: '../../apps/anthropic/v1/messages' },
    // Without a price: they cost more when they think, or less for a time.
    models: ['qwen-plus', 'qwen-plus-latest', 'qwen-turbo', 'qwen3.7-plus', 'qwen3-coder-next'],
    documentation: 'https://www.alibabacloud.com/help/en/model-studio/compatibility-of-openai-with-dashscope',
    dataUse: 'Not used for training without consent.',
  }),
  compatible({
    slug: 'minimax',
    baseUrl: 'https://api.minimax.io/v1',
    keyVariable: 'MINIMAX_API_KEY',
    endpoints: ['chat', 'responses', 'messages'],
    paths: { messages: '../anthropic/v1/messages' },
    outputLimitField: 'max_completion_tokens',
    documentation: 'https://platform.minimax.io/docs/api-reference/text-openai-api',
  }),
  compatible({
    slug: 'ai21',
    baseUrl: 'https://api.ai21.com/studio/v1',
    keyVariable: 'AI21_API_KEY',
    endpoints: ['chat'],
    streamUsage: false,
    documentation: 'https://docs.ai21.com/reference/jamba-1-6-api-ref',
  }),
  compatible({
    slug: 'upstage',
    baseUrl: 'https://api.upstage.ai/v1',
    keyVariable: 'UPSTAGE_API_KEY',
    endpoints: ['chat', 'embeddings'],
    documentation: 'https://console.upstage.ai/docs',
  }),
  compatible({
    slug: 'inception',
    aliases: ['inceptionlabs'],
    baseUrl: 'https://api.inceptionlabs.ai/v1',
    keyVariable: 'INCEPTION_API_KEY',
    endpoints: ['chat'],
    documentation: 'https://docs.inceptionlabs.ai',
  }),
  compatible({
    slug: 'voyage',
    aliases: ['voyageai'],
    baseUrl: 'https://api.voyageai.com/v1',
    keyVariable: 'VOYAGE_API_KEY',
    endpoints: ['embeddings', 'rerank'],
    // https://docs.voyageai.com/reference/embeddings-api
    vectorSize: 'output_dimension',
    priceId: 'voyageai',
    models: ['rerank-2.5', 'rerank-2.5-lite'],
    documentation: 'https://docs.voyageai.com/reference',
  }),
  compatible({
    slug: 'jina',
    baseUrl: 'https://api.jina.ai/v1',
    keyVariable: 'JINA_API_KEY',
    endpoints: ['embeddings', 'rerank'],
    models: ['jina-embeddings-v3', 'jina-embeddings-v4', 'jina-reranker-v2-base-multilingual'],
    documentation: 'https://jina.ai/embeddings',
  }),
  compatible({
    slug: 'llama',
    baseUrl: 'https://api.llama.com/compat/v1',
    keyVariable: 'LLAMA_API_KEY',
    endpoints: ['chat'],
    priceId: null,
    documentation: 'https://llama.developer.meta.com/docs/features/compatibility',
  }),
];
