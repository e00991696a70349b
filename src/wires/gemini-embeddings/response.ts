/** https://ai.google.dev/api/embeddings#v1beta.BatchEmbedContentsResponse */
import { type Vectors, vectorsOf } from '../embedder';
import { readUsage } from '../gemini/usage';
import { objects } from '../json';
import type { JsonObject } from '../wire';

export function readVectors(body: JsonObject): Vectors {
  const vectors = vectorsOf(
    objects(body['embeddings']).map(({ values }) => values),
    'embeddings',
  );
  return { vectors, model: '', usage: readUsage(body) };
}

export function writeVectors({ vectors, usage }: Vectors, _: JsonObject, path: string): JsonObject {
  const embeddings = vectors.map((values) => ({ values }));
  const used = usage === null ? {} : { usageMetadata: { promptTokenCount: usage.input, totalTokenCount: usage.input } };
  const [first] = embeddings;
  return { ...(path.endsWith(':embedContent') ? { embedding: first } : { embeddings }), ...used };
}
