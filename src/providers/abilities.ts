/**
 * What models take and give beside plain text, by the beginning of their names; the price catalogue does not say it. A model that is
 * not here, or stands here with null, is not known, and nothing is withheld from it.
 *
 * - https://platform.openai.com/docs/models (each model's page)
 * - https://platform.claude.com/docs/en/about-claude/models/overview
 * - https://ai.google.dev/gemini-api/docs/models
 * - https://docs.mistral.ai/getting-started/models, https://docs.x.ai/docs/models, https://docs.cohere.com/docs/models
 * - https://api-docs.deepseek.com, https://platform.moonshot.ai/docs, https://docs.z.ai, https://docs.perplexity.ai/getting-started/models
 * - https://docs.aws.amazon.com/nova/latest/userguide/what-is-nova.html, and the model cards of open weights
 */
import { byName } from './by-name';

export type Modality = 'text' | 'image' | 'pdf' | 'audio' | 'video' | 'embedding';

export interface Abilities {
  readonly takes: readonly Modality[];
  readonly gives: readonly Modality[];
  /** It calls tools. */
  readonly tools: boolean;
}

const CHAT: Abilities = { takes: ['text'], gives: ['text'], tools: true };
const SEES: Abilities = { ...CHAT, takes: ['text', 'image'] };
const READS: Abilities = { ...CHAT, takes: ['text', 'image', 'pdf'] };
const WATCHES: Abilities = { ...CHAT, takes: ['text', 'image', 'pdf', 'video'] };
const ALL: Abilities = { ...CHAT, takes: ['text', 'image', 'pdf', 'audio', 'video'] };
const SPEAKS: Abilities = { takes: ['text', 'audio'], gives: ['text', 'audio'], tools: true };
const TALKS: Abilities = { ...SPEAKS, takes: ['text', 'image', 'audio'] };
const WRITES: Abilities = { ...CHAT, tools: false };
const LOOKS: Abilities = { ...SEES, tools: false };
const DRAWS: Abilities = { takes: ['text'], gives: ['image'], tools: false };
const PAINTS: Abilities = { takes: ['text', 'image'], gives: ['image'], tools: false };
const SHOWS: Abilities = { takes: ['text', 'image'], gives: ['text', 'image'], tools: false };
const HEARS: Abilities = { takes: ['audio'], gives: ['text'], tools: false };
const VOICES: Abilities = { takes: ['text'], gives: ['audio'], tools: false };
const EMBEDS: Abilities = { takes: ['text'], gives: ['embedding'], tools: false };
const EMBEDS_IMAGES: Abilities = { ...EMBEDS, takes: ['text', 'image'] };
const SCANS: Abilities = { takes: ['image', 'pdf'], gives: ['text'], tools: false };

