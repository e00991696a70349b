/**
 * Durable Object `RECORD_LEDGER`, one per deployment, named `ledger`: what was accepted into the record pipeline and what died in it.
 * With the count of stored rows in D1 this is the visible difference "accepted minus stored".
 * Called once per flushed group, not per call.
 */
import { DurableObject } from 'cloudflare:workers';
import type { LedgerCounts } from '../gateway/ports';

/** A group that is flushed twice (its owner died after the send) is counted once; groups live for seconds. */
const REMEMBERED_GROUPS = 1_000;

/**
 * A durable write takes as long as 15 calls, and groups come 50 times a second. An object that has just been called stays in memory
 * for ten seconds at least, so only a crash or a deployment within this time loses counts, which shows as fewer accepted than stored.
 */
const WRITE_BEHIND_MS = 1_000;
const NONE: LedgerCounts = { accepted: 0, dead: 0, unauthenticated: 0, unchecked: 0 };

export class RecordLedger extends DurableObject {
  readonly #groups = new Set<string>();
  #counts: LedgerCounts | null = null;
  #writing = false;

  /** Adds a group's counts; a group id that was seen before changes nothing. */
  add(group: string, counts: LedgerCounts): void {
    if (this.#groups.has(group)) return;
    this.#groups.add(group);
    if (this.#groups.size > REMEMBERED_GROUPS) {
      const [oldest] = this.#groups;
      if (oldest !== undefined) this.#groups.delete(oldest);
    }
    const before = this.read();
    this.#counts = {
      accepted: before.accepted + counts.accepted,
      dead: before.dead + counts.dead,
      unauthenticated: before.unauthenticated + counts.unauthenticated,
      unchecked: before.unchecked + counts.unchecked,
    };
    this.#writeBehind();
  }

  read(): LedgerCounts {
    this.#counts ??= { ...NONE, ...this.ctx.storage.kv.get<LedgerCounts>('counts') };
    return this.#counts;
  }

  #writeBehind(): void {
    if (this.#writing) return;
    this.#writing = true;
    setTimeout(() => {
      this.#writing = false;
      this.ctx.storage.kv.put('counts', this.read());
    }, WRITE_BEHIND_MS);
  }
}
