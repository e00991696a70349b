/**
 * Google Cloud's Vertex AI: Gemini in Google's wire, Claude in Anthropic's, others in OpenAI's.
 * https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference
 */
import { z } from 'zod';
import {
  CLAUDE_FIXED_SAMPLING,
  CLAUDE_NAMES,
  CLAUDE_REASONING,
  CLAUDE_SCHEMA_BY_TOOL,
  claudeSpelling,
  GEMINI_REASONING,
  GEMINI_SCHEMA_WITHOUT_TOOLS,
} from '../families';
import { BEARER, type EndpointName, type Provider, type Region, type Settings, type Signing } from '../provider';

const Account = z.object({
  client_email: z.string(),
  private_key: z.string(),
  token_uri: z.url().default('https://oauth2.googleapis.com/token'),
});

/** The file that Google hands out for a service account, as its text. */
function readAccount({ GOOGLE_APPLICATION_CREDENTIALS_JSON: text }: Settings): Signing | null {
  if (text === undefined) return null;
  try {
    const { client_email, private_key, token_uri } = Account.parse(JSON.parse(text));
    return { kind: 'google', clientEmail: client_email, privateKey: private_key, tokenUrl: token_uri };
  } catch {
    return null;
  }
}

/** `eu` and `us` are multi-regions; London and Zurich lie outside of the Union. */
function regionsOf(location: string): readonly Region[] {
  if (location === 'us' || location.startsWith('us-')) return ['us'];
  return location === 'eu' || (location.startsWith('europe-') && !/^europe-west[26]$/.test(location)) ? ['eu'] : [];
}

const isClaude = (model: string): boolean => model.startsWith('claude-');
const isGemini = (model: string): boolean => model.startsWith('gemini-') && !model.includes('embedding');

/** Those of texts: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api */
const EMBEDS = /^[a-z-]*embedding-/;

const METHODS: Readonly<Partial<Record<EndpointName, (streamed: boolean) => string>>> = {
  'generate-content': (streamed) => `google/models/{model}:${streamed ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
  'count-content': () => 'google/models/{model}:countTokens',
  'embed-predict': () => 'google/models/{model}:predict',
  messages: (streamed) => `anthropic/models/{model}:${streamed ? 'streamRawPredict' : 'rawPredict'}`,
  // The model stands in the body, by the package `@anthropic-ai/vertex-sdk`.
  'count-tokens': () => 'anthropic/models/count-tokens:rawPredict',
};

export const vertex: Provider = {
  slug: 'vertex',
  aliases: ['vertex-ai', 'google-vertex'],
  baseUrl:
    'https://{GOOGLE_CLOUD_LOCATION=global}-aiplatform.googleapis.com/v1/projects/{GOOGLE_CLOUD_PROJECT}/locations/{GOOGLE_CLOUD_LOCATION=global}',
  // https://cloud.google.com/vertex-ai/docs/general/locations: the global one has no prefix, the multi-regions a host of their own.
  adaptUrl: (url) =>
    url.replace('//global-aiplatform.', '//aiplatform.').replace(/\/\/(eu|us)-aiplatform\.googleapis\.com/, '//aiplatform.$1.rep.googleapis.com'),
  regionsBy: (settings) => regionsOf(settings['GOOGLE_CLOUD_LOCATION'] ?? ''),
  auth: BEARER,
  keyVariable: 'VERTEX_ACCESS_TOKEN',
  baseUrlVariable: 'VERTEX_BASE_URL',
  endpoints: ['generate-content', 'count-content', 'embed-predict', 'messages', 'count-tokens', 'chat'],
  signing: { variables: ['GOOGLE_APPLICATION_CREDENTIALS_JSON'], required: 1, read: readAccount },
  endpointsFor: (model) => {
    if (isClaude(model)) return ['messages', 'count-tokens'];
    if (EMBEDS.test(model)) return ['embed-predict'];
    if (isGemini(model)) return ['generate-content', 'count-content'];
    // Models of others are named with their publisher there.
    return model.includes('/') ? ['chat'] : [];
  },
  pathFor: (endpoint, model, streamed) => {
    if (endpoint === 'chat') return '/endpoints/openapi/chat/completions';
    const method = METHODS[endpoint]?.(streamed);
    return method === undefined ? null : `/publishers/${method.replace('{model}', () => encodeURIComponent(model).replaceAll('%40', '@'))}`;
  },
  vendor: 'google',
  // https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/count-tokens
  countsBare: true,
  // https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai
  bodyFor: { messages: { model: null, anthropic_version: 'vertex-2023-10-16' }, 'count-tokens': { anthropic_version: 'vertex-2023-10-16' } },
  spelling: claudeSpelling,
  // A version stands behind an at sign: https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai#model-availability
  nameFor: (model) => {
    const name = claudeSpelling(model.replace(/^(?:anthropic\/(?=claude-)|google\/(?=gemini-))/, ''));
    return isClaude(name) ? name.replace(/-(\d{8})$/, '@$1').replace(/-latest$/, '') : name;
  },
  priceId: 'google',
  streamUsage: true,
  outputLimitField: 'max_tokens',
  reasoning: [...GEMINI_REASONING, ...CLAUDE_REASONING],
  fixedSampling: CLAUDE_FIXED_SAMPLING,
  prefill: null,
  schemaByTool: CLAUDE_SCHEMA_BY_TOOL,
  schemaWithoutTools: GEMINI_SCHEMA_WITHOUT_TOOLS,
  models: CLAUDE_NAMES,
  // Of Claude base64 alone: https://platform.claude.com/docs/en/build-with-claude/vision
  takesUrls: [],
  // https://cloud.google.com/vertex-ai/generative-ai/docs/grounding/grounding-with-google-search
  online: { tools: { 'generate-content': { googleSearch: {} }, messages: { type: 'web_search_20250305', name: 'web_search', max_uses: 5 } } },
  documentation: 'https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference',
  dataUse: 'Not used for training; cached for up to a day unless that is turned off.',
};
