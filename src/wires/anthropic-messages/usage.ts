/** https://platform.claude.com/docs/en/api/messages (`usage`); `input_tokens` there leaves the cached ones out, ours counts them in. */
import { NO_USAGE, type Usage } from '../../../schema/record';
import { at, count, isObject } from '../json';
import type { JsonObject } from '../wire';

export function readUsage(usage: unknown): Usage | null {
  if (!isObject(usage)) return null;
  const cacheRead = count(usage['cache_read_input_tokens']);
  const cacheWrite = count(usage['cache_creation_input_tokens']);
  return {
    ...NO_USAGE,
    input: count(usage['input_tokens']) + cacheRead + cacheWrite,
    output: count(usage['output_tokens']),
    cacheRead,
    cacheWrite,
    cacheWrite1h: count(at(usage, 'cache_creation', 'ephemeral_1h_input_tokens')),
    reasoning: count(at(usage, 'output_tokens_details', 'thinking_tokens')),
    webSearches: count(at(usage, 'server_tool_use', 'web_search_requests')),
  };
}

/** `message_delta` repeats what changed since `message_start`: its counts are cumulative and win where they are given. */
export function mergeUsage(start: unknown, delta: unknown): JsonObject {
  const given = isObject(delta) ? Object.entries(delta).filter(([, value]) => value !== null) : [];
  return { ...(isObject(start) ? start : {}), ...Object.fromEntries(given) };
}

export const writeUsage = (it: Usage): JsonObject => ({
  input_tokens: Math.max(0, it.input - it.cacheRead - it.cacheWrite),
  cache_creation_input_tokens: it.cacheWrite,
  cache_read_input_tokens: it.cacheRead,
  output_tokens: it.output,
  ...(it.reasoning > 0 && { output_tokens_details: { thinking_tokens: it.reasoning } }),
});
