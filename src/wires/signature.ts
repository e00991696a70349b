/**
 * What a vendor signed or encrypted, on its way through the dialect of another: a caller gives it back with the history, and its own
 * vendor gets it as it was. Where a dialect has a place for its vendor's signatures alone, others stand there under a seal.
 */
import type { Part, Signature } from './canonical';

const VENDORS = 'anthropic|google|openai';
const MARK = 'weir-signature:';
const SEAL = new RegExp(`^${MARK}(${VENDORS})(:hidden)?:(.*)$`, 's');
/** In place of a signature that nobody gave: the block can be told from one that its vendor would take back. */
export const UNSIGNED = `${MARK}none:`;
/** The mark in base64: its length is a multiple of three. */
const MARK_BASE64 = btoa(MARK);
const ASCII = /^[\x20-\x7e]*$/;

export const sealed = ({ by, text, isHidden }: Signature): string => `${MARK}${by}${isHidden === true ? ':hidden' : ''}:${text}`;

export const isSealed = (text: unknown): boolean => typeof text === 'string' && (text.startsWith(MARK) || text.startsWith(MARK_BASE64));

/** Whether a body may hold a seal anywhere. */
export const mayHoldSeal = (body: string): boolean => body.includes(MARK) || body.includes(MARK_BASE64);

/** Null: there is no seal, or nothing under it. */
export function unsealed(text: string): Signature | null {
  const [, by, hidden, signature] = SEAL.exec(text) ?? [];
  if (by === undefined || signature === undefined) return null;
  return { by: by as Signature['by'], text: signature, ...(hidden !== undefined && { isHidden: true }) };
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
    return [{ kind: 'thinking', text: '', signature }, call];
  });

/** The other way round, and thinking that came in two pieces: its text, then its signature. */
export function foldSignatures(parts: readonly Part[], by: Signature['by']): Part[] {
  const folded: Part[] = [];
  for (const part of parts) {
    const last = folded.at(-1);
    const loose = last?.kind === 'thinking' && last.text === '' && last.signature?.by === by ? last.signature : null;
    if (loose !== null && part.kind === 'tool-call' && part.signature === undefined) folded[folded.length - 1] = { ...part, signature: loose };
    else if (part.kind === 'thinking' && part.text === '' && last?.kind === 'thinking' && last.signature === null && last.text !== '')
      folded[folded.length - 1] = { ...last, signature: part.signature };
    else folded.push(part);
  }
  return folded;
}
