/** https://ai.google.dev/api/embeddings#v1beta.BatchEmbedContentsResponse */
import { Untranslatable } from '../canonical';
import type { Vectors } from '../embedder';
import { readUsage } from '../gemini/usage';
import { objects } from '../json';
import type { JsonObject } from '../wire';

export function readVectors(body: JsonObject): Vectors {
  const vectors = objects(body['embeddings']).map(({ values }) => values);
  if (vectors.length === 0) throw new Untranslatable('embeddings', 'expected vectors of numbers');
  return {
    vectors: vectors.map((values) => (Array.isArray(values) ? values.filter((each) => typeof each === 'number') : [])),
    model: '',
    usage: readUsage(body),
  };
}

export function writeVectors({ vectors, usage }: Vectors, _: JsonObject, path: string): JsonObject {
  const embeddings = vectors.map((values) => ({ values }));
  const used = usage === null ? {} : { usageMetadata: { promptTokenCount: usage.input, totalTokenCount: usage.input } };
  const [first] = embeddings;
  return { ...(path.endsWith(':embedContent') ? { embedding: first } : { embeddings }), ...used };
}
