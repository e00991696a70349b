/** Texts to vectors, in no vendor's words: a wire of embeddings reads its own form into this one and writes its own form from it. */
import type { Usage } from '../../schema/record';
import { type Failure, Untranslatable, type WrittenRequest } from './canonical';
import type { JsonObject } from './wire';

/** What the vectors are for: some models make others for a question than for what answers it. */
export type Purpose = 'query' | 'document' | 'classification' | 'clustering' | 'similarity';

export interface TextsToEmbed {
  readonly texts: readonly string[];
  /** Numbers of a vector, where the caller wants fewer. */
  readonly dimensions: number | null;
  /** With the member that says so; null: nothing does. */
  readonly purpose: { readonly is: Purpose; readonly member: string } | null;
  /** Members that have no place here and whose loss does no harm. */
  readonly dropped: readonly string[];
}

export interface Vectors {
  readonly vectors: readonly (readonly number[])[];
  readonly model: string;
  readonly usage: Usage | null;
}

/** As callers speak it. */
export interface EmbeddingInbound {
  /** Throws `Untranslatable`. */
  readTexts(body: JsonObject): TextsToEmbed;
  /** `request`: the caller's; `path`: what it asked. */
  writeVectors(vectors: Vectors, request: JsonObject, path: string): JsonObject;
}

/** As targets speak it. */
export interface EmbeddingOutbound {
  /** `sizeMember`: what the target calls the size of a vector, or null where it has but one. */
  writeTexts(texts: TextsToEmbed, model: string, sizeMember: string | null): WrittenRequest;
  /** Message and code of an error body, or null where it is none. */
  readFailure(body: JsonObject): Failure | null;
  /** Throws `Untranslatable`. */
  readVectors(body: JsonObject): Vectors;
}

export interface Embedder {
  /** Null: no caller speaks it. */
  readonly inbound: EmbeddingInbound | null;
  readonly outbound: EmbeddingOutbound;
}

/** Of a target that makes the same vectors for any. */
export const lostPurpose = (purpose: TextsToEmbed['purpose']): readonly string[] => (purpose === null ? [] : [purpose.member]);

const isVector = (it: unknown): it is number[] => Array.isArray(it) && it.every((each) => typeof each === 'number');

/** `where`: the member of the answer that holds them. Throws `Untranslatable`. */
export function vectorsOf(values: readonly unknown[], where: string): number[][] {
  if (values.length === 0 || !values.every(isVector)) throw new Untranslatable(where, 'expected vectors of numbers');
  return [...values];
}
