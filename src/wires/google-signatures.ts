/** Where Gemini keeps what it and others signed: https://ai.google.dev/gemini-api/docs/thought-signatures */
import type { Part, Signature } from './canonical';
import { objects } from './json';
import { type Path, withoutNodes, withValues } from './patch-json';
import { isSealed, sealedBytes, unsealedBytes } from './signature';
import type { JsonObject } from './wire';

/** In place of a signature that another vendor's model could not give: https://ai.google.dev/gemini-api/docs/thought-signatures */
export const NO_SIGNATURE = 'skip_thought_signature_validator';
/** Models whose calls must be signed. */
export const SIGNED_CALLS = /^gemini-[3-9]/;

/** A signature may come in a part of its own, behind the text that it signs. */
export const loose = (signature: Signature | null): Part[] => (signature === null ? [] : [{ kind: 'thinking', text: '', signature }]);

export function readSignature(text: string): Signature | null {
  return isSealed(text) ? unsealedBytes(text) : { by: 'google', text };
}

/** Thinking as its vendor takes it back, and as a caller of this wire gets it. */
export function writeThought(text: string, signature: Signature | null): JsonObject {
  if (signature?.by === 'google') return { text, ...(text !== '' && { thought: true }), thoughtSignature: signature.text };
  const seal = signature === null ? null : sealedBytes(signature);
  return { text, thought: true, ...(seal !== null && { thoughtSignature: seal }) };
}

/** What was thought elsewhere is refused by the vendor; from its third generation on a call needs a word in its place. `under`: where it stands. */
export function withoutSeals(text: string, body: JsonObject, model: string, under: Path = []): string | null {
  const contents = objects(body['contents']).map((content) => objects(content['parts']));
  const sealedParts = contents.flatMap((parts, index) =>
    parts.flatMap((part, place) => {
      const name = ['thoughtSignature', 'thought_signature'].find((each) => isSealed(part[each]));
      return name === undefined ? [] : [{ part, index, path: [...under, 'contents', index, 'parts', place], name }];
    }),
  );
  if (sealedParts.length === 0) return null;
  const isSaid = (part: JsonObject): boolean => part['thought'] !== true && part['text'] !== '';
  const kept = sealedParts.filter(({ part }) => isSaid(part)).map(({ path, name }) => [...path, name]);
  const gone = sealedParts.filter(({ part }) => !isSaid(part));
  const empty = contents.flatMap((parts, index) => {
    const lost = gone.filter((each) => each.index === index).length;
    return lost > 0 && lost === parts.length ? [[...under, 'contents', index]] : [];
  });
  const signed = SIGNED_CALLS.test(model) ? withValues(text, kept, JSON.stringify(NO_SIGNATURE)) : withoutNodes(text, kept);
  const freed = withoutNodes(
    signed,
    gone.map(({ path }) => path),
  );
  return withoutNodes(freed, empty);
}

/** What must be signed from the third generation on, where nothing of it is: the first call of a turn, and each image that a model drew. */
export function signTurns(turns: readonly { readonly role: string; readonly parts: JsonObject[] }[]): void {
  for (const { role, parts } of turns) {
    if (role !== 'model') continue;
    const first = parts.findIndex((part) => part['functionCall'] !== undefined);
    parts.forEach((part, index) => {
      const isBare = part['thoughtSignature'] === undefined && (index === first || part['inlineData'] !== undefined);
      if (isBare) parts[index] = { ...part, thoughtSignature: NO_SIGNATURE };
    });
  }
}
