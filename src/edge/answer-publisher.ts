/** The leading call's end of a cached answer: passes it to those that wait, and hands over the whole when it is to be kept. */
import { type CachedHead, writeHead } from '../gateway/cache/answer';
import type { Publisher } from '../gateway/cache/ports';
import { join } from '../gateway/read-up-to';

/** KV takes 25 MiB a value. */
export const ANSWER_LIMIT_BYTES = 20 * 1024 * 1024;

export class AnswerPublisher implements Publisher {
  #head: CachedHead | null = null;
  /** The body as far as it came; empty once it is too large. */
  #kept: Uint8Array[] = [];
  #size = 0;
  /** What nobody may see yet. */
  #held: Uint8Array[] = [];
  #isCommitted = false;
  #isOver = false;

  /** `flight` null: nobody waits. `store` takes the whole answer and when it expires, in Unix milliseconds. */
  constructor(
    readonly bucket: number,
    readonly flight: WritableStreamDefaultWriter<Uint8Array> | null,
    readonly store: (value: Uint8Array, expiresAt: number) => void,
  ) {}

  get isTooLarge(): boolean {
    return this.#size > ANSWER_LIMIT_BYTES;
  }

  begin(head: CachedHead): void {
    this.#head = head;
    this.#pass(writeHead(head));
  }

  write(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#size += bytes.byteLength;
    // Those that follow get the rest all the same: a half would look like a fault of the provider.
    if (this.isTooLarge) this.#kept = [];
    else this.#kept.push(bytes.slice());
    this.#pass(bytes.slice());
  }

  commit(): void {
    if (this.#isCommitted) return;
    this.#isCommitted = true;
    const held = this.#held;
    this.#held = [];
    for (const bytes of held) this.#pass(bytes);
  }

  end(isWhole: boolean, latencyMs: number): void {
    if (this.#isOver) return;
    if (isWhole) this.commit();
    this.#isOver = true;
    this.#held = [];
    const closed = isWhole ? this.flight?.close() : this.flight?.abort(new Error('not whole'));
    closed?.catch(() => {});
    if (!isWhole || this.#head === null || this.isTooLarge) return;
    const line = writeHead({ ...this.#head, latencyMs });
    this.store(join([line, ...this.#kept], line.byteLength + this.#size), this.#head.expiresAt);
  }

  /** The runtime takes the buffer of what is written away. */
  #pass(bytes: Uint8Array): void {
    if (this.flight === null) return;
    if (this.#isCommitted) this.flight.write(bytes).catch(() => {});
    else this.#held.push(bytes);
  }
}
