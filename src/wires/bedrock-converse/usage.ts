/**
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html; `inputTokens` leaves cached ones out
 * (https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html), ours counts them in.
 */
import { NO_USAGE, type Usage } from '../../../schema/record';
import { count, isObject, objects } from '../json';

export function readUsage(usage: unknown): Usage | null {
  if (!isObject(usage)) return null;
  const cacheRead = count(usage['cacheReadInputTokens']);
  const cacheWrite = count(usage['cacheWriteInputTokens']);
  const hourly = objects(usage['cacheDetails']).find((each) => each['ttl'] === '1h');
  return {
    ...NO_USAGE,
    input: count(usage['inputTokens']) + cacheRead + cacheWrite,
    output: count(usage['outputTokens']),
    cacheRead,
    cacheWrite,
    cacheWrite1h: count(hourly?.['inputTokens']),
  };
}
