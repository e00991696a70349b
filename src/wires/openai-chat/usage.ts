/** https://platform.openai.com/docs/api-reference/chat/object (`usage`), with the additions of compatible providers. */
import type { CompletionUsage } from 'openai/resources/completions';
import { NO_USAGE, type Usage } from '../../../schema/record';
import { at, costUsd, count, isObject } from '../json';

/** https://platform.openai.com/docs/pricing (flex, priority) */
const OTHER_TIERS: ReadonlySet<unknown> = new Set(['flex', 'priority']);
export const isOtherTier = (tier: unknown): number => (OTHER_TIERS.has(tier) ? 1 : 0);

/** Usage of a chat, completion or embedding answer, or null when the provider sent none. `tier`: `service_tier`, which stands beside it. */
export function readUsage(usage: unknown, tier?: unknown): Usage | null {
  if (!isObject(usage)) return null;
  const input = count(usage['prompt_tokens']);
  return {
    ...NO_USAGE,
    input,
    output: count(usage['completion_tokens']),
    // DeepSeek reports its cache hits beside OpenAI's details.
    cacheRead: Math.min(input, count(at(usage, 'prompt_tokens_details', 'cached_tokens')) || count(usage['prompt_cache_hit_tokens'])),
    cacheWrite: count(at(usage, 'prompt_tokens_details', 'cache_write_tokens')),
    reasoning: count(at(usage, 'completion_tokens_details', 'reasoning_tokens')),
    inputAudio: count(at(usage, 'prompt_tokens_details', 'audio_tokens')),
    outputAudio: count(at(usage, 'completion_tokens_details', 'audio_tokens')),
    otherTier: isOtherTier(tier),
    // OpenRouter's `cost` is in US dollars: https://openrouter.ai/docs/use-cases/usage-accounting
    reportedCostUsd: costUsd(usage['cost']),
  };
}

export const writeUsage = (it: Usage): CompletionUsage => ({
  prompt_tokens: it.input,
  completion_tokens: it.output,
  total_tokens: it.input + it.output,
  prompt_tokens_details: { cached_tokens: it.cacheRead, audio_tokens: it.inputAudio, cache_write_tokens: it.cacheWrite },
  completion_tokens_details: { reasoning_tokens: it.reasoning, audio_tokens: it.outputAudio },
});
