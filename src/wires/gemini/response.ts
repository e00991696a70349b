/** https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse */
import type { FinishReason as GeminiFinish } from '@google/genai';
import { type Citation, type Completion, type FinishReason, refused, Untranslatable, wholeParts } from '../canonical';
import { addSupports, placeSupports, type Support, textIn, writeGrounding } from '../citations';
import { writeThought } from '../google-signatures';
import { at, isObject, objects, stringOr } from '../json';
import { UNSIGNED_BYTES } from '../signature';
import type { AnswerFacts, JsonObject } from '../wire';
import { readParts, writePart } from './request';
import { readUsage, writeUsage } from './usage';

export const readAnswer = (body: JsonObject): AnswerFacts => ({
  model: stringOr(body['modelVersion'], null),
  usage: readUsage(body),
  error: body['error'] === undefined ? null : stringOr(at(body, 'error', 'message'), 'error without a message'),
});

const FILTERED = /SAFETY|RECITATION|BLOCKLIST|PROHIBITED_CONTENT|SPII|LANGUAGE|OTHER/;
const FAILED = /MALFORMED|UNEXPECTED_TOOL_CALL|MISSING_THOUGHT_SIGNATURE|TOO_MANY_TOOL_CALLS/;

/** Calls of tools end with STOP here. */
export function readFinish(reason: unknown, hasTools: boolean): FinishReason {
  if (typeof reason !== 'string') throw new Untranslatable('finishReason', 'expected one');
  const word = reason;
  // A turn that is to be continued is not done either.
  if (word === 'MAX_TOKENS' || word === 'CONTINUATION') return 'length';
  if (FILTERED.test(word)) return 'filter';
  if (FAILED.test(word)) throw new Untranslatable('finishReason', word.slice(0, 60));
  return hasTools ? 'tool-calls' : 'stop';
}

const FINISH: Readonly<Record<FinishReason, `${GeminiFinish}`>> = { stop: 'STOP', length: 'MAX_TOKENS', 'tool-calls': 'STOP', filter: 'SAFETY' };
export const writeFinish = (reason: FinishReason): `${GeminiFinish}` => FINISH[reason];

export function readCompletion(body: JsonObject): Completion {
  const [candidate] = objects(body['candidates']);
  const isBlocked = at(body, 'promptFeedback', 'blockReason') !== undefined;
  if (candidate === undefined && !isBlocked) throw new Untranslatable('candidates', 'expected one');
  const content = candidate?.['content'];
  const id = stringOr(body['responseId'], '');
  const parts = isObject(content) ? withIds(readParts(content['parts'], 'candidates[0].content.parts'), id) : [];
  if (parts.some((part) => part.kind === 'audio' || part.kind === 'file'))
    throw new Untranslatable('candidates[0].content.parts', 'a file in the answer');
  return {
    id,
    model: stringOr(body['modelVersion'], ''),
    parts,
    citations: readCitations(candidate),
    finish: isBlocked
      ? 'filter'
      : readFinish(
          candidate?.['finishReason'],
          parts.some((part) => part.kind === 'tool-call'),
        ),
    usage: readUsage(body),
  };
}

function readCitations(candidate: unknown): Citation[] {
  const supports = new Map<string, Support>();
  addSupports(at(candidate, 'groundingMetadata'), supports);
  const parts = at(candidate, 'content', 'parts');
  const texts = (Array.isArray(parts) ? parts : []).map((part) => (at(part, 'thought') === true ? '' : stringOr(at(part, 'text'), '')));
  return placeSupports(supports.values(), texts);
}

/** Elsewhere each call must have an id of its own, over all answers of a conversation. */
const withIds = (parts: Completion['parts'], responseId: string): Completion['parts'] => {
  let tool = 0;
  return parts.map((part) => (part.kind === 'tool-call' ? { ...part, id: callId(part.id, part.name, responseId, tool++) } : part));
};

export const callId = (id: string, name: string, responseId: string, tool: number): string =>
  id === '' ? [name, responseId, tool].filter((each) => each !== '').join('_') : id;

export function writeCompletion(it: Completion): JsonObject {
  const written = wholeParts(it).flatMap((part) => writeAnswerPart(part).map((json) => ({ json, text: textIn(part) })));
  const candidate = {
    index: 0,
    content: { role: 'model', parts: written.map(({ json }) => json) },
    finishReason: writeFinish(refused(it.parts, it.finish)),
    ...writeGrounding(
      it.citations,
      written.map(({ text }) => text),
    ),
  };
  return { candidates: [candidate], ...(it.usage !== null && { usageMetadata: writeUsage(it.usage) }), modelVersion: it.model, responseId: it.id };
}

export const writeAnswerPart = (part: Completion['parts'][number]): JsonObject[] => {
  if (part.kind === 'thinking') return [writeThought(part.text, part.signature)];
  const written = writePart(part, new Map());
  // Told from one that its vendor signed, or did not have to: a call of another model comes back under our seal.
  return part.kind === 'tool-call' && part.signature === undefined ? written.map((it) => ({ ...it, thoughtSignature: UNSIGNED_BYTES })) : written;
};
