/** https://platform.openai.com/docs/api-reference/responses/object (`usage`) */
import { NO_USAGE, type Usage } from '../../../schema/record';
import { at, costUsd, count, isObject, objects } from '../json';
import { isOtherTier } from '../openai-chat/usage';
import type { Background, JsonObject } from '../wire';

/** Only searches are billed, not the pages that are opened in them. */
const isSearch = (item: JsonObject): boolean =>
  item['type'] === 'web_search_call' && (at(item, 'action', 'type') ?? 'search') === 'search' && item['status'] !== 'failed';

/** Billed by themselves: https://platform.openai.com/docs/pricing (built-in tools) */
const BILLED: ReadonlySet<unknown> = new Set(['file_search_call', 'code_interpreter_call', 'image_generation_call']);

/** `response`: the whole object, for what the vendor ran beside stands in its output. */
export function readUsage(response: unknown): Usage | null {
  const usage = at(response, 'usage');
  if (!isObject(usage)) return null;
  return {
    ...NO_USAGE,
    input: count(usage['input_tokens']),
    output: count(usage['output_tokens']),
    cacheRead: count(at(usage, 'input_tokens_details', 'cached_tokens')),
    cacheWrite: count(at(usage, 'input_tokens_details', 'cache_write_tokens')),
    reasoning: count(at(usage, 'output_tokens_details', 'reasoning_tokens')),
    webSearches: objects(at(response, 'output')).filter(isSearch).length,
    vendorTools: objects(at(response, 'output')).filter(({ type }) => BILLED.has(type)).length,
    otherTier: isOtherTier(at(response, 'service_tier')),
    reportedCostUsd: costUsd(usage['cost']),
  };
}

/** Of a response that goes on without its caller; what failed before it was begun cost nothing. */
export function readBackground(response: unknown): Background | null {
  const id = at(response, 'id');
  if (at(response, 'background') !== true || typeof id !== 'string') return null;
  return { id, usage: readUsage(response) ?? (at(response, 'status') === 'failed' ? NO_USAGE : null) };
}

export const writeUsage = (it: Usage): JsonObject => ({
  input_tokens: it.input,
  input_tokens_details: { cached_tokens: it.cacheRead, cache_write_tokens: it.cacheWrite },
  output_tokens: it.output,
  output_tokens_details: { reasoning_tokens: it.reasoning },
  total_tokens: it.input + it.output,
});
