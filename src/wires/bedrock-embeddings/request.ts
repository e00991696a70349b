/**
 * Each vendor's own words, by InvokeModel:
 * https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html, …/model-parameters-titan-embed-mm.html,
 * …/model-parameters-embed.html (Cohere) and https://docs.aws.amazon.com/nova/latest/userguide/embeddings-schema.html
 */
import { Untranslatable, type WrittenRequest } from '../canonical';
import { lostPurpose, type Purpose, type TextsToEmbed } from '../embedder';

const COHERE_TYPES: Readonly<Partial<Record<Purpose, string>>> = {
  query: 'search_query',
  document: 'search_document',
  classification: 'classification',
  clustering: 'clustering',
};
const NOVA_PURPOSES: Readonly<Partial<Record<Purpose, string>>> = {
  query: 'TEXT_RETRIEVAL',
  document: 'GENERIC_INDEX',
  classification: 'CLASSIFICATION',
  clustering: 'CLUSTERING',
};
/** Cohere's later models alone have vectors of several sizes. */
const COHERE_ONE_SIZE = /embed-(?:english|multilingual)-v3/;
const TITAN_ONE_SIZE = /titan-embed-(?:text-v1|g1)/;

export function writeTexts(it: TextsToEmbed, model: string): WrittenRequest {
  return model.includes('cohere.') ? forCohere(it, model) : model.includes('nova') ? forNova(it) : forTitan(it, model);
}

/** It has to be told what for; what is not told is most often kept to be found. */
function forCohere({ texts, dimensions, purpose }: TextsToEmbed, model: string): WrittenRequest {
  const type = purpose === null ? 'search_document' : COHERE_TYPES[purpose.is];
  const isSized = dimensions !== null && !COHERE_ONE_SIZE.test(model);
  return {
    body: { texts, input_type: type ?? 'search_document', embedding_types: ['float'], ...(isSized && { output_dimension: dimensions }) },
    dropped: [...(dimensions !== null && !isSized ? ['dimensions'] : []), ...(type === undefined ? lostPurpose(purpose) : [])],
  };
}

function forNova({ texts, dimensions, purpose }: TextsToEmbed): WrittenRequest {
  const told = purpose === null ? 'GENERIC_INDEX' : NOVA_PURPOSES[purpose.is];
  return {
    body: {
      taskType: 'SINGLE_EMBEDDING',
      singleEmbeddingParams: {
        embeddingPurpose: told ?? 'GENERIC_INDEX',
        ...(dimensions !== null && { embeddingDimension: dimensions }),
        // As the others do: what is too long is an error.
        text: { truncationMode: 'NONE', value: oneOf(texts) },
      },
    },
    dropped: told === undefined ? lostPurpose(purpose) : [],
  };
}

function forTitan({ texts, dimensions, purpose }: TextsToEmbed, model: string): WrittenRequest {
  const isSized = dimensions !== null && !TITAN_ONE_SIZE.test(model);
  const size = model.includes('titan-embed-image') ? { embeddingConfig: { outputEmbeddingLength: dimensions } } : { dimensions };
  return {
    body: { inputText: oneOf(texts), ...(isSized && size) },
    dropped: [...(dimensions !== null && !isSized ? ['dimensions'] : []), ...lostPurpose(purpose)],
  };
}

function oneOf(texts: readonly string[]): string {
  const [text, ...more] = texts;
  if (text === undefined || more.length > 0) throw new Untranslatable('input', `${texts.length} texts, expected one for each call of this model`);
  return text;
}
