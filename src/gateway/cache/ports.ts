/** What the gateway needs of a cache. */
import type { CachedHead } from './answer';
import type { CachePlan } from './plan';

/** Takes over the answer of a call that leads. Nothing here is waited for, and nothing throws. */
export interface Publisher {
  readonly bucket: number;
  /** The answer was too large to be kept. */
  readonly isTooLarge: boolean;
  /** The head of the answer; nobody sees it before `commit`. */
  begin(head: CachedHead): void;
  /** Bytes of the body as the client gets them. */
  write(bytes: Uint8Array): void;
  /** Calls that wait for this one may have what has come: from here on they share its fate. */
  commit(): void;
  /** `isWhole`: it may be kept. Only the first word counts. */
  end(isWhole: boolean, latencyMs: number): void;
}

export interface Found {
  readonly bucket: number;
  readonly head: CachedHead;
  readonly body: ReadableStream<Uint8Array> | Uint8Array;
  /** It comes from a call in flight. */
  readonly isLive: boolean;
}

export interface Place {
  /** The key's digest, by which it can be purged; empty when it could not be told. */
  readonly key: string;
  /** An answer, or null: the call goes to its provider. */
  readonly found: Found | null;
  /** Who takes over the answer, or null: it is not kept. */
  readonly publisher: Publisher | null;
  readonly warning: string | null;
  /** Why there is no answer, where the call asks for that; else null. */
  readonly reason: string | null;
}

/** Waits for an equal call in flight as long as this call may; rejects with the reason when it may no longer. */
export type FollowWait = <T>(waiting: Promise<T>) => Promise<T>;

export interface AnswerCache {
  /** Rejects with what `wait` says alone; a cache that does not answer in time gives a place without an answer, and a warning. */
  open(plan: CachePlan, wait: FollowWait): Promise<Place>;
}
