/** As the models' vendors answer, see request.ts: one vector, a list of them, or lists by their type. */
import { type Vectors, vectorsOf } from '../embedder';
import { at, objects } from '../json';
import type { JsonObject } from '../wire';
import { readUsage } from './usage';

export function readVectors(body: JsonObject): Vectors {
  return { vectors: vectorsOf(listOf(body), 'embeddings'), model: '', usage: readUsage(body) };
}

function listOf(body: JsonObject): readonly unknown[] {
  const { embedding, embeddings } = body;
  if (embedding !== undefined) return [embedding];
  const floats = at(embeddings, 'float');
  if (Array.isArray(floats)) return floats;
  const named = objects(embeddings);
  return named.length > 0 ? named.map((each) => each['embedding']) : Array.isArray(embeddings) ? embeddings : [];
}
