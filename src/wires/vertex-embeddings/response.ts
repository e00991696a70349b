/** https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api#response-body */
import { type Vectors, vectorsOf } from '../embedder';
import { at, objects } from '../json';
import type { JsonObject } from '../wire';
import { readUsage } from './usage';

export function readVectors(body: JsonObject): Vectors {
  const vectors = vectorsOf(
    objects(body['predictions']).map((each) => at(each, 'embeddings', 'values')),
    'predictions',
  );
  return { vectors, model: '', usage: readUsage(body) };
}
