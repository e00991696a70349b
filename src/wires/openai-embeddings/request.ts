/** https://platform.openai.com/docs/api-reference/embeddings/create */
import { Untranslatable, type WrittenRequest } from '../canonical';
import { lostPurpose, type Purpose, type TextsToEmbed } from '../embedder';
import { limitOf } from '../json';
import type { JsonObject } from '../wire';

const READ: ReadonlySet<string> = new Set(['model', 'input', 'dimensions', 'encoding_format']);
/** OpenAI has no word for it; those who vary its form do: https://docs.cohere.com/reference/embed, https://docs.voyageai.com/reference/embeddings-api */
const PURPOSES: ReadonlyMap<unknown, Purpose> = new Map([
  ['search_query', 'query'],
  ['query', 'query'],
  ['search_document', 'document'],
  ['document', 'document'],
  ['passage', 'document'],
  ['classification', 'classification'],
  ['clustering', 'clustering'],
]);

export function readTexts(body: JsonObject): TextsToEmbed {
  const { input } = body;
  const texts: readonly unknown[] = Array.isArray(input) ? input : [input];
  if (texts.length === 0 || !texts.every((each) => typeof each === 'string')) {
    throw new Untranslatable('input', 'expected a text or a list of texts, for tokens mean nothing to another model');
  }
  const purpose = PURPOSES.get(body['input_type']) ?? null;
  return {
    texts,
    dimensions: limitOf(body['dimensions']),
    purpose: purpose === null ? null : { is: purpose, member: 'input_type' },
    dropped: Object.keys(body).filter((name) => !READ.has(name) && body[name] !== null && (name !== 'input_type' || purpose === null)),
  };
}

/** Numbers are what everybody answers unasked, and some refuse to be asked. */
export const writeTexts = ({ texts, dimensions, purpose }: TextsToEmbed, model: string, sizeMember: string | null): WrittenRequest => ({
  body: { model, input: texts, ...(dimensions !== null && sizeMember !== null && { [sizeMember]: dimensions }) },
  dropped: [...(dimensions !== null && sizeMember === null ? ['dimensions'] : []), ...lostPurpose(purpose)],
});
