/** https://platform.openai.com/docs/api-reference/embeddings/object */
import { Untranslatable } from '../canonical';
import type { Vectors } from '../embedder';
import { objects, stringOr } from '../json';
import type { JsonObject } from '../wire';
import { readUsage } from './usage';

const isVector = (it: unknown): it is number[] => Array.isArray(it) && it.every((each) => typeof each === 'number');

export function readVectors(body: JsonObject): Vectors {
  const vectors = objects(body['data']).map((each) => each['embedding']);
  if (vectors.length === 0 || !vectors.every(isVector)) throw new Untranslatable('data', 'expected vectors of numbers');
  return { vectors, model: stringOr(body['model'], ''), usage: readUsage(body) };
}

/** Four bytes a number, the least first: OpenAI's clients ask for it unless they are told otherwise. */
function inBase64(vector: readonly number[]): string {
  const view = new DataView(new ArrayBuffer(vector.length * 4));
  for (const [index, each] of vector.entries()) view.setFloat32(index * 4, each, true);
  let text = '';
  for (const byte of new Uint8Array(view.buffer)) text += String.fromCharCode(byte);
  return btoa(text);
}

export function writeVectors({ vectors, model, usage }: Vectors, request: JsonObject): JsonObject {
  const isPacked = request['encoding_format'] === 'base64';
  const tokens = usage?.input ?? 0;
  return {
    object: 'list',
    data: vectors.map((vector, index) => ({ object: 'embedding', index, embedding: isPacked ? inBase64(vector) : vector })),
    model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}
