/**
 * Cohere bills searches (https://docs.cohere.com/reference/rerank), Jina and Voyage tokens (https://jina.ai/reranker,
 * https://docs.voyageai.com/reference/reranker-api), OpenRouter its own cost.
 */
import { NO_USAGE, type Usage } from '../../../schema/record';
import { at, costUsd, count, isObject } from '../json';
import type { JsonObject } from '../wire';

export function readUsage(body: JsonObject): Usage | null {
  const { usage, meta } = body;
  const billed = at(meta, 'billed_units');
  if (!isObject(usage) && !isObject(billed)) return null;
  return {
    ...NO_USAGE,
    input: count(at(usage, 'total_tokens') ?? at(billed, 'input_tokens')),
    searches: count(at(billed, 'search_units') ?? at(usage, 'search_units')),
    reportedCostUsd: costUsd(at(usage, 'cost')),
  };
}
