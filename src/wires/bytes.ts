/** Chunks of bytes put together. */

/** The bytes of all chunks in a row; a single chunk is not copied. */
export function joinAll(chunks: readonly Uint8Array[]): Uint8Array {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return only;
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

const decoder = new TextDecoder();

/** The text under base64; null where it is none. */
export function textOfBase64(data: string): string | null {
  try {
    return decoder.decode(Uint8Array.from(atob(data), (each) => each.charCodeAt(0)));
  } catch {
    return null;
  }
}

/** What came of something that is not whole yet; doubles as it grows, so that many small chunks cost no more than one large one. */
export class HeldBytes {
  #buffer: Uint8Array = new Uint8Array(0);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Everything that is held, as a view until the next change. */
  get view(): Uint8Array {
    return this.#buffer.subarray(0, this.#size);
  }

  append(chunk: Uint8Array): void {
    const size = this.#size + chunk.byteLength;
    if (size > this.#buffer.byteLength) {
      const grown = new Uint8Array(Math.max(size, this.#buffer.byteLength * 2));
      grown.set(this.view);
      this.#buffer = grown;
    }
    this.#buffer.set(chunk, this.#size);
    this.#size = size;
  }

  /** Holds these bytes, copied, and nothing else. */
  keep(bytes: Uint8Array): void {
    this.#buffer = bytes.slice();
    this.#size = bytes.byteLength;
  }
}
