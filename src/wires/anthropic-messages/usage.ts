/** https://platform.claude.com/docs/en/api/messages (`usage`); `input_tokens` there leaves the cached ones out, ours counts them in. */
import type { MessageDeltaUsage, Usage as MessageUsage } from '@anthropic-ai/sdk/resources/messages';
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
    // https://platform.claude.com/docs/en/build-with-claude/fast-mode
    otherTier: usage['speed'] === 'fast' ? 1 : 0,
  };
}

/** `message_delta` repeats what changed since `message_start`: its counts are cumulative and win where they are given. */
export function mergeUsage(start: unknown, delta: unknown): JsonObject {
  const given = isObject(delta) ? Object.entries(delta).filter(([, value]) => value !== null) : [];
  return { ...(isObject(start) ? start : {}), ...Object.fromEntries(given) };
}

/** Clients with strict types expect every member, and null where there is nothing to say. */
export const writeUsage = (it: Usage): MessageUsage => ({
  ...writeDeltaUsage(it),
  input_tokens: freshInput(it),
  cache_creation:
    it.cacheWrite === 0
      ? null
      : { ephemeral_5m_input_tokens: Math.max(0, it.cacheWrite - it.cacheWrite1h), ephemeral_1h_input_tokens: it.cacheWrite1h },
  inference_geo: null,
  service_tier: null,
  speed: null,
});

/** What `message_delta` says of it. */
export const writeDeltaUsage = (it: Usage): MessageDeltaUsage => ({
  input_tokens: freshInput(it),
  cache_creation_input_tokens: it.cacheWrite,
  cache_read_input_tokens: it.cacheRead,
  output_tokens: it.output,
  output_tokens_details: it.reasoning === 0 ? null : { thinking_tokens: it.reasoning },
  server_tool_use: it.webSearches === 0 ? null : { web_search_requests: it.webSearches, web_fetch_requests: 0 },
});

const freshInput = (it: Usage): number => Math.max(0, it.input - it.cacheRead - it.cacheWrite);
