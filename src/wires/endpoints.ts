/** Paths to wires: what the AI Gateway serves, and how a path under a provider proxy is read. */
import type { EndpointName } from '../providers/provider';
import { anthropicMessages } from './anthropic-messages/wire';
import { bedrockConverse } from './bedrock-converse/wire';
import { bedrockEmbeddings } from './bedrock-embeddings/wire';
import { claudeWireOf } from './claude-clouds';
import { anthropicCounting, geminiCounting } from './counting';
import { gemini } from './gemini/wire';
import { geminiEmbeddings } from './gemini-embeddings/wire';
import { mistralOcr } from './mistral-ocr/wire';
import { openAiAudio } from './openai-audio/wire';
import { openAiChat } from './openai-chat/wire';
import { openAiEmbeddings } from './openai-embeddings/wire';
import { openAiImages } from './openai-images/wire';
import { openAiModerations } from './openai-moderations/wire';
import { openAiResponses } from './openai-responses/wire';
import { raw } from './raw/wire';
import { rerank } from './rerank/wire';
import { STORED_RESPONSE_CANCEL, storedResponse } from './stored-response';
import { vertexEmbeddings } from './vertex-embeddings/wire';
import type { Wire } from './wire';

export interface Endpoint {
  readonly name: EndpointName;
  readonly wire: Wire;
  /** The path on the AI Gateway without `/v1`, and the end of the provider's own. */
  readonly path: string;
  /** What follows the provider's base URL. */
  readonly upstreamPath: (model: string, streamed: boolean) => string;
}

/** Longer paths first: `/messages/count_tokens` also ends in what `/messages` might be taken for, `/chat/completions` in `/completions`. */
export const ENDPOINTS: readonly Endpoint[] = [
  { name: 'chat', wire: openAiChat, path: '/chat/completions', upstreamPath: () => '/chat/completions' },
  { name: 'completions', wire: openAiChat, path: '/completions', upstreamPath: () => '/completions' },
  { name: 'embeddings', wire: openAiEmbeddings, path: '/embeddings', upstreamPath: () => '/embeddings' },
  { name: 'moderations', wire: openAiModerations, path: '/moderations', upstreamPath: () => '/moderations' },
  { name: 'images', wire: openAiImages, path: '/images/generations', upstreamPath: () => '/images/generations' },
  { name: 'image-edits', wire: openAiImages, path: '/images/edits', upstreamPath: () => '/images/edits' },
  { name: 'speech', wire: openAiAudio, path: '/audio/speech', upstreamPath: () => '/audio/speech' },
  { name: 'transcriptions', wire: openAiAudio, path: '/audio/transcriptions', upstreamPath: () => '/audio/transcriptions' },
  { name: 'translations', wire: openAiAudio, path: '/audio/translations', upstreamPath: () => '/audio/translations' },
  { name: 'rerank', wire: rerank, path: '/rerank', upstreamPath: () => '/rerank' },
  { name: 'ocr', wire: mistralOcr, path: '/ocr', upstreamPath: () => '/ocr' },
  { name: 'responses', wire: openAiResponses, path: '/responses', upstreamPath: () => '/responses' },
  { name: 'count-tokens', wire: anthropicCounting, path: '/messages/count_tokens', upstreamPath: () => '/v1/messages/count_tokens' },
  { name: 'messages', wire: anthropicMessages, path: '/messages', upstreamPath: () => '/v1/messages' },
];

