/** Each vector tells the tokens of its own text. */
import { NO_USAGE, type Usage } from '../../../schema/record';
import { at, count, objects } from '../json';
import type { JsonObject } from '../wire';

export function readUsage(body: JsonObject): Usage | null {
  const counts = objects(body['predictions']).map((each) => at(each, 'embeddings', 'statistics', 'token_count'));
  return counts.some((each) => typeof each === 'number') ? { ...NO_USAGE, input: counts.reduce<number>((sum, each) => sum + count(each), 0) } : null;
}
