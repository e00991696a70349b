/** https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api#response-body */
import { Untranslatable } from '../canonical';
import type { Vectors } from '../embedder';
import { at, objects } from '../json';
import type { JsonObject } from '../wire';
import { readUsage } from './usage';

export function readVectors(body: JsonObject): Vectors {
  const vectors = objects(body['predictions']).map((each) => at(each, 'embeddings', 'values'));
  if (vectors.length === 0) throw new Untranslatable('predictions', 'expected vectors of numbers');
  return {
    vectors: vectors.map((values) => (Array.isArray(values) ? values.filter((each) => typeof each === 'number') : [])),
    model: '',
    usage: readUsage(body),
  };
}
