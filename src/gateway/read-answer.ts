/** Reads an answer that means nothing before its end: a cut then is an error, not half a body. */
import type { AnswerHead } from './answer-head';
import { readUpTo } from './read-up-to';
import { KEEP_LIMIT_BYTES } from './trail';

export interface Whole {
  readonly whole: true;
  readonly text: string;
  /** What the client gets. */
  readonly body: BodyInit | null;
  /** An error in the provider's own words, where the client gets it in another dialect. */
  readonly original?: string;
  readonly byteLength: number;
}
/** It was larger than what is kept: everything, as a stream. */
export interface Unread {
  readonly whole: false;
  readonly stream: ReadableStream<Uint8Array>;
}

export const NOTHING: Whole = { whole: true, text: '', body: null, byteLength: 0 };

const UTF8_JSON = /^application\/json(?:\s*;\s*charset="?utf-?8"?)?\s*$/i;
const decoder = new TextDecoder();

/** The length of a JSON answer, where it is stated and small; else null. */
export function statedBytes({ headers }: AnswerHead): number | null {
  const length = Number(headers.get('content-length') ?? Number.NaN);
  return length <= KEEP_LIMIT_BYTES && !headers.has('content-encoding') && UTF8_JSON.test(headers.get('content-type') ?? '') ? length : null;
}

/**
 * Where the length is stated and small, one native call reads the body; a loop over its chunks costs ten times as much. JSON is UTF-8
 * without a byte order mark (RFC 8259 section 8.1), so its text stands for its bytes, and is read for half of what a buffer costs.
 */
export async function readAnswer(response: Response, head: AnswerHead): Promise<Whole | Unread> {
  const length = statedBytes(head);
  if (length !== null) {
    const text = await response.text();
    return { whole: true, text, body: text === '' ? null : text, byteLength: length };
  }
  const stream = response.body;
  if (stream === null) return NOTHING;
  const read = await readUpTo(stream, KEEP_LIMIT_BYTES);
  if (!read.whole) return read;
  const { bytes } = read;
  return { whole: true, text: decoder.decode(bytes), body: bytes.byteLength === 0 ? null : bytes, byteLength: bytes.byteLength };
}
