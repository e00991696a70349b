/**
 * Most tokens of one answer, by the beginning of a model's name, from the vendors' model pages; the price catalogue has windows and no
 * limits.
 *
 * - https://platform.openai.com/docs/models (each model's page)
 * - https://platform.claude.com/docs/en/about-claude/models/overview
 * - https://ai.google.dev/gemini-api/docs/models
 * - https://api-docs.deepseek.com/quick_start/pricing
 */
import { byName } from './by-name';

const LIMITS: readonly (readonly [prefix: string, tokens: number])[] = [
  ['gpt-3.5', 4_096],
  ['gpt-4', 8_192],
  ['gpt-4-turbo', 4_096],
  ['gpt-4o', 16_384],
  ['gpt-4o-2024-05-13', 4_096],
  ['gpt-4o-mini', 16_384],
  ['gpt-4.1', 32_768],
  ['gpt-4.5', 16_384],
  ['gpt-5', 128_000],
  ['gpt-5.', 128_000],
  ['gpt-5-chat', 16_384],
  ['gpt-5.1-chat', 16_384],
  ['gpt-5.2-chat', 16_384],
  ['gpt-5.3-chat', 16_384],
  ['gpt-6', 128_000],
  ['gpt-oss', 131_072],
  ['o1', 100_000],
  ['o1-mini', 65_536],
  ['o1-preview', 32_768],
  ['o3', 100_000],
  ['o4-mini', 100_000],
  ['claude-3-opus', 4_096],
  ['claude-3-sonnet', 4_096],
  ['claude-3-haiku', 4_096],
  ['claude-3-5', 8_192],
  // 128,000 with a beta header: the most counts, since this bounds what a call can cost.
  ['claude-3-7-sonnet', 128_000],
  ['claude-opus-4', 32_000],
  ['claude-opus-4-5', 64_000],
  ['claude-opus-4-6', 128_000],
  ['claude-opus-4-7', 128_000],
  ['claude-opus-4-8', 128_000],
  ['claude-opus-5', 128_000],
  ['claude-4-opus', 32_000],
  ['claude-4-sonnet', 64_000],
  ['claude-fable-5', 128_000],
  ['claude-sonnet-5', 128_000],
  ['claude-haiku-5', 128_000],
  ['claude-sonnet-4', 64_000],
  ['claude-sonnet-4-6', 128_000],
  ['claude-haiku-4-5', 64_000],
  ['gemini-1.5', 8_192],
  ['gemini-2.0-flash', 8_192],
  ['gemini-2.5', 65_536],
  ['gemini-3', 65_536],
  ['gemini-3.', 65_536],
  ['deepseek-v3', 65_536],
  ['deepseek-v3.', 65_536],
  ['deepseek-v4', 384_000],
  ['deepseek-chat', 8_192],
  ['deepseek-reasoner', 65_536],
];

const find = byName(LIMITS);

/** By any provider's name for the model. Null where it is not known. */
export const outputLimit = (model: string): number | null => find(model)?.[1] ?? null;