const ROWS: readonly (readonly [prefix: string, Abilities | null])[] = [
  ['gpt-3.5', CHAT],
  ['gpt-3.5-turbo-instruct', WRITES],
  ['gpt-4', CHAT],
  ['gpt-4-turbo', SEES],
  ['gpt-4-vision', LOOKS],
  ['gpt-4-1106-vision', LOOKS],
  ['gpt-4.1', READS],
  ['gpt-4.5', SEES],
  ['gpt-4o', READS],
  ['gpt-4o-audio', SPEAKS],
  ['gpt-4o-mini-audio', SPEAKS],
  ['gpt-4o-realtime', SPEAKS],
  ['gpt-4o-mini-realtime', SPEAKS],
  ['gpt-4o-search', null],
  ['gpt-4o-mini-search', null],
  ['gpt-4o-transcribe', HEARS],
  ['gpt-4o-mini-transcribe', HEARS],
  ['gpt-4o-mini-tts', VOICES],
  ['chatgpt-4o', LOOKS],
  ['gpt-5', READS],
  ['gpt-5.', READS],
  ['gpt-6', READS],
  ['gpt-6.', READS],
  ['gpt-chat', READS],
  ['gpt-audio', SPEAKS],
  ['gpt-realtime', TALKS],
  ['gpt-transcribe', HEARS],
  ['gpt-image', PAINTS],
  ['gpt-5-image', { ...SHOWS, tools: true }],
  ['gpt-5.4-image', { ...SHOWS, tools: true }],
  ['gpt-oss', CHAT],
  ['o1', READS],
  ['o1-mini', CHAT],
  ['o1-preview', WRITES],
  ['o3', READS],
  ['o3-mini', CHAT],
  ['o4-mini', READS],
  ['codex-mini', READS],
  ['dall-e-2', PAINTS],
  ['dall-e-3', DRAWS],
  ['whisper', HEARS],
  ['tts', VOICES],
  ['text-embedding', EMBEDS],
  ['claude-2', WRITES],
  ['claude-instant', WRITES],
  ['claude-v1', WRITES],
  ['claude-3', READS],
  ['claude-4', READS],
  ['claude-opus', READS],
  ['claude-sonnet', READS],
  ['claude-haiku', READS],
  ['claude-fable', READS],
  ['gemini-pro', CHAT],
  ['gemini-pro-vision', null],
  ['gemini-pro-latest', ALL],
  ['gemini-flash-latest', ALL],
  ['gemini-flash-lite-latest', ALL],
  ['gemini-pro-1.5', ALL],
  ['gemini-flash-1.5', ALL],
  ['gemini-1.5', ALL],
  ['gemini-2.', ALL],
  ['gemini-2.5-flash-image', SHOWS],
  ['gemini-2.5-flash-preview-tts', VOICES],
  ['gemini-2.5-flash-lite-preview-tts', VOICES],
  ['gemini-2.5-flash-tts', VOICES],
  ['gemini-2.5-pro-preview-tts', VOICES],
  ['gemini-2.5-pro-tts', VOICES],
  ['gemini-3', ALL],
  ['gemini-3.', ALL],
  ['gemini-3-pro-image', SHOWS],
  ['gemini-3.1-flash-image', SHOWS],
  ['gemini-3.1-flash-lite-image', SHOWS],
  ['gemini-3.1-flash-live', { takes: ['text', 'image', 'audio', 'video'], gives: ['text', 'audio'], tools: true }],
  ['gemini-live', { takes: ['text', 'image', 'audio', 'video'], gives: ['text', 'audio'], tools: true }],
  ['gemini-embedding', EMBEDS],
  ['gemini-embedding-2', { ...EMBEDS, takes: ['text', 'image', 'audio'] }],
  ['gemma-2', WRITES],
  ['gemma-3', SEES],
  ['gemma-4', SEES],
  ['imagen', DRAWS],
  ['deepseek-chat', CHAT],
  ['deepseek-reasoner', CHAT],
  ['deepseek-v3', CHAT],
  ['deepseek-v3.', CHAT],
  ['deepseek-v4-pro', CHAT],
  ['mistral-7b', CHAT],
  ['mistral-large', CHAT],
  ['mistral-large-2512', SEES],
  ['mistral-large-3', SEES],
  ['mistral-large-latest', SEES],
  ['mistral-medium', SEES],
  ['mistral-medium-2312', WRITES],
  ['mistral-small', SEES],
  ['mistral-small-24b-instruct-2501', CHAT],
  ['mistral-nemo', CHAT],
  ['mistral-saba', CHAT],
  ['mistral-embed', EMBEDS],
  ['mistral-ocr', SCANS],
  ['ministral-3b-2512', SEES],
  ['ministral-8b-2512', SEES],
  ['ministral-14b', SEES],
  ['codestral', CHAT],
  ['codestral-embed', EMBEDS],
  ['pixtral', SEES],
  ['voxtral-mini-transcribe', HEARS],
  ['voxtral-mini-2602', HEARS],
  ['grok-2', CHAT],
  ['grok-2-vision', LOOKS],
  ['grok-3', CHAT],
  ['grok-4', SEES],
  ['grok-4.', SEES],
  ['grok-4.20', READS],
  ['grok-4.5', READS],
  ['grok-4.6', READS],
  ['command-a', CHAT],
  ['command-a-vision', LOOKS],
  ['command-r', CHAT],
  ['command-r7b', CHAT],
  ['embed-v4.0', EMBEDS_IMAGES],
  ['llama-3', CHAT],
  ['llama-3.1', CHAT],
  ['llama-3.1-nemotron', null],
  ['llama-3.3', CHAT],
  ['llama-3.3-nemotron', null],
  ['meta-llama-3.1', CHAT],
  ['llama-3.2-11b-vision', SEES],
  ['llama-3.2-90b-vision', SEES],
  ['llama-4', SEES],
  ['qwen2.5', CHAT],
  ['qwen2.5-vl', SEES],
  ['qwen2.5-omni', null],
  ['qwen3', CHAT],
  ['qwen-3', CHAT],
  ['qwen3-vl', SEES],
  ['qwen3-embedding', EMBEDS],
  ['qwen3-reranker', null],
  ['qwen3-asr', HEARS],
  ['qwen3-tts', VOICES],
  ['qwen3.5', SEES],
  ['qwen3.6', SEES],
  ['qwen3.7', SEES],
  ['qwen3-omni', { ...CHAT, takes: ['text', 'image', 'audio', 'video'] }],
  ['kimi-k2', CHAT],
  ['kimi-k2.5', SEES],
  ['kimi-k2.6', SEES],
  ['kimi-k2.7-code', SEES],
  ['kimi-k3', SEES],
  ['moonshot-v1', CHAT],
  ['moonshot-v1-8k-vision', SEES],
  ['moonshot-v1-32k-vision', SEES],
  ['moonshot-v1-128k-vision', SEES],
  ['glm-4.5', CHAT],
  ['glm-4.5v', SEES],
  ['glm-4.6', CHAT],
  ['glm-4.6v', SEES],
  ['glm-4.7', CHAT],
  ['minimax-m2', CHAT],
  ['sonar', SEES],
  ['sonar-deep-research', WRITES],
  ['nova-micro', CHAT],
  ['nova-lite', WATCHES],
  ['nova-pro', WATCHES],
  ['nova-premier', WATCHES],
  ['titan-embed-text', EMBEDS],
  ['titan-embed-image', EMBEDS_IMAGES],
  ['voyage', EMBEDS],
  ['voyage-multimodal', EMBEDS_IMAGES],
  ['jina-embeddings', EMBEDS],
];

const find = byName(ROWS);

/** By any provider's name for the model; null where it is not known. */
export const abilitiesOf = (model: string): Abilities | null => find(model)?.[1] ?? null;
