/** https://platform.openai.com/docs/api-reference/embeddings/create */
import { Untranslatable, type WrittenRequest } from '../canonical';
import type { TextsToEmbed } from '../embedder';
import { limitOf } from '../json';
import type { JsonObject } from '../wire';

const READ: ReadonlySet<string> = new Set(['model', 'input', 'dimensions', 'encoding_format']);

export function readTexts(body: JsonObject): TextsToEmbed {
  const { input } = body;
  const texts: readonly unknown[] = Array.isArray(input) ? input : [input];
  if (texts.length === 0 || !texts.every((each) => typeof each === 'string')) {
    throw new Untranslatable('input', 'expected a text or a list of texts, for tokens mean nothing to another model');
  }
  return {
    texts,
    dimensions: limitOf(body['dimensions']),
    dropped: Object.keys(body).filter((name) => !READ.has(name) && body[name] !== null),
  };
}

/** Numbers are what everybody answers unasked, and some refuse to be asked. */
export const writeTexts = ({ texts, dimensions }: TextsToEmbed, model: string, sizeMember: string | null): WrittenRequest => ({
  body: { model, input: texts, ...(dimensions !== null && sizeMember !== null && { [sizeMember]: dimensions }) },
  dropped: dimensions !== null && sizeMember === null ? ['dimensions'] : [],
});
