/** https://platform.openai.com/docs/api-reference/embeddings/object */
import { type Vectors, vectorsOf } from '../embedder';
import { objects, stringOr } from '../json';
import type { JsonObject } from '../wire';
import { readUsage } from './usage';

export function readVectors(body: JsonObject): Vectors {
  const vectors = vectorsOf(
    objects(body['data']).map((each) => each['embedding']),
    'data',
  );
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
