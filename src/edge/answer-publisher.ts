/** The leading call's end of a cached answer: passes it to those that wait, and hands over the whole when it is to be kept. */
import { type CachedHead, writeHead } from '../gateway/cache/answer';
import type { Publisher } from '../gateway/cache/ports';
import { joinAll } from '../wires/bytes';
import type { Lead } from './answer-cache';

/** KV takes 25 MiB a value. */
export const ANSWER_LIMIT_BYTES = 20 * 1024 * 1024;

/**
 * Takes the whole answer, when it expires (Unix milliseconds), and whether those that met over it let it be kept; null: they do not know of
 * it.
 */
export type Store = (value: Uint8Array, expiresAt: number, isKept: Promise<boolean | null> | null) => void;

export class AnswerPublisher implements Publisher {
  #head: CachedHead | null = null;
  /** The body as far as it came; empty once it is too large. */
  #kept: Uint8Array[] = [];
  #size = 0;
  /** Open from the first content of a stream on. */
  #flight: { readonly writer: WritableStreamDefaultWriter<Uint8Array>; readonly isKept: Promise<boolean | null> } | null = null;
  #isOver = false;

  /** `lead` null: nobody waits. */
  constructor(
    readonly bucket: number,
    readonly lead: Lead | null,
    readonly waitUntil: (promise: Promise<unknown>) => void,
    readonly store: Store,
  ) {}

  get isTooLarge(): boolean {
    return this.#size > ANSWER_LIMIT_BYTES;
  }

  begin(head: CachedHead): void {
    this.#head = head;
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
    if (this.#flight !== null || this.lead === null || this.#head === null) return;
    const { readable, writable } = new IdentityTransformStream();
    this.#flight = { writer: writable.getWriter(), isKept: this.#heard(this.lead.publish(readable)) };
    this.#pass(writeHead(this.#head));
    for (const bytes of this.#kept) this.#pass(bytes.slice());
  }

  end(isWhole: boolean, latencyMs: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const closed = isWhole ? this.#flight?.writer.close() : this.#flight?.writer.abort(new Error('not whole'));
    closed?.catch(() => {});
    if (!isWhole || this.#head === null || this.isTooLarge) return this.#letGo(this.#flight?.isKept ?? null);
    const line = writeHead({ ...this.#head, latencyMs });
    const value = joinAll([line, ...this.#kept]);
    // An answer that came whole goes in one piece; a stream for it would cost several times as much.
    const isKept = this.#flight?.isKept ?? (this.lead === null ? null : this.#heard(this.lead.deliver(value)));
    this.store(value, this.#head.expiresAt, isKept);
    this.#letGo(isKept);
  }

  /** An object that is down keeps nobody from storing. */
  #heard(said: Promise<boolean>): Promise<boolean | null> {
    const heard = said.catch(() => null);
    this.waitUntil(heard);
    return heard;
  }

  #letGo(after: Promise<boolean | null> | null): void {
    const { lead } = this;
    if (lead === null) return;
    if (after === null) lead[Symbol.dispose]();
    else void after.then(() => lead[Symbol.dispose]());
  }

  /** The runtime takes the buffer of what is written away. */
  #pass(bytes: Uint8Array): void {
    this.#flight?.writer.write(bytes).catch(() => {});
  }
}
