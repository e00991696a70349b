/**
 * What a vendor signed or encrypted, on its way through the dialect of another: a caller gives it back with the history, and its own
 * vendor gets it as it was. Where a dialect has a place for its vendor's signatures alone, others stand there under a seal.
 */
import type { Part, Signature } from './canonical';

const VENDORS = 'anthropic|google|openai';
const MARK = 'weir-signature:';
const SEAL = new RegExp(`^${MARK}(${VENDORS})(:hidden|:call)?:(.*)$`, 's');
/** In place of a signature that nobody gave: the block can be told from one that its vendor would take back. */
export const UNSIGNED = `${MARK}none:`;
export const UNSIGNED_BYTES = btoa(UNSIGNED);
/** The mark in base64: its length is a multiple of three. */
const MARK_BASE64 = btoa(MARK);
const ASCII = /^[\x20-\x7e]*$/;

export const sealed = ({ by, text, isHidden, ofCall }: Signature): string =>
  `${MARK}${by}${isHidden === true ? ':hidden' : ofCall === true ? ':call' : ''}:${text}`;

export const isSealed = (text: unknown): boolean => typeof text === 'string' && (text.startsWith(MARK) || text.startsWith(MARK_BASE64));

/** Whether a body may hold a seal anywhere. */
export const mayHoldSeal = (body: string): boolean => body.includes(MARK) || body.includes(MARK_BASE64);

/** Null: there is no seal, or nothing under it. */
export function unsealed(text: string): Signature | null {
  const [, by, what, signature] = SEAL.exec(text) ?? [];
  if (by === undefined || signature === undefined) return null;
  return { by: by as Signature['by'], text: signature, ...(what === ':hidden' && { isHidden: true }), ...(what === ':call' && { ofCall: true }) };
}

/** For places that take bytes in base64 alone; null where it cannot be said so. */
export const sealedBytes = (signature: Signature): string | null => (ASCII.test(signature.text) ? btoa(sealed(signature)) : null);

export function unsealedBytes(text: string): Signature | null {
  if (!text.startsWith(MARK_BASE64)) return null;
  try {
    return unsealed(atob(text));
  } catch {
    return null;
  }
}

/** A call's own signature as thinking before it, for dialects whose calls have no place for one. */
export const unfoldSignatures = (parts: readonly Part[]): Part[] =>
  parts.flatMap((part): Part[] => {
    if (part.kind !== 'tool-call' || part.signature === undefined) return [part];
    const { signature, ...call } = part;
    return [{ kind: 'thinking', text: '', signature: { ...signature, ofCall: true } }, call];
  });

/** Whether a signature that stands alone belongs to the thinking before it: its text came in pieces, and unsigned. */
const closes = ({ by, isHidden, ofCall }: Signature): boolean => ofCall !== true && !(by === 'anthropic' && isHidden === true);

/** Thinking that came in pieces as one, and the signatures of calls on their calls. */
export function foldSignatures(parts: readonly Part[]): Part[] {
  const folded: Part[] = [];
  for (const part of parts) {
    const last = folded.at(-1);
    const open = last?.kind === 'thinking' && last.signature === null ? last : null;
    if (part.kind === 'thinking' && open !== null && (part.signature === null || (part.text === '' && closes(part.signature)))) {
      folded[folded.length - 1] = { ...open, text: open.text + part.text, signature: part.signature };
    } else if (part.kind === 'tool-call' && last?.kind === 'thinking' && last.signature?.ofCall === true && part.signature === undefined) {
      const { ofCall: _, ...signature } = last.signature;
      folded[folded.length - 1] = { ...part, signature };
    } else folded.push(part);
  }
  return folded;
}
