/** The open record of a call: stages write what they learn, `stages/log.ts` closes it. */

import type { BegunCall } from '../../schema/begun';
import type { Policy } from '../../schema/policy';
import type { Attempt, BudgetMark, Outcome, Usage } from '../../schema/record';
import type { Background } from '../wires/wire';
import type { Publisher } from './cache/ports';
import type { Call, CallBody, Identity, Target } from './call';
import type { ErrorCode } from './errors';

/** How the call ended; settled once, the first word counts. */
export interface Ending {
  readonly outcome: Outcome;
  readonly status: number;
  readonly errorCode: ErrorCode | null;
}

export interface CacheMark {
  readonly status: 'hit' | 'miss';
  /** The key's digest. */
  readonly key: string;
  readonly bucket: number | null;
  /** Request id of the call that was answered first. */
  readonly reference: string | null;
  /** What that call took. */
  readonly latencyMs: number;
  readonly ageSeconds: number;
}

export interface ShownLimit {
  readonly limit: number;
  readonly remaining: number;
  readonly resetSeconds: number;
  readonly policy: string;
}

export class Trail {
  readonly call: Call;
  identity: Identity | null = null;
  policy: Policy | null = null;
  body: CallBody | null = null;
  target: Target | null = null;
  requestId: string;
  readonly attempts: Attempt[] = [];
  readonly warnings: string[] = [];
  readonly timings: { readonly name: string; readonly durationMs: number }[] = [];
  /** The limit that speaks for this call: the refusing one, else the one with the least left. */
  limit: ShownLimit | null = null;
  /** Budgets that are half used up or more. */
  readonly budgets: BudgetMark[] = [];
  /** The stored route that the call runs by, as `name@version`. */
  route: string | null = null;
  /** Why its targets are asked in this order, or null. */
  routing: string | null = null;
  /** What the cache said, or null when it was not asked. */
  cache: CacheMark | null = null;
  /** Takes over this call's answer, when it is kept. */
  publisher: Publisher | null = null;
  cacheTtlSeconds = 0;
  /** Why the cache had no answer, where the call asks for that. */
  cacheReason: string | null = null;
  streamed = false;
  firstByteAt: number | null = null;
  usage: Usage | null = null;
  /** The answer is made after the call, or is one that was. */
  background: Background | null = null;
  /** The call in the background that this one counts. */
  begun: BegunCall | null = null;
  /** What the call cost, where that is known before its answer leaves. */
  costNanoUsd: number | null = null;
  responseModel: string | null = null;
  /** What the provider reported as an error under a success status or inside a stream. */
  providerError: string | null = null;
  /** The answer's bytes as far as they are kept, in order. */
  readonly answer: Uint8Array[] = [];
  /** The answer's text where a stage has decoded it already. */
  answerText: string | null = null;
  /** All bytes of the answer, kept or not. */
  answerBytes = 0;
  /** Whether the answer is text, by its content type. */
  answerIsText = true;
  readonly ended: Promise<Ending>;
  #end: (ending: Ending) => void = () => {};
  #isEnded = false;

  constructor(call: Call) {
    this.call = call;
    this.requestId = call.id;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  note(name: string, durationMs: number): void {
    this.timings.push({ name, durationMs });
  }

  readonly warn = (sentence: string): void => {
    this.warnings.push(sentence);
  };

  /** The call that was followed broke off: from here on this one pays for itself. */
  leaveFollowed(): void {
    if (this.cache !== null) this.cache = { ...this.cache, status: 'miss', bucket: null, reference: null };
    this.warn('cache: the equal call that was followed broke off, and this one was made');
  }

  /** The last try's answer broke off after so many characters. */
  breakAttempt(error: ErrorCode, deliveredChars: number): void {
    const last = this.attempts.pop();
    if (last !== undefined) this.attempts.push({ ...last, error, deliveredChars });
  }

  /** The last try brought the end of an answer that others began. */
  endAttempt(deliveredChars: number): void {
    const last = this.attempts.pop();
    if (last !== undefined) this.attempts.push({ ...last, deliveredChars });
  }

  /** Keeps a piece of the answer for the log, up to the limit. */
  keep(bytes: Uint8Array): void {
    if (this.answerBytes < KEEP_LIMIT_BYTES) this.answer.push(bytes);
    this.answerBytes += bytes.byteLength;
  }

  /** `now`: Unix milliseconds. */
  endPublishing(isWhole: boolean, now: number): void {
    if (this.publisher === null) return;
    this.publisher.end(isWhole, now - this.call.startedAt);
    if (this.publisher.isTooLarge) this.warn('cache: the answer is over 20 MiB and was not kept');
  }

  end(outcome: Outcome, status: number, errorCode: ErrorCode | null = null): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#end({ outcome, status, errorCode });
  }
}

/** An isolate has 128 MB for all its calls; what is past this is passed on and not kept, with a warning. */
export const KEEP_LIMIT_BYTES = 8 * 1024 * 1024;
