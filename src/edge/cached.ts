/** A value from D1 in isolate memory: served as it is while fresh, then while a new one is fetched behind the call. */
import type { Clock } from '../gateway/ports';

const FRESH_MS = 10_000;
/** The first calls of an isolate wait this long together; a database that hangs holds up nobody after that. */
const FIRST_WAIT_MS = 300;
/** After a failure the next try comes soon, but not with each call. */
const RETRY_MS = 2_000;

export class Cached<T> {
  #value: { readonly it: T } | null = null;
  #nextAt = 0;
  #loading: Promise<void> | null = null;
  #loadingSince = 0;

  constructor(
    readonly load: () => Promise<T>,
    readonly clock: Clock,
    readonly waitUntil: (promise: Promise<unknown>) => void,
  ) {}

  /** The value in memory, without a wait; null where there is none yet. It is fetched behind, and a stale one refreshed. */
  peek(): T | null {
    if (this.clock.now() >= this.#nextAt) this.#refresh();
    return this.#value?.it ?? null;
  }

  /** Null as long as it could never be loaded. */
  async get(): Promise<T | null> {
    if (this.clock.now() >= this.#nextAt) this.#refresh();
    const leftMs = this.#loadingSince + FIRST_WAIT_MS - this.clock.now();
    if (this.#value === null && this.#loading !== null && leftMs > 0) {
      const loading = this.#loading;
      await new Promise<void>((resolve) => {
        const stop = this.clock.after(leftMs, resolve);
        void loading.then(() => {
          stop();
          resolve();
        });
      });
    }
    return this.#value?.it ?? null;
  }

  /** The next call sees what has just been changed in this isolate. */
  forget(): void {
    this.#nextAt = 0;
    this.#value = null;
  }

  /** It has changed, and nobody has to wait for that: the next call gets what there is, and what is new is fetched behind it. */
  expire(): void {
    this.#nextAt = 0;
  }

  #refresh(): void {
    this.#nextAt = this.clock.now() + FRESH_MS;
    this.#loadingSince = this.clock.now();
    this.#loading = this.load()
      .then((it) => {
        this.#value = { it };
      })
      .catch((error: unknown) => {
        this.#nextAt = this.clock.now() + RETRY_MS;
        console.error('not loaded:', String(error));
      });
    this.waitUntil(this.#loading);
  }
}
