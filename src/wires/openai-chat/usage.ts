/** https://platform.openai.com/docs/api-reference/chat/object (`usage`), with the additions of compatible providers. */
import { NO_USAGE, type Usage } from '../../../schema/record';
import { at, costUsd, count, isObject } from '../json';

/** Usage of a chat, completion or embedding answer, or null when the provider sent none. */
export function readUsage(usage: unknown): Usage | null {
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
    // OpenRouter's `cost` is in US dollars: https://openrouter.ai/docs/use-cases/usage-accounting
    reportedCostUsd: costUsd(usage['cost']),
  };
}
