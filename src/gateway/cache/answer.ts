/** A cached answer as it travels and lies: one line of JSON, a line feed, then the body's bytes as the client got them. */
import { z } from 'zod';
import { parseObject } from '../../wires/json';

export const CachedHead = z.object({
  v: z.literal(1),
  /** Of the answer, the hop's and Weir's own left out. */
  headers: z.record(z.string(), z.string()),
  /** What the first call took, in milliseconds. */
  latencyMs: z.number(),
  /** Unix milliseconds. */
  createdAt: z.number(),
  expiresAt: z.number(),
  /** A stream's usage event was asked for by Weir alone, and is taken out again. */
  dropsUsage: z.boolean(),
  /** The target that gave it. */
  provider: z.string(),
  model: z.string().nullable(),
  /** The request id of the call that asked. */
  requestId: z.string(),
});
export type CachedHead = z.infer<typeof CachedHead>;

const LF = 10;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const writeHead = (head: CachedHead): Uint8Array => encoder.encode(`${JSON.stringify(head)}\n`);

/** The head of an answer and where its body begins; null while the line is not whole, or is none of ours. */
export function readHead(bytes: Uint8Array): { readonly head: CachedHead; readonly bodyAt: number } | null {
  const end = bytes.indexOf(LF);
  if (end === -1) return null;
  const head = CachedHead.safeParse(parseObject(decoder.decode(bytes.subarray(0, end))));
  return head.success ? { head: head.data, bodyAt: end + 1 } : null;
}
