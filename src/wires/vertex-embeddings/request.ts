/** https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api */
import { Untranslatable, type WrittenRequest } from '../canonical';
import type { TextsToEmbed } from '../embedder';
import { taskOf } from '../google-tasks';

/** Gemini's take one text for each call there. */
const ONE_TEXT = /^gemini-/;

export function writeTexts({ texts, dimensions, purpose }: TextsToEmbed, model: string): WrittenRequest {
  if (ONE_TEXT.test(model) && texts.length > 1) throw new Untranslatable('input', `${texts.length} texts, expected one for each call on Vertex`);
  return {
    body: {
      instances: texts.map((content) => ({ content, ...(purpose !== null && { task_type: taskOf(purpose.is) }) })),
      ...(dimensions !== null && { parameters: { outputDimensionality: dimensions } }),
    },
    dropped: [],
  };
}
