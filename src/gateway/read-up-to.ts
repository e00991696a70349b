/** Reads a body as far as a limit, and hands back the rest unread: nothing is buffered past the limit, nothing is lost. */
import { joinAll } from '../wires/bytes';

export type ReadUpTo =
  | { readonly whole: true; readonly bytes: Uint8Array }
  /** Everything, from the first byte, as a stream that can be read once. */
  | { readonly whole: false; readonly stream: ReadableStream<Uint8Array>; readonly cancel: () => void };

export async function readUpTo(body: ReadableStream<Uint8Array>, limitBytes: number): Promise<ReadUpTo> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { whole: true, bytes: joinAll(chunks) };
    chunks.push(value);
    size += value.byteLength;
    if (size > limitBytes) return { whole: false, stream: resume(chunks, reader), cancel: () => void reader.cancel().catch(() => {}) };
  }
}

/** A stream of what was read already and of what is still to come. */
export function resume(read: readonly Uint8Array[], reader: ReadableStreamDefaultReader<Uint8Array>): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    async pull(controller) {
      const chunk = read[at++];
      if (chunk !== undefined) return controller.enqueue(chunk);
      const next = await reader.read();
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
