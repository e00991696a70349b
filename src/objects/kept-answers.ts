/**
 * Which answers KV has, by cache key and bucket, as the meeting object knows it. Rows `key:<digest>`, each a list of buckets. Noted in
 * memory and written behind: what a crash loses of it is asked for anew, and a durable write a call would be half of what the call costs.
 */

const WRITE_BEHIND_MS = 1_000;
/** How long a row may outlive its answers. */
const SWEEP_MS = 3_600_000;
const PREFIX = 'key:';
const SWEPT = 'swept';

interface Kept {
  readonly bucket: number;
  /** Unix milliseconds. */
  readonly until: number;
}

export class KeptAnswers {
  readonly #unwritten = new Map<string, readonly Kept[]>();

  /** `wakeAt`: takes the time, Unix milliseconds, at which {@link sweep} is wanted. */
  constructor(
    readonly rows: SyncKvStorage,
    readonly wakeAt: (at: number) => void,
  ) {}

  /** The buckets of a key that KV has. */
  buckets(key: string): number[] {
    return this.#of(key).map((each) => each.bucket);
  }

  /** `until`: Unix milliseconds. */
  note(key: string, bucket: number, until: number): void {
    this.#put(key, [...this.#of(key).filter((each) => each.bucket !== bucket), { bucket, until }]);
  }

  forget(key: string, buckets: readonly number[]): void {
    this.#put(
      key,
      this.#of(key).filter((each) => !buckets.includes(each.bucket)),
    );
  }

  /** Makes what was noted durable. */
  write(): void {
    if (this.#unwritten.size === 0) return;
    for (const [key, kept] of this.#unwritten) {
      if (kept.length === 0) this.rows.delete(PREFIX + key);
      else this.rows.put(PREFIX + key, kept);
    }
    this.#unwritten.clear();
    this.wakeAt(Date.now() + SWEEP_MS);
  }

  /** Removes the rows whose answers have expired. Reads them all, so it does so once in the time that one may outlive its answers. */
  sweep(): void {
    this.write();
    const now = Date.now();
    const sweptAt = this.rows.get<number>(SWEPT) ?? 0;
    if (now - sweptAt >= SWEEP_MS) {
      this.rows.put(SWEPT, now);
      for (const [name, kept] of this.rows.list<readonly Kept[]>({ prefix: PREFIX })) {
        if (kept.every((each) => each.until <= now)) this.rows.delete(name);
      }
    }
    const [left] = this.rows.list({ prefix: PREFIX, limit: 1 });
    if (left !== undefined) this.wakeAt((now - sweptAt >= SWEEP_MS ? now : sweptAt) + SWEEP_MS);
  }

  #of(key: string): readonly Kept[] {
    const now = Date.now();
    const kept = this.#unwritten.get(key) ?? this.rows.get<readonly Kept[]>(PREFIX + key) ?? [];
    return kept.filter((each) => each.until > now);
  }

  #put(key: string, kept: readonly Kept[]): void {
    if (this.#unwritten.size === 0) setTimeout(() => this.write(), WRITE_BEHIND_MS);
    this.#unwritten.set(key, kept);
  }
}
