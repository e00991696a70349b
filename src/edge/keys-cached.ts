/**
 * KeyStore in isolate memory over D1. An entry is served as it is for 10 s; from 10 to 15 s it is served while a new one is fetched;
 * older than that the call waits for D1, and gets the old entry only when D1 fails, for an hour at most. So a revoked key is dead
 * everywhere within 15 s, and D1 being down locks nobody out who was let in before.
 */
import { GatewayError } from '../gateway/errors';
import type { Clock, KeyEntry, KeyStore } from '../gateway/ports';
import type { StoredKey } from './d1/keys';
import { digestsEqual, type KeyDigester } from './vault';

const FRESH_MS = 10_000;
const SERVED_WHILE_REFRESHING_MS = 15_000;
const SERVED_WHILE_DOWN_MS = 3_600_000;
/** An unknown key is asked for again after this: a key just made must work at once, a flood of bad keys must not reach D1 each time. */
const UNKNOWN_MS = 2_000;
/** The one wait for D1 on the road of a request, when there is an old entry to fall back to. */
const REFRESH_WAIT_MS = 300;
/** Without one there is nothing to fall back to but an error. */
const FIRST_WAIT_MS = 3_000;
const ENTRIES_LIMIT = 10_000;
const RETRY_AFTER_SECONDS = 2;

interface Cached {
  readonly key: StoredKey | null;
  readonly at: number;
}

export class CachedKeyStore implements KeyStore {
  readonly #cache = new Map<string, Cached>();
  readonly #refreshing = new Set<string>();
  #adminDigest: string | null = null;

  constructor(
    readonly digester: KeyDigester,
    readonly lookUp: (digest: string) => Promise<StoredKey | null>,
    readonly clock: Clock,
    readonly waitUntil: (promise: Promise<unknown>) => void,
    readonly adminKey: string,
  ) {}

  async find(secret: string): Promise<KeyEntry | null> {
    const digest = await this.digester.digest(secret);
    this.#adminDigest ??= await this.digester.digest(this.adminKey);
    if (digestsEqual(digest, this.#adminDigest)) return { id: 'admin', name: 'admin', scopes: ['admin'], defaults: {} };
    const cached = this.#cache.get(digest);
    const ageMs = cached === undefined ? Number.POSITIVE_INFINITY : this.clock.now() - cached.at;
    if (cached?.key === null && ageMs < UNKNOWN_MS) return null;
    if (cached?.key != null && ageMs < FRESH_MS) return this.#verified(cached.key, digest);
    if (cached?.key != null && ageMs < SERVED_WHILE_REFRESHING_MS) {
      this.#refreshBehind(digest);
      return this.#verified(cached.key, digest);
    }
    const stale = cached?.key != null && ageMs < SERVED_WHILE_DOWN_MS ? cached.key : null;
    return this.#fetch(digest, stale);
  }

  async #fetch(digest: string, stale: StoredKey | null): Promise<KeyEntry | null> {
    try {
      const key = await this.#within(this.lookUp(digest), stale === null ? FIRST_WAIT_MS : REFRESH_WAIT_MS);
      this.#remember(digest, key);
      return key === null ? null : this.#verified(key, digest);
    } catch (cause) {
      if (stale !== null) return stale;
      throw new GatewayError('unavailable', 'The key cannot be checked: the database does not answer. The key may well be right; try again.', {
        cause,
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    }
  }

  #verified(key: StoredKey, digest: string): KeyEntry | null {
    return digestsEqual(key.digest, digest) ? key : null;
  }

  #refreshBehind(digest: string): void {
    if (this.#refreshing.has(digest)) return;
    this.#refreshing.add(digest);
    const refreshed = this.lookUp(digest)
      .then((key) => this.#remember(digest, key))
      .catch(() => {})
      .finally(() => this.#refreshing.delete(digest));
    this.waitUntil(refreshed);
  }

  #remember(digest: string, key: StoredKey | null): void {
    if (this.#cache.size >= ENTRIES_LIMIT) {
      const oldest = this.#cache.keys().next();
      if (oldest.done !== true) this.#cache.delete(oldest.value);
    }
    this.#cache.delete(digest);
    this.#cache.set(digest, { key, at: this.clock.now() });
  }

  #within<T>(promise: Promise<T>, ms: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = this.clock.after(ms, () => reject(new Error(`no answer within ${ms} ms`)));
      promise.then(resolve, reject).finally(stop);
    });
  }
}