/** Under `/v1beta/models/` and `/v1/models/`; the model and the method stand in the path. */
export const GENERATE_CONTENT: Endpoint = {
  name: 'generate-content',
  wire: gemini,
  path: '/models',
  upstreamPath: (model, streamed) => `/v1beta/models/${encodeURIComponent(model)}:${streamed ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
};
/** What else Gemini's clients ask of a model. */
export const COUNT_CONTENT: Endpoint = {
  ...GENERATE_CONTENT,
  name: 'count-content',
  wire: geminiCounting,
  upstreamPath: (model) => `/v1beta/models/${encodeURIComponent(model)}:countTokens`,
};
export const EMBED_CONTENT: Endpoint = {
  ...GENERATE_CONTENT,
  name: 'embed-content',
  wire: geminiEmbeddings,
  upstreamPath: (model) => `/v1beta/models/${encodeURIComponent(model)}:batchEmbedContents`,
};

/** Vertex's, which no caller speaks here. */
export const EMBED_PREDICT: Endpoint = {
  ...GENERATE_CONTENT,
  name: 'embed-predict',
  wire: vertexEmbeddings,
  upstreamPath: (model) => `/models/${encodeURIComponent(model)}:predict`,
};

/** Bedrock's, which no caller speaks here. */
export const EMBED_INVOKE: Endpoint = {
  name: 'embed-invoke',
  wire: bedrockEmbeddings,
  path: '/model',
  upstreamPath: (model) => `/model/${encodeURIComponent(model)}/invoke`,
};
export const CONVERSE: Endpoint = {
  name: 'converse',
  wire: bedrockConverse,
  path: '/model',
  upstreamPath: (model, streamed) => `/model/${encodeURIComponent(model)}/converse${streamed ? '-stream' : ''}`,
};

/** Endpoints whose calls can stand for each other: each is asked in its own wire, and the call is translated. */
export const CONVERSATIONS: readonly Endpoint[] = [
  ...ENDPOINTS.filter((each) => each.wire.inbound !== null && each.name !== 'completions'),
  GENERATE_CONTENT,
  CONVERSE,
].filter((each) => each.name !== 'count-tokens');

/** Endpoints that can stand for each other, each list for itself. */
export const ALIKE: readonly (readonly Endpoint[])[] = [
  CONVERSATIONS,
  [...ENDPOINTS.filter((each) => each.name === 'count-tokens'), COUNT_CONTENT],
  [...ENDPOINTS.filter((each) => each.name === 'embeddings'), EMBED_CONTENT, EMBED_PREDICT, EMBED_INVOKE],
];

const GEMINI_METHOD = /\/models\/[^/]+:(?:generateContent|streamGenerateContent|countTokens)$/;
const GEMINI_EMBEDDING = /\/models\/[^/]+:(?:embedContent|batchEmbedContents)$/;
/** Models that draw are asked by the same method. */
const VERTEX_EMBEDDING = /\/models\/[a-z-]*embedding-[^/]+:predict$/;
const BEDROCK_EMBEDDING = /\/model\/[^/]*\bembed[^/]*\/invoke$/;
const CONVERSE_METHOD = /\/model\/[^/]+\/converse(?:-stream)?$/;
/** Of Claude on Vertex, as if it were a model. */
const VERTEX_COUNTING = '/models/count-tokens:rawPredict';
/** OpenAI's Assistants have messages too, which are not Anthropic's. */
const THREAD_MESSAGES = /\/threads\/[^/]+\/messages$/;

/** The wire that a POST to this path of a provider speaks. */
export function wireOfPath(path: string): Wire {
  if (GEMINI_METHOD.test(path)) return gemini;
  if (GEMINI_EMBEDDING.test(path)) return geminiEmbeddings;
  if (VERTEX_EMBEDDING.test(path)) return vertexEmbeddings;
  if (CONVERSE_METHOD.test(path)) return bedrockConverse;
  if (BEDROCK_EMBEDDING.test(path)) return bedrockEmbeddings;
  if (path.endsWith(VERTEX_COUNTING)) return anthropicCounting;
  const claude = claudeWireOf(path);
  if (claude !== null) return claude;
  // Bills like the response that it makes shorter: https://platform.openai.com/docs/api-reference/responses/compact
  if (path.endsWith('/responses/compact')) return openAiResponses;
  if (STORED_RESPONSE_CANCEL.test(path)) return storedResponse;
  if (THREAD_MESSAGES.test(path)) return raw;
  return ENDPOINTS.find((endpoint) => path.endsWith(endpoint.path))?.wire ?? raw;
}
