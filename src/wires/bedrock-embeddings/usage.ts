/** Titan tells its tokens in the body; of the others the platform tells them in a header. */
import { NO_USAGE, type Usage } from '../../../schema/record';
import { count } from '../json';
import type { JsonObject } from '../wire';

export function readUsage(body: JsonObject): Usage | null {
  const tokens = body['inputTextTokenCount'];
  return typeof tokens === 'number' ? { ...NO_USAGE, input: count(tokens) } : null;
}
